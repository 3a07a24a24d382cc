// What to type and where to write it, for each generation and each way to start a machine.

import { describe, expect, test } from 'vitest';
import { objectCost } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/plan.ts';
import { parseSysctlFile } from '../../../src/kernel/sysctl-file.ts';
import { durable, liveCommands } from '../../../src/present/remedies.ts';
import { type Changes, EVIDENCE, fault, NOTHING_CONFIGURED, observation, ok } from '../support/observation.ts';

/** A limit of 262144 and what goes with it. */
function planned(changes: Changes) {
  const found = observation({ evidence: EVIDENCE, ...changes });
  const [own] = found.tables;
  const plan = planFor(found, own, objectCost(found.machine, own, undefined), 262_144);
  if (!plan.ok) throw new Error(plan.fault.kind);
  return { found, plan: plan.value };
}

describe('now', () => {
  const HASHSIZE = 'echo 65536 > /sys/module/nf_conntrack/parameters/hashsize';
  const LIMIT = 'sysctl -w net.netfilter.nf_conntrack_max=262144';

  test.each<[string, Changes, readonly string[]]>([
    ['both, the buckets first', {}, [HASHSIZE, LIMIT]],
    ['there are as many buckets', { buckets: ok(65_536) }, [LIMIT]],
    ['there is one bucket fewer', { buckets: ok(65_535) }, [HASHSIZE, LIMIT]],
    ['buckets that are not known', { buckets: fault('denied') }, [HASHSIZE, LIMIT]],
    ['it is the limit already', { limit: 262_144 }, [HASHSIZE]],
    ['all of it is there', { limit: 262_144, buckets: ok(65_536) }, []],
  ])('%s', (_, changes, expected) => {
    const { found, plan } = planned(changes);
    expect(liveCommands(found, plan)).toEqual(expected);
  });
});

describe('for good', () => {
  const MODPROBE = '/etc/modprobe.d/nf_conntrack.conf | options nf_conntrack';
  const [QUARTER, EIGHTH] = [`${MODPROBE} hashsize=65536`, `${MODPROBE} hashsize=32768`];
  const SYSCTL = 'net.netfilter.nf_conntrack_max = 262144';
  const OWN_FILE = `/etc/sysctl.d/90-nf_conntrack.conf | ${SYSCTL}`;
  const MODULES = '/etc/modules-load.d/nf_conntrack.conf | nf_conntrack';
  const KUBE_PROXY = 'the flags of kube-proxy, which sets it when it starts | --conntrack-min=262144';
  const NO_SYSTEMD = { evidence: { ...EVIDENCE, systemd: false } };
  const OLD = { ...NO_SYSTEMD, release: ok({ major: 2, minor: 6 }) };
  const set = (atBoot: boolean): Changes => ({
    configuration: {
      ...NOTHING_CONFIGURED,
      sysctl: parseSysctlFile('net.netfilter.nf_conntrack_max = 5\n', '/etc/sysctl.d/00.conf', atBoot),
    },
  });

  test.each<[string, Changes, readonly string[]]>([
    ['systemd', {}, [QUARTER, OWN_FILE, MODULES]],
    ['a kernel that came with it', NO_SYSTEMD, [QUARTER, OWN_FILE, MODULES]],
    [
      'the first such kernel',
      { evidence: undefined, release: ok({ major: 3, minor: 10 }) },
      [EIGHTH, OWN_FILE, MODULES],
    ],
    ['systemd on an older kernel', { release: ok({ major: 3, minor: 9 }) }, [EIGHTH, OWN_FILE, MODULES]],
    ['CentOS 6', OLD, [EIGHTH, `/etc/sysctl.conf | ${SYSCTL}`]],
    ['not known', { ...NO_SYSTEMD, release: fault('denied') }, [EIGHTH, `/etc/sysctl.conf | ${SYSCTL}`]],
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
    ['a node of Kubernetes', { evidence: { ...EVIDENCE, kubernetes: true } }, [QUARTER, OWN_FILE, MODULES, KUBE_PROXY]],
    [
      'a node of Kubernetes, built in',
      { evidence: { ...EVIDENCE, kubernetes: true, builtIn: true } },
      ['the kernel command line | nf_conntrack.hashsize=65536', OWN_FILE, KUBE_PROXY],
    ],
    ['set already', set(true), [QUARTER, `/etc/sysctl.d/00.conf | ${SYSCTL}`, MODULES]],
    ['set where it is not read at boot', set(false), [QUARTER, OWN_FILE, MODULES]],
  ])('%s', (_, changes, expected) => {
    const { found, plan } = planned(changes);
    expect(durable(found, plan).map(({ where, lines }) => [where, ...lines].join(' | '))).toEqual(expected);
  });
});
