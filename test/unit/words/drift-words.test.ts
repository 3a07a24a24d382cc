// Text on a limit that differs from the configured one, and on each cause with its remedy.

import { describe, expect, test } from 'vitest';
import type { Cause } from '../../../src/evaluate/drift.ts';
import { parseModprobeFile } from '../../../src/kernel/settings/module-options.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import type { Configuration } from '../../../src/model/configuration.ts';
import { causeWords, driftDetails, evidenceWords } from '../../../src/words/drift-words.ts';
import { tableText } from '../../../src/words/line.ts';
import { evaluated } from '../support/checks.ts';
import { type Changes, EVIDENCE, fault, NOTHING_CONFIGURED, observation, ok } from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

const CONF = '/etc/sysctl.conf';
const HASHSIZE: Configuration = {
  ...NOTHING_CONFIGURED,
  hashsizes: parseModprobeFile('options nf_conntrack hashsize=500', '/etc/modprobe.d/x.conf').hashsizes,
};
const OLD_KEY: Configuration = {
  ...NOTHING_CONFIGURED,
  sysctl: parseSysctlFile('net.ipv4.ip_conntrack_max = 4001\n', CONF, true),
};

function details(changes: Changes): readonly string[] {
  return driftDetails(evaluated({ evidence: EVIDENCE, buckets: ok(1000), ...changes }));
}

describe('the long output', () => {
  const where = `${CONF} (net.netfilter.nf_conntrack_max`;

  test.each<[string, Changes, readonly string[]]>([
    ['nothing is configured', { configuration: NOTHING_CONFIGURED }, []],
    ['as configured', { configuration: wanted(1000) }, [`configured limit: 1000, ${where}=1000)`]],
    [
      'above the configured limit',
      { configuration: wanted(500) },
      [`configured limit: 500, ${where}=500): a reboot loses the live 1000 unless its source sets it again`],
    ],
    [
      'files that cannot be read',
      { configuration: { ...wanted(500), faults: [fault('denied', CONF).fault] } },
      [`configured limit not judged: cannot read ${CONF}: permission denied`],
    ],
    [
      'a namespace that may not be the initial one',
      { configuration: undefined, isInitial: undefined },
      ['configured limit not judged: not known whether this is the initial network namespace'],
    ],
    ['another namespace', { configuration: undefined, isInitial: false }, []],
  ])('%s', (_, changes, lines) => expect(details(changes)).toEqual(lines));

  test('below the configured limit, with each cause', () => {
    const [first, ...causes] = details({ configuration: wanted(4001) });
    expect(first).toBe(`configured limit: 4001, ${where}=4001)`);
    expect(causes).toEqual([
      expect.stringMatching(/^likely cause: the module is not loaded at boot/),
      // 500 buckets are too few for 4001 entries.
      expect.stringMatching(
        /^likely cause: .* options nf_conntrack hashsize=501 in \/etc\/modprobe\.d\/nf_conntrack\.conf; evidence: nf_conntrack as a module in \/proc\/modules, /,
      ),
    ]);
  });
});

test('the hashsize of a module is printed with the limit it gives', () => {
  expect(tableText(evaluated({ configuration: HASHSIZE }))).toMatch(
    /^limit is 1000 but \/etc\/modprobe\.d\/x\.conf sets hashsize=500, for 4096; /,
  );
});

test.each<[Cause, Configuration, string]>([
  ['unknown key', OLD_KEY, 'this kernel has no net.ipv4.ip_conntrack_max; use net.netfilter.nf_conntrack_max'],
  ['not read at boot', wanted(4000), `systemd does not read ${CONF} at boot here; ln -s`],
  ['iptables unloads', wanted(4000), 'set IPTABLES_MODULES_UNLOAD="no" in /etc/sysconfig/iptables-config'],
  ['kube-proxy', wanted(4000), '--conntrack-max-per-core and --conntrack-min'],
  [
    'set since',
    wanted(4000),
    'loading the module with these buckets would not set 1000: sysctl -w, a script or another program has set it',
  ],
  ['built in', HASHSIZE, 'put nf_conntrack.hashsize=500 on its command line'],
  ['loaded after sysctl', wanted(4000), 'echo nf_conntrack >/etc/modules-load.d/nf_conntrack.conf'],
])('the remedy of %s', (cause, configuration, words) => {
  const { drift, observation } = evaluated({ configuration, evidence: EVIDENCE });
  if (drift === undefined) throw new Error('none');
  expect(causeWords(cause, drift, observation)).toContain(words);
});

const TWO_LINES: Configuration = {
  ...NOTHING_CONFIGURED,
  sysctl: [...wanted(1000).sysctl, ...wanted(4000).sysctl],
};
const MODULE = 'nf_conntrack';
const EVIDENCE_OF: Readonly<Record<Cause, readonly [string, Changes]>> = {
  'unknown key': [`this kernel has ${MODULE}, and no file has a key of its limit`, { configuration: OLD_KEY }],
  'not read at boot': ['systemd, and no link to the file in the folders of sysctl.d', {}],
  'pve-firewall': [
    '/etc/pve, and the limit that pve-firewall sets',
    { evidence: { ...EVIDENCE, kind: 'proxmox', mark: '/etc/pve' } },
  ],
  'iptables unloads': ['/etc/sysconfig/iptables-config does not say "no"', {}],
  'kube-proxy': [
    '/var/lib/kubelet, and a limit that kube-proxy sets, or a quarter of the limit as buckets',
    { evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet' } },
  ],
  'stopped half way': [`1000 in an earlier line, in ${CONF}`, { configuration: TWO_LINES }],
  'quarter buckets': ['the live limit and buckets', {}],
  'set since': ['the live limit and buckets', {}],
  'built in': [
    `${MODULE} as built in, by modules.builtin`,
    { evidence: { ...EVIDENCE, builtIn: true, modulesFile: 'modules.builtin' } },
  ],
  'rule without effect': [
    '/etc/udev/rules.d/9.rules',
    { evidence: { ...EVIDENCE, udevRule: '/etc/udev/rules.d/9.rules' } },
  ],
  'loaded after sysctl': [
    `/etc/modules, modules-load.d and the like have no line that loads ${MODULE} or a module that needs it`,
    {},
  ],
  'no hashsize': [`${MODULE} as a module in /proc/modules, no hashsize and a limit that a load gives`, {}],
};

const CAUSES = Object.keys(EVIDENCE_OF).filter((name): name is Cause => name in EVIDENCE_OF);

test.each(CAUSES)('the evidence for %s', (cause) => {
  const [words, changes] = EVIDENCE_OF[cause];
  const { drift, observation: found } = evaluated({
    configuration: wanted(4000),
    evidence: EVIDENCE,
    buckets: ok(1000),
    ...changes,
  });
  if (drift === undefined) throw new Error('none');
  expect(evidenceWords(cause, drift, found)).toBe(`evidence: ${words}`);
});

describe('evidence that could not be read', () => {
  const unseen = (changes: Changes) => details({ configuration: wanted(4001), ...changes }).slice(-1);

  test('places missing from a tree', () => {
    const evidence = { ...EVIDENCE, builtIn: undefined, unseen: ['init system', 'udev rules'] } as const;
    expect(unseen({ evidence, view: 'captured' })).toEqual([
      'not checked, because the tree does not have them: loaded modules, init system, udev rules',
    ]);
  });

  test('an unreadable list of modules', () => {
    expect(unseen({ evidence: { ...EVIDENCE, builtIn: undefined }, view: 'own' })).toEqual([
      'not checked, because they cannot be read: loaded modules',
    ]);
  });

  test('module options missing from the tree are not reported as absent', () => {
    const evidence = { ...EVIDENCE, unseen: ['module options'] } as const;
    expect(details({ configuration: wanted(4001), evidence })[2]).toMatch(
      /; evidence: nf_conntrack as a module in \/proc\/modules and a limit that a load gives$/,
    );
  });

  test('a limit that cannot be compared with a load is no evidence', () => {
    const [, , last] = details({ configuration: wanted(4001), buckets: fault('denied', '/b') });
    expect(last).toMatch(/; evidence: nf_conntrack as a module in \/proc\/modules and no hashsize$/);
  });
});

test('each generation has its own key and file', () => {
  const { drift } = evaluated({ configuration: wanted(4000) });
  const old = observation({ generation: 'ip_conntrack' });
  if (drift === undefined) throw new Error('none');
  expect(causeWords('unknown key', drift, old)).toMatch(/; use net\.ipv4\.netfilter\.ip_conntrack_max$/);
  expect(causeWords('no hashsize', drift, old)).toMatch(/ options ip_conntrack hashsize=500 in \/etc\/modprobe\.conf$/);
});
