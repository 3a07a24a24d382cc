// Commands and lines for files, per kernel generation and init system.

import { describe, expect, test } from 'vitest';
import { objectCostOf } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/sizing.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import type { HashsizeOption } from '../../../src/model/configuration.ts';
import { placeWords } from '../../../src/words/edit-words.ts';
import { durable, liveCommands } from '../../../src/words/remedies.ts';
import { type Changes, EVIDENCE, fault, GIB, NOTHING_CONFIGURED, observation, ok } from '../support/observation.ts';

const NEW_FILE = '/etc/modprobe.d/nf_conntrack.conf | options nf_conntrack hashsize=65536';

/** Returns an observation, and the plan for a limit of 262144. */
function planned(changes: Changes) {
  const found = observation({ evidence: EVIDENCE, ...changes });
  const [own] = found.tables;
  const plan = planFor(found, own, objectCostOf(found.machine, own, undefined), 262_144);
  if (!plan.ok) throw new Error(plan.fault.kind);
  return { found, plan: plan.value };
}

describe('live commands', () => {
  const HASHSIZE = 'echo 65536 > /sys/module/nf_conntrack/parameters/hashsize';
  const LIMIT = 'sysctl -w net.netfilter.nf_conntrack_max=262144';

  test.each<[string, Changes, readonly string[]]>([
    ['both, the buckets first', {}, [HASHSIZE, LIMIT]],
    ['enough buckets', { buckets: ok(65_536) }, [LIMIT]],
    ['one bucket too few', { buckets: ok(65_535) }, [HASHSIZE, LIMIT]],
    ['unknown buckets', { buckets: fault('denied') }, [HASHSIZE, LIMIT]],
    ['the limit is already set', { limit: 262_144 }, [HASHSIZE]],
    ['both are already set', { limit: 262_144, buckets: ok(65_536) }, []],
  ])('%s', (_, changes, expected) => {
    const { found, plan } = planned(changes);
    expect(liveCommands(found, plan)).toEqual(expected);
  });
});

describe('lines for files', () => {
  const MODPROBE = '/etc/modprobe.d/nf_conntrack.conf | options nf_conntrack';
  const [QUARTER, EIGHTH] = [`${MODPROBE} hashsize=65536`, `${MODPROBE} hashsize=32768`];
  const SYSCTL = 'net.netfilter.nf_conntrack_max = 262144';
  const OWN_FILE = `/etc/sysctl.d/90-nf_conntrack.conf | ${SYSCTL}`;
  const MODULES = '/etc/modules-load.d/nf_conntrack.conf | nf_conntrack';
  const KUBE_PROXY = 'the flags of kube-proxy, which sets it when it starts | --conntrack-min=262144';
  const NO_SYSTEMD = { evidence: { ...EVIDENCE, kind: 'other' } as const };
  const OLD = { ...NO_SYSTEMD, release: ok({ major: 2, minor: 6 }) };
  const set = (atBoot: boolean): Changes => ({
    configuration: {
      ...NOTHING_CONFIGURED,
      sysctl: parseSysctlFile('net.netfilter.nf_conntrack_max = 5\n', '/etc/sysctl.d/00.conf', atBoot),
    },
  });

  test.each<[string, Changes, readonly string[]]>([
    ['systemd', {}, [QUARTER, OWN_FILE, MODULES]],
    [
      'a tree with a kernel of the age of systemd',
      { evidence: { ...EVIDENCE, kind: 'other', unseen: ['udev rules'] } },
      [QUARTER, OWN_FILE, MODULES],
    ],
    ['a machine without systemd', NO_SYSTEMD, [QUARTER, `/etc/sysctl.conf | ${SYSCTL}`]],
    [
      'the first kernel of that age',
      { evidence: undefined, release: ok({ major: 3, minor: 10 }) },
      [EIGHTH, OWN_FILE, MODULES],
    ],
    ['systemd on an older kernel', { release: ok({ major: 3, minor: 9 }) }, [EIGHTH, OWN_FILE, MODULES]],
    ['CentOS 6', OLD, [EIGHTH, `/etc/sysctl.conf | ${SYSCTL}`]],
    ['unknown release', { ...NO_SYSTEMD, release: fault('denied') }, [EIGHTH, `/etc/sysctl.conf | ${SYSCTL}`]],
    [
      'CentOS 5',
      { ...OLD, generation: 'ip_conntrack' },
      [
        '/etc/modprobe.conf | options ip_conntrack hashsize=32768',
        '/etc/sysctl.conf | net.ipv4.netfilter.ip_conntrack_max = 262144',
        '/etc/sysconfig/iptables-config | IPTABLES_MODULES_UNLOAD="no"',
      ],
    ],
    [
      'built in',
      { evidence: { ...EVIDENCE, builtIn: true } },
      ['the kernel command line | nf_conntrack.hashsize=65536', OWN_FILE],
    ],
    [
      'a Kubernetes node',
      { evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet' } },
      [QUARTER, OWN_FILE, MODULES, KUBE_PROXY],
    ],
    [
      'a Kubernetes node, built in',
      { evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet', builtIn: true } },
      ['the kernel command line | nf_conntrack.hashsize=65536', OWN_FILE, KUBE_PROXY],
    ],
    [
      'a default load gives the limit and the buckets',
      { memTotal: ok(8 * GIB), buckets: ok(262_144) },
      [OWN_FILE, MODULES],
    ],
    ['a default load would, but fewer buckets are set', { memTotal: ok(8 * GIB) }, [QUARTER, OWN_FILE, MODULES]],
    [
      'a default load gives only the buckets',
      { memTotal: ok(4 * GIB), buckets: ok(65_536) },
      [QUARTER, OWN_FILE, MODULES],
    ],
    [
      'built in, and the default gives enough buckets',
      { memTotal: ok(8 * GIB), buckets: ok(262_144), evidence: { ...EVIDENCE, builtIn: true } },
      [OWN_FILE],
    ],
    ['already set', set(true), [QUARTER, `/etc/sysctl.d/00.conf | ${SYSCTL}`, MODULES]],
    ['set in a file that is not read at boot', set(false), [QUARTER, OWN_FILE, MODULES]],
  ])('%s', (_, changes, expected) => {
    const { found, plan } = planned(changes);
    expect(durable(found, plan).map(({ where, lines }) => [where, ...lines].join(' | '))).toEqual(expected);
  });
});

describe('a configured hashsize is changed in one place, and no second one is added', () => {
  const option = (path: string, value: number): HashsizeOption => {
    const key = path === '/proc/cmdline' ? 'nf_conntrack.hashsize' : 'hashsize';
    return { path, module: 'nf_conntrack', key, value };
  };
  const [A, Z] = ['/etc/modprobe.d/a.conf', '/etc/modprobe.d/zz-firewall.conf'];

  test.each<[string, readonly HashsizeOption[], readonly string[], boolean?]>([
    ['one file', [option(A, 4096)], [`${A}, in place of hashsize=4096 | options nf_conntrack hashsize=65536`]],
    ['one file with that value', [option(A, 65_536)], []],
    [
      'a later file overrides it',
      [option(A, 65_536), option(Z, 4096)],
      [`${Z}, in place of hashsize=4096 | options nf_conntrack hashsize=65536`, `${A}: remove hashsize=65536`],
    ],
    [
      'the kernel command line comes last',
      [option(A, 65_536), option('/proc/cmdline', 4096)],
      [
        'the kernel command line, in place of nf_conntrack.hashsize=4096 | nf_conntrack.hashsize=65536',
        `${A}: remove hashsize=65536`,
      ],
    ],
    ['built in: files do nothing', [option(A, 4096)], ['the kernel command line | nf_conntrack.hashsize=65536'], true],
    ['a hashsize of another module', [{ ...option(A, 4096), module: 'ip_conntrack' }], [NEW_FILE]],
  ])('%s', (_, hashsizes, expected, builtIn = false) => {
    const configuration = { ...NOTHING_CONFIGURED, hashsizes };
    const { found, plan } = planned({ configuration, evidence: { ...EVIDENCE, builtIn } });
    const ofBuckets = durable(found, plan).filter((file) => !/sysctl|modules-load/.test(file.where));
    expect(ofBuckets.map((file) => [placeWords(file), ...file.lines].join(' | '))).toEqual(expected);
  });
});
