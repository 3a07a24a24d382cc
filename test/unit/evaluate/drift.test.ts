// The live limit compared with the configured one, and the evidence for each cause.

import { describe, expect, test } from 'vitest';
import { type Cause, driftOf, likelyCauses } from '../../../src/evaluate/drift.ts';
import { parseModprobeFile } from '../../../src/kernel/settings/module-options.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import type { Configuration } from '../../../src/model/configuration.ts';
import {
  type Changes,
  counted,
  EVIDENCE,
  fault,
  GIB,
  NOTHING_CONFIGURED,
  observation,
  ok,
} from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

const CONF = '/etc/sysctl.conf';

function hashsize(text: string): Configuration {
  return { ...NOTHING_CONFIGURED, hashsizes: parseModprobeFile(text, '/etc/modprobe.d/x.conf').hashsizes };
}

describe('drift', () => {
  test.each<[string, Changes, 'below' | 'above' | 'same' | undefined]>([
    ['below', { configuration: wanted(1001) }, 'below'],
    ['as it is wanted', { configuration: wanted(1000) }, 'same'],
    ['above', { configuration: wanted(999) }, 'above'],
    ['nobody asked', {}, undefined],
    ['nothing is configured', { configuration: NOTHING_CONFIGURED }, undefined],
    [
      'a file that may say otherwise cannot be read',
      { configuration: { ...wanted(4000), faults: [{ kind: 'denied', source: CONF }] } },
      undefined,
    ],
    ['no limit is set', { configuration: wanted(4000), limit: 0 }, undefined],
    [
      'a hashsize that does not fill whole pages, before 4.7',
      {
        configuration: hashsize('options nf_conntrack hashsize=37500'),
        release: ok({ major: 4, minor: 4 }),
        limit: 300_000,
      },
      'same',
    ],
    [
      'the same from 4.7 on',
      {
        configuration: hashsize('options nf_conntrack hashsize=37500'),
        release: ok({ major: 4, minor: 18 }),
        limit: 300_000,
      },
      'below',
    ],
    ['not the namespace that it is for', { configuration: wanted(4000), isInitial: false }, undefined],
  ])('%s', (_, changes, kind) => expect(driftOf(observation(changes))?.kind).toBe(kind));

  test('both limits, and where the other one is written', () => {
    expect(driftOf(observation({ configuration: wanted(4000) }))).toMatchObject({
      live: 1000,
      wanted: { limit: 4000, path: CONF },
    });
  });
});

describe('the likely cause', () => {
  const UNKNOWN_KEY = {
    ...NOTHING_CONFIGURED,
    sysctl: parseSysctlFile('net.ipv4.netfilter.ip_conntrack_max = 400000\n', CONF, true),
  };
  const NOT_AT_BOOT = {
    ...NOTHING_CONFIGURED,
    sysctl: parseSysctlFile('net.netfilter.nf_conntrack_max = 400000\n', CONF, false),
  };
  const BOTH = { ...wanted(400_000), hashsizes: hashsize('options nf_conntrack hashsize=512').hashsizes };
  const LOADED = { evidence: { ...EVIDENCE, loader: { path: '/etc/modules', module: 'nf_conntrack' } } };
  const OLD = { generation: 'ip_conntrack', release: ok({ major: 2, minor: 6 }) } as const;
  const OLD_SYSCTL = {
    ...NOTHING_CONFIGURED,
    sysctl: parseSysctlFile('net.ipv4.netfilter.ip_conntrack_max = 400000\n', CONF, true),
  };
  const PROXMOX = {
    evidence: { ...EVIDENCE, kind: 'proxmox' },
    buckets: ok(131_072),
    configuration: wanted(1_000_000),
  } as const;
  const UNLOADS = { evidence: { ...EVIDENCE, iptablesUnloads: true } };
  const LOADED_WITH = hashsize('options nf_conntrack hashsize=50000');
  // Buckets that no load makes such a limit of.
  const kube = (limit: number, cpus: number | undefined, changes: Changes = {}): Changes => ({
    limit,
    buckets: ok(999_999),
    configuration: wanted(4_000_000),
    evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet', cpus },
    ...changes,
  });

  test.each<[string, Changes, readonly Cause[]]>([
    ['nothing is wrong', { configuration: wanted(1000) }, []],
    ['nobody looked for one', { evidence: undefined }, []],
    ['a key of the other generation', { configuration: UNKNOWN_KEY }, ['unknown key']],
    ['a file that is not read at boot', { configuration: NOT_AT_BOOT }, ['not read at boot']],
    ['the module came late, and has no hashsize', {}, ['loaded after sysctl', 'no hashsize']],
    ['the module is loaded at boot', LOADED, ['no hashsize']],
    ['sysctl is run again with it', { configuration: { ...wanted(400_000), reapplied: true } }, ['no hashsize']],
    ['it has a hashsize that is too small', { configuration: BOTH }, ['loaded after sysctl']],
    [
      'the hashsize of another module does not count',
      {
        configuration: { ...BOTH, hashsizes: BOTH.hashsizes.map((option) => ({ ...option, module: 'ip_conntrack' })) },
      },
      ['loaded after sysctl', 'no hashsize'],
    ],
    [
      'the kernel command line has a say only where it is built in',
      {
        configuration: { ...BOTH, hashsizes: BOTH.hashsizes.map((one) => ({ ...one, key: 'nf_conntrack.hashsize' })) },
      },
      ['loaded after sysctl', 'no hashsize'],
    ],
    [
      'a load below 1 GB before 4.7: four times the figure before rounding (2.6.32, booted)',
      { release: ok({ major: 2, minor: 6 }), limit: 15_976, buckets: ok(4096) },
      ['loaded after sysctl', 'no hashsize'],
    ],
    [
      'the same limit from 4.7 on, which no load gives',
      { release: ok({ major: 5, minor: 4 }), limit: 15_976, buckets: ok(4096) },
      ['quarter buckets'],
    ],
    [
      'one of two hashsizes',
      {
        configuration: {
          ...BOTH,
          hashsizes: [...hashsize('options ip_conntrack hashsize=9').hashsizes, ...BOTH.hashsizes],
        },
      },
      ['loaded after sysctl'],
    ],
    ['built in, so that nothing is loaded', { evidence: { ...EVIDENCE, builtIn: true } }, []],
    ['not known whether it is built in', { evidence: { ...EVIDENCE, builtIn: undefined } }, []],
    [
      'CentOS 5: iptables unloads it',
      { ...OLD, ...UNLOADS, configuration: OLD_SYSCTL },
      ['iptables unloads', 'no hashsize'],
    ],
    ['CentOS 5: iptables does not', { ...OLD, configuration: OLD_SYSCTL }, ['no hashsize']],
    ['iptables unloads newer modules too, to no harm', { ...UNLOADS }, ['loaded after sysctl', 'no hashsize']],
    ['hashsize alone, of a module', { configuration: LOADED_WITH }, []],
    [
      'hashsize alone, built in',
      { configuration: LOADED_WITH, evidence: { ...EVIDENCE, builtIn: true } },
      ['built in'],
    ],
    [
      'hashsize alone, built in, where the command line has it',
      {
        configuration: {
          ...LOADED_WITH,
          hashsizes: LOADED_WITH.hashsizes.map((one) => ({ ...one, key: 'nf_conntrack.hashsize' })),
        },
        evidence: { ...EVIDENCE, builtIn: true },
      },
      [],
    ],
    [
      'hashsize alone, not known whether it is built in',
      { configuration: LOADED_WITH, evidence: { ...EVIDENCE, builtIn: undefined } },
      [],
    ],
    [
      'CentOS 5: hashsize alone, and iptables unloads it',
      { ...OLD, ...UNLOADS, configuration: hashsize('options ip_conntrack hashsize=50000') },
      ['iptables unloads'],
    ],
    ['one entry more than a load gives', { buckets: ok(999) }, ['set since']],
    ['what eight times the buckets are', { buckets: ok(125) }, ['loaded after sysctl', 'no hashsize']],
    ['what four times the buckets are', { buckets: ok(250) }, ['loaded after sysctl', 'no hashsize']],
    ['what twice the buckets are', { buckets: ok(500) }, ['set since']],
    [
      'four times the buckets, where the option that it was loaded with gives eight',
      { limit: 2048, buckets: ok(512), configuration: BOTH },
      ['quarter buckets'],
    ],
    [
      'eight times, as that option gives',
      { limit: 4096, buckets: ok(512), configuration: BOTH },
      ['loaded after sysctl'],
    ],
    [
      'what that option gives, and buckets that were changed since',
      { limit: 4096, buckets: ok(999), configuration: BOTH },
      ['loaded after sysctl'],
    ],
    [
      'four times, and another option',
      { limit: 4096, buckets: ok(1024), configuration: BOTH },
      ['loaded after sysctl'],
    ],
    ['not known how many buckets there are', { buckets: fault('denied') }, ['loaded after sysctl', 'no hashsize']],
    [
      'the default, and buckets that were changed since',
      { limit: 65_536, memTotal: ok(2 * GIB), buckets: ok(131_072) },
      ['loaded after sysctl', 'no hashsize'],
    ],
    [
      'built in, and not what a boot gives',
      { buckets: ok(500), configuration: LOADED_WITH, evidence: { ...EVIDENCE, builtIn: true } },
      ['set since'],
    ],
    [
      'CentOS 5, and not what a load gives',
      { ...OLD, ...UNLOADS, buckets: ok(500), configuration: OLD_SYSCTL },
      ['set since'],
    ],
    [
      'a udev rule runs sysctl with it',
      { evidence: { ...EVIDENCE, udevRule: '/x' } },
      ['rule without effect', 'no hashsize'],
    ],
    [
      'a tree without the folders that load modules',
      { evidence: { ...EVIDENCE, unseen: ['modules loaded at boot'] } },
      ['no hashsize'],
    ],
    ['a tree without the rules of udev', { evidence: { ...EVIDENCE, unseen: ['udev rules'] } }, ['no hashsize']],
    [
      'EL6: iptables unloads it',
      { ...UNLOADS, release: ok({ major: 2, minor: 6 }) },
      ['iptables unloads', 'loaded after sysctl', 'no hashsize'],
    ],
    ['Proxmox VE: its firewall', { ...PROXMOX, limit: 262_144 }, ['pve-firewall']],
    ['Proxmox VE, and another limit than its firewall sets', { ...PROXMOX, limit: 262_143 }, ['set since']],
    [
      'an earlier line of the files sets the live limit',
      {
        limit: 1003,
        configuration: {
          ...NOTHING_CONFIGURED,
          reader: 'busybox',
          sysctl: [...wanted(1003).sysctl, ...wanted(400_000).sysctl],
        },
      },
      ['stopped half way'],
    ],
    [
      'a quarter of the limit as buckets on a node of Kubernetes',
      kube(655_350, undefined, { buckets: ok(164_352) }),
      ['kube-proxy'],
    ],
    [
      'the same where no kubelet is seen',
      kube(655_350, undefined, { buckets: ok(164_352), evidence: EVIDENCE }),
      ['quarter buckets'],
    ],
    ["kube-proxy's minimum", kube(131_072, 1), ['kube-proxy']],
    ["kube-proxy's minimum holds for four cores", kube(131_072, 4), ['kube-proxy']],
    ['32768 for each core', kube(32_768 * 5, 5), ['kube-proxy']],
    ['as many as of fewer cores', kube(32_768 * 5, 6), ['set since']],
    ['less than its minimum', kube(65_535, 2), ['set since']],
    ['more cores than newer releases count', kube(1_048_576, 64), ['kube-proxy']],
    ['all of them, of older releases', kube(32_768 * 64, 64), ['kube-proxy']],
    ['buckets of its own', kube(131_072, 1, { buckets: ok(32_768) }), ['kube-proxy']],
    ['fewer buckets than it leaves', kube(131_072, 1, { buckets: ok(30_000) }), ['set since']],
    ['buckets not known', kube(131_072, 1, { buckets: fault('denied') }), ['kube-proxy']],
    ['no node of Kubernetes', kube(131_072, 1, { evidence: EVIDENCE }), ['set since']],
    ['cores not known', kube(131_072, undefined), ['set since']],
  ])('%s', (_, changes, causes) => {
    const found = observation({
      configuration: wanted(400_000),
      evidence: EVIDENCE,
      statistics: counted(),
      buckets: ok(1000),
      ...changes,
    });
    expect(likelyCauses(found, driftOf(found))).toEqual(causes);
  });
});
