// Machines from public bug reports, as small trees: what sets the limit, and what makes it last.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plugin } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

type Files = Readonly<Record<string, string>>;

const MODULES = 'nf_conntrack 139264 4 xt_conntrack,nf_nat, Live 0x0000000000000000\n';
const KEY = 'net.netfilter.nf_conntrack_max';
/** AT_PAGESZ of a 32-bit machine of the other byte order. */
const MIPS = '\0\0\0\x10\0\0\0\0\0\0\0\x06\0\0\x10\0\0\0\0\x11\0\0\0\x64\0\0\0\0\0\0\0\0';

interface Machine {
  readonly release: string;
  readonly limit: number;
  readonly buckets: number;
  /** In KiB. */
  readonly memory?: number;
  readonly files: Files;
}

function machine({ release, limit, buckets, memory = 8_000_000, files }: Machine): string {
  const root = scratch();
  const all: Files = {
    'proc/meminfo': `MemTotal: ${memory} kB\nMemAvailable: ${Math.floor(0.6 * memory)} kB\n`,
    'proc/sys/kernel/osrelease': `${release}\n`,
    'proc/sys/net/netfilter/nf_conntrack_buckets': `${buckets}\n`,
    'proc/sys/net/netfilter/nf_conntrack_count': '900\n',
    'proc/sys/net/netfilter/nf_conntrack_max': `${limit}\n`,
    'proc/sys/net/nf_conntrack_max': `${limit}\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, 'latin1');
  }
  return root;
}

const OPENWRT_5_4: Machine = {
  release: '5.4.188',
  limit: 4096,
  buckets: 1024,
  memory: 120_000,
  files: {
    'etc/openwrt_release': "DISTRIB_ID='OpenWrt'\n",
    'etc/modules.d/nf-conntrack': 'nf_conntrack\nnf_conntrack_rtcache\n',
    'etc/sysctl.d/11-nf-conntrack.conf': `${KEY}=16384\n`,
    'proc/modules': MODULES,
    'proc/self/auxv': MIPS,
  },
};
const PROXMOX: Machine = {
  release: '6.8.12-4-pve',
  limit: 262_144,
  buckets: 65_536,
  memory: 65_000_000,
  files: {
    'etc/pve/local/host.fw': '[OPTIONS]\n\nenable: 1\n',
    'etc/sysctl.d/99-conntrack.conf': `${KEY} = 1048576\n`,
    'usr/lib/sysctl.d/pve-firewall.conf': 'net.bridge.bridge-nf-call-iptables = 1\n',
    'proc/modules': MODULES,
  },
};
const EL6: Machine = {
  release: '2.6.32-754.el6.x86_64',
  limit: 65_536,
  buckets: 16_384,
  files: { 'etc/redhat-release': 'CentOS release 6.10 (Final)\n', 'proc/modules': MODULES },
};

/** Words that the check prints with -v, and words that it does not. */
interface Answer {
  readonly status: number;
  readonly prints: readonly (string | RegExp)[];
  readonly not?: readonly string[];
}

const CASES: readonly (readonly [string, Machine, Answer])[] = [
  [
    'OpenWrt on a 32-bit machine: pointers of 4 bytes, and its own files',
    OPENWRT_5_4,
    {
      status: 1,
      prints: [
        'hash table: 4.0 KiB,',
        'nf_conntrack hashsize=2048 in /etc/modules.d/nf-conntrack',
        'loaded at boot: /etc/modules.d/nf-conntrack names nf_conntrack\n',
      ],
      not: ['modprobe.d', 'modules-load.d', 'not loaded at boot'],
    },
  ],
  [
    'an install line sets it at each load',
    {
      release: '4.4.0-1075-aws',
      limit: 655_360,
      buckets: 163_840,
      files: {
        'etc/modprobe.d/conntrack.conf': `install nf_conntrack /sbin/modprobe --ignore-install nf_conntrack; sysctl -w ${KEY}=655360\noptions nf_conntrack hashsize=163840\n`,
        'proc/modules': MODULES,
      },
    },
    { status: 0, prints: ['configured limit: 655360, /etc/modprobe.d/conntrack.conf'] },
  ],
  [
    'a udev rule runs sysctl at each load',
    {
      release: '4.19.0-27-amd64',
      limit: 65_536,
      buckets: 16_384,
      memory: 2_040_000,
      files: {
        'etc/udev/rules.d/50-nf_conntrack.rules':
          'ACTION=="add", SUBSYSTEM=="module", KERNEL=="nf_conntrack", \\\n  RUN+="/usr/lib/systemd/systemd-sysctl --prefix=/net/netfilter"\n',
        'etc/sysctl.d/99-conntrack.conf': `${KEY} = 1048576\n`,
        'proc/modules': MODULES,
      },
    },
    {
      status: 1,
      prints: ['the udev rule in /etc/udev/rules.d/50-nf_conntrack.rules runs sysctl', 'had no effect'],
      not: ['not loaded at boot'],
    },
  ],
  [
    'a module that needs it is loaded at boot',
    {
      release: '3.10.0-957.el7.x86_64',
      limit: 262_144,
      buckets: 65_536,
      files: {
        'etc/modules-load.d/k8s.conf': 'br_netfilter\nnf_conntrack_ipv4\n',
        'etc/sysctl.d/k8s.conf': `${KEY} = 1048576\n`,
        'etc/udev/rules.d/x.rules': '',
        'proc/modules': MODULES,
      },
    },
    {
      status: 1,
      prints: ['loaded at boot: /etc/modules-load.d/k8s.conf names nf_conntrack_ipv4\n'],
      not: ['not loaded at boot'],
    },
  ],
  [
    'a value that the kernel refuses',
    { ...EL6, files: { ...EL6.files, 'etc/sysctl.conf': `${KEY}=655360/n\n` } },
    {
      status: 0,
      prints: [`no effect: /etc/sysctl.conf sets ${KEY} to what the kernel refuses (not a number, 8 bytes)\n`],
    },
  ],
  [
    'an option that the module does not have',
    {
      release: '6.1.0-28-amd64',
      limit: 262_144,
      buckets: 262_144,
      files: {
        'etc/modprobe.d/nf_conntrack.conf': 'options nf_conntrack nf_conntrack_max=1000000\n',
        'proc/modules': MODULES,
      },
    },
    {
      status: 0,
      prints: [
        'no effect: /etc/modprobe.d/nf_conntrack.conf gives nf_conntrack the option nf_conntrack_max, which it does not have\n',
      ],
    },
  ],
  [
    'Proxmox VE: its firewall sets it',
    PROXMOX,
    {
      status: 1,
      prints: ['likely cause: pve-firewall sets it', 'nf_conntrack_max: 1048576 under', 'evidence: /etc/pve,'],
      not: ['modules-load.d', 'modprobe.d'],
    },
  ],
  [
    'Proxmox VE with its module loaded at boot and a hashsize',
    {
      ...PROXMOX,
      files: {
        ...PROXMOX.files,
        'etc/modules-load.d/nf.conf': 'nf_conntrack\n',
        'etc/modprobe.d/nf_conntrack.conf': 'options nf_conntrack hashsize=262144\n',
      },
    },
    { status: 1, prints: ['likely cause: pve-firewall sets it'] },
  ],
  [
    'Proxmox VE after the remedy',
    {
      ...PROXMOX,
      limit: 1_048_576,
      files: { ...PROXMOX.files, 'etc/pve/local/host.fw': '[OPTIONS]\nnf_conntrack_max: 1048576\n' },
    },
    { status: 0, prints: ['configured limit: 1048576, /etc/pve/local/host.fw (nf_conntrack_max=1048576)\n'] },
  ],
  [
    'an OpenVZ host has two limits',
    {
      release: '2.6.32-042stab145.3',
      limit: 65_536,
      buckets: 16_384,
      files: {
        'etc/sysctl.conf': 'net.nf_conntrack_max = 500000\n',
        'proc/sys/net/nf_conntrack_max': '500000\n',
        'proc/modules': MODULES,
      },
    },
    { status: 0, prints: [], not: ['likely cause', 'sets 500000'] },
  ],
  [
    'kube-proxy with flags of its own, whose kubelet the tree does not show',
    {
      release: '4.18.0-553.el8_10.x86_64',
      limit: 655_350,
      buckets: 164_352,
      files: { 'etc/sysctl.d/99-k8s.conf': `${KEY}=1048576\n`, 'proc/modules': MODULES },
    },
    {
      status: 1,
      prints: ['or a similar program has set ', /not checked, .*kubelet/],
    },
  ],
  [
    'EL6: iptables unloads the module',
    {
      ...EL6,
      files: {
        ...EL6.files,
        'etc/sysconfig/iptables-config': 'IPTABLES_MODULES_UNLOAD="yes"\n#IPTABLES_SYSCTL_LOAD_LIST=".nf_conntrack"\n',
        'etc/sysctl.conf': 'net.nf_conntrack_max = 327520\n',
      },
    },
    {
      status: 1,
      prints: ['service iptables restart unloads the module', 'IPTABLES_SYSCTL_LOAD_LIST=".nf_conntrack"'],
      not: ['modules-load.d'],
    },
  ],
  [
    'sysctl stopped half way',
    {
      release: '6.6.21',
      limit: 65_535,
      buckets: 65_536,
      files: {
        'etc/openwrt_release': "DISTRIB_ID='OpenWrt'\n",
        'etc/sysctl.d/11-nf-conntrack.conf': `${KEY}=65535\n`,
        'etc/sysctl.conf': `net.core.default_qdisc=fq\n${KEY}=4194304\n`,
        'proc/modules': MODULES,
      },
    },
    {
      status: 1,
      prints: [
        '/etc/sysctl.d/11-nf-conntrack.conf sets 65535, and /etc/sysctl.conf after it was not applied to its end',
      ],
    },
  ],
];

test.each(CASES)('%s', (_, given, { status, prints, not = [] }) => {
  const answer = plugin('--root', machine(given), '-v');
  expect(answer).toMatchObject({ status, stderr: '' });
  for (const words of prints) expect(answer.stdout).toMatch(words);
  for (const words of not) expect(answer.stdout).not.toContain(words);
});

describe('commands that make a limit permanent', () => {
  const lasting = (given: Machine, max: number) => {
    const answer = plugin('plan', '--max', String(max), '--root', machine(given));
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    const [, files = ''] = /\nTo make it permanent\n((?: {2}.*\n)*)/.exec(answer.stdout) ?? [];
    return files;
  };

  test('OpenWrt', () => {
    expect(lasting(OPENWRT_5_4, 32_768)).toBe(
      `  /etc/modules.d/nf-conntrack, in place of the line nf_conntrack\n      nf_conntrack hashsize=8192\n  /etc/sysctl.d/11-nf-conntrack.conf, in place of ${KEY} = 16384\n      ${KEY} = 32768\n`,
    );
  });

  test('Proxmox VE', () => {
    expect(lasting(PROXMOX, 1_048_576)).toBe(
      '  /etc/pve/local/host.fw\n      [OPTIONS]\n      nf_conntrack_max: 1048576\n',
    );
  });

  test('EL6', () => {
    const files = lasting(EL6, 262_144);
    expect(files).toContain('/etc/sysconfig/modules/nf_conntrack.modules, mode 0755\n      #!/bin/sh\n');
    expect(files).not.toContain('modules-load.d');
  });

  test('VyOS', () => {
    const files = { 'usr/share/vyos/version.json': '{}', 'proc/modules': MODULES };
    expect(lasting({ release: '6.6.60-vyos', limit: 262_144, buckets: 262_144, files }, 524_288)).toContain(
      '      set system conntrack table-size 524288\n      set system conntrack hash-size 262144\n',
    );
  });

  test('Talos', () => {
    expect(lasting({ release: '6.12.6-talos', limit: 262_144, buckets: 262_144, files: {} }, 524_288)).toBe(
      `  the machine configuration of the node, under machine.sysctls\n      ${KEY}: "524288"\n`,
    );
  });

  test('Alpine', () => {
    const files = { 'etc/alpine-release': '3.20.3\n', 'proc/modules': MODULES };
    expect(lasting({ release: '6.6.60-0-lts', limit: 262_144, buckets: 65_536, files }, 524_288)).toContain(
      '  /etc/modules\n      nf_conntrack\n',
    );
  });

  test('a setting without effect is named', () => {
    const given = { ...EL6, files: { ...EL6.files, 'etc/sysctl.conf': `${KEY}=655360/n\n` } };
    const { stdout } = plugin('plan', '--max', '262144', '--root', machine(given));
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `Configured without effect - /etc/sysctl.conf sets ${KEY} to what the kernel refuses (not a number, 8 bytes) `,
    );
  });
});

describe('a list', () => {
  const report = (text: string, ...args: readonly string[]) => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const answer = plugin('report', '--entries', path, ...args);
    return { ...answer, words: answer.stdout.replace(/\s+/g, ' ') };
  };

  test('is empty if the tool found no entries', () => {
    const answer = report('conntrack v1.4.6 (conntrack-tools): 0 flow entries have been shown.\n');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(/^CONNTRACK OK - a list of 0 entries; /);
  });

  test('in a format that is not read is called by its name', () => {
    const answer = report('tcp,orig=(src=192.0.2.1,dst=192.0.2.2,sport=1,dport=2)\n');
    expect(answer.status).toBe(3);
    expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - cannot use \S+: it is Open vSwitch's dpctl\/dump-conntrack$/m);
  });

  test('from an unknown machine has unknown timeouts', () => {
    const entry =
      'ipv4     2 tcp      6 7208 ESTABLISHED src=192.0.2.10 dst=198.51.100.1 sport=50000 dport=5201 src=198.51.100.1 dst=192.0.2.10 sport=5201 dport=50000 [ASSURED] mark=0 zone=0 use=2\n';
    expect(report(entry).stdout).toMatch(/\n {4}tcp_timeout_established +1 100\.0%, 2 h left\n/);
    expect(report(entry, '--format', 'json').words).toMatch(
      /"name": "tcp_timeout_established", "seconds": null, [^}]*"set_seconds": null, [^}]*"longest_seconds_left": 7208,/,
    );
  });

  test('with the replies of a service alone names its source port, and the timeout', () => {
    const { words } = report(Array.from({ length: 40 }, (_, at) => oneWay(at)).join(''));
    expect(words).toContain(
      '100.0% are ESTABLISHED without a reply, from tcp source port 80: likely replies of a service whose requests take another path (asymmetric routing), or a flood of ACKs from that port. Such an entry lives for tcp_timeout_established.',
    );
  });

  test('with a few of them does not', () => {
    expect(report(Array.from({ length: 29 }, (_, at) => oneWay(at)).join('')).words).not.toContain('source port');
  });
});

/** A packet of a web server whose requests took another way. */
function oneWay(at: number): string {
  return `ipv4 2 tcp 6 ${432_000 - 450 * at} ESTABLISHED src=192.0.2.73 dst=198.51.100.${at % 250} sport=80 dport=${50_000 + at} [UNREPLIED] src=198.51.100.${at % 250} dst=192.0.2.73 sport=${50_000 + at} dport=80 mark=0 zone=0 use=2\n`;
}

describe('a table with its list', () => {
  const FULL: Machine = { release: '4.18.0-553.el8_10.x86_64', limit: 900, buckets: 1024, files: {} };
  const reported = (list: string, count = 900) => {
    const files = {
      'proc/net/nf_conntrack': list,
      'proc/sys/net/netfilter/nf_conntrack_count': `${count}\n`,
      'proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established': '432000\n',
    };
    const answer = plugin('report', '--all', '--root', machine({ ...FULL, files }));
    return answer.stdout.replace(/\s+/g, ' ');
  };

  test('count and list are out of step: no culprit, and where the others are', () => {
    const entry = (at: number) =>
      `ipv4 2 udp 17 111 src=192.0.2.${at} dst=198.51.100.7 sport=5000 dport=443 src=198.51.100.7 dst=192.0.2.${at} sport=443 dport=5000 [ASSURED] mark=0 zone=0 use=2\n`;
    const words = reported(Array.from({ length: 12 }, (_, at) => entry(at)).join(''));
    expect(words).toContain(
      'The list has 12 entries, the table 900: the list is from another time, or entries that are dying or unconfirmed are not listed (conntrack -L dying and conntrack -L unconfirmed print them), nor are those that an out-of-tree module keeps. Advice ignores this list.',
    );
    expect(words).not.toMatch(/192\.0\.2\.\d+ does|conntrack -D|notrack/);
  });

  test('the replies of a server alone: no rule against the server, and a shorter timeout', () => {
    const words = reported(Array.from({ length: 900 }, (_, at) => oneWay(at)).join(''));
    expect(words).toContain('from tcp source port 80');
    expect(words).toContain('192.0.2.73 may be the server that answers, and no rule against it is advised.');
    expect(words).toContain('sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400');
    expect(words).not.toMatch(/saddr 192\.0\.2\.73|-s 192\.0\.2\.73 -j|conntrack -D/);
  });

  test('a DNS resolver: untrack port 53 in both directions', () => {
    const own = '192.0.2.53';
    const entry = (from: string, to: string, at: number) =>
      `ipv4 2 udp 17 ${at % 30} src=${from} dst=${to} sport=${20_000 + at} dport=53 src=${to} dst=${from} sport=53 dport=${20_000 + at} mark=0 zone=0 use=2\n`;
    const list = Array.from({ length: 900 }, (_, at) => {
      const peer = `198.51.${100 + (at % 10)}.${at % 250}`;
      return at % 3 === 0 ? entry(own, peer, at) : entry(peer, own, at);
    });
    const words = reported(list.join(''));
    expect(words).toContain('Stop tracking udp port 53: it has 100.0% of the entries, none translated.');
    expect(words).toContain('udp dport 53 notrack, and the same with sport');
  });
});
