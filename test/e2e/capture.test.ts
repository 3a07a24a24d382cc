// nagios/capture takes everything that the check, plan and report read: they print the same for the copy.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plugin, RUNS_ON_NODE, TOP } from './support/plugin.ts';
import { type Changes, scratch, tree } from './support/tree.ts';

const CAPTURE = join(TOP, 'nagios/capture');
const KEY = 'net.netfilter.nf_conntrack_max';
const COMMANDS = [['-v'], ['plan'], ['plan', '--format', 'json'], ['report']];
const OF_SETTINGS = [['-v'], ['plan']];

/** Every fifth on Node, which takes 20 times as long to start; all of them on the standalone executable. */
function sampled<T>(all: readonly T[]): readonly T[] {
  return RUNS_ON_NODE ? all.filter((_, index) => index % 5 === 0) : all;
}

/** The tree that the script makes of a machine's root. */
function captured(root: string): string {
  const copy = scratch();
  const made = spawnSync('sh', [CAPTURE, root], { maxBuffer: 1 << 28 });
  expect([made.status, made.stderr.toString()]).toEqual([0, '']);
  execFileSync('tar', ['-x', '-C', copy], { input: made.stdout });
  return copy;
}

function printed(root: string, commands = COMMANDS): readonly string[] {
  return commands.map((args) => {
    const { status, stdout, stderr } = plugin(...args, '--root', root);
    return `${args.join(' ')}: ${status}\n${stdout}${stderr}`.split(root).join('');
  });
}

/** A whole machine: the tree lacks nothing that the machine has. */
function machine(base: string, changes: Changes = {}): string {
  const root = tree(base, { captured: '', ...changes });
  // The script leaves it out: the copy may be read on the machine itself.
  rmSync(join(root, 'proc/sys/kernel/random'), { recursive: true, force: true });
  return root;
}

// The others differ from these in one figure.
const FIXTURES = readdirSync(join(TOP, 'fixtures')).filter((name) =>
  /^(?!entries-).*-capture$|\d-synthetic$/.test(name),
);

test.each(sampled(FIXTURES))('%s', (name) => {
  const root = machine(name);
  expect(printed(captured(root))).toEqual(printed(root));
});

test('a link that leads out of the directory is not followed', () => {
  const secret = join(scratch(), 'secret');
  writeFileSync(secret, 'net.netfilter.nf_conntrack_max = 7 # secret\n');
  const hostile = (path: string) => symlinkSync(secret, path);
  const root = tree('linux-2.6.18-el5-full-capture', { 'etc/sysctl.d/a.conf': hostile });
  const { stdout } = spawnSync('sh', [CAPTURE, root], { encoding: 'latin1', maxBuffer: 1 << 28 });
  expect(stdout).toContain('./proc/sys/');
  expect(stdout).not.toContain('# secret');
});

describe('a hostile directory changes no file outside the copy', () => {
  /** The file next to the copy that the hostile directory aims at, after the script ran. */
  function attacked(hostile: (outside: string) => Changes): string {
    const outside = scratch();
    const victim = join(outside, 'victim.conf');
    writeFileSync(victim, 'kept\n');
    // Both are one level below the same directory: `..` leads to the same file from each.
    const root = join(outside, 'root');
    renameSync(tree('linux-2.6.18-el5-full-capture', hostile(outside)), root);
    spawnSync('sh', [CAPTURE, root], { env: { ...process.env, TMPDIR: outside }, maxBuffer: 1 << 28 });
    return readFileSync(victim, 'utf8');
  }

  test('a setting with ..', () => {
    expect(attacked(() => ({ 'etc/default/ufw': 'IPT_SYSCTL=/../victim.conf\n' }))).toBe('kept\n');
  });

  test('a linked directory', () => {
    const hostile = (outside: string): Changes => ({
      'etc/sysctl.d/x': (path) => symlinkSync(outside, path),
      'etc/default/ufw': 'IPT_SYSCTL=/etc/sysctl.d/x/victim.conf\n',
    });
    expect(attacked(hostile)).toBe('kept\n');
  });
});

describe('set-ups', () => {
  const link = (target: string) => (path: string) => symlinkSync(target, path);
  const LIMIT = { 'proc/sys/net/nf_conntrack_max': '262144\n' };
  const SETUPS: readonly (readonly [string, Changes])[] = [
    ['a later file in /usr/lib', { 'usr/lib/sysctl.d/90.conf': `${KEY}=300000\n` }],
    ['a file in /run', { 'run/sysctl.d/90.conf': `${KEY}=300000\n`, 'run/systemd/system/x': '' }],
    ['a hidden file', { 'etc/sysctl.d/.90.conf': `${KEY}=300000\n` }],
    [
      'a link to sysctl.conf',
      {
        'etc/sysctl.conf': `${KEY}=300000\n`,
        'etc/sysctl.d/99-sysctl.conf': link('../sysctl.conf'),
        'run/systemd/system/x': '',
      },
    ],
    [
      'a file that is switched off',
      {
        'etc/sysctl.d/1.conf': `${KEY}=300000\n`,
        'etc/sysctl.d/9.conf': link('/dev/null'),
        'lib/sysctl.d/9.conf': `${KEY}=400000\n`,
      },
    ],
    [
      'a udev rule',
      {
        'etc/sysctl.d/9.conf': `${KEY}=300000\n`,
        'lib/udev/rules.d/9.rules': 'KERNEL=="nf_conntrack", RUN+="sysctl"\n',
      },
    ],
    [
      'a module loaded at boot',
      { 'etc/sysctl.d/9.conf': `${KEY}=300000\n`, 'usr/lib/modules-load.d/9.conf': 'nf_nat\n' },
    ],
    [
      'a kubelet',
      { 'etc/sysctl.d/9.conf': `${KEY}=300000\n`, 'var/lib/kubelet/x': '', 'sys/devices/system/cpu/online': '0-7\n' },
    ],
    [
      'Proxmox VE',
      { 'etc/sysctl.d/9.conf': `${KEY}=300000\n`, 'etc/pve/local/host.fw': '[OPTIONS]\nnf_conntrack_max: 300000\n' },
    ],
    [
      'OpenWrt',
      { 'etc/openwrt_release': '', 'etc/sysctl.conf': `${KEY}=300000\n`, 'etc/modules.d/nf': 'nf_conntrack\n' },
    ],
    ['ufw', { 'etc/ufw/ufw.conf': 'ENABLED=yes\n', 'etc/ufw/sysctl.conf': `net/netfilter/nf_conntrack_max=300000\n` }],
    [
      'ufw with a file of another name',
      {
        'etc/ufw/ufw.conf': 'ENABLED=yes\n',
        'etc/default/ufw': 'IPT_SYSCTL="/etc/ours.conf"\n',
        'etc/ours.conf': `${KEY}=300000\n`,
      },
    ],
    ['EL6', { 'etc/redhat-release': 'CentOS release 6.10 (Final)\n', 'etc/sysctl.d/conntrack': `${KEY}=300000\n` }],
    ['VyOS', { 'usr/share/vyos/x': '', 'run/sysctl/10-vyos-conntrack.conf': `${KEY}=300000\n` }],
    [
      "Proxmox VE's firewall",
      { 'etc/pve/local/host.fw': 'nf_conntrack_max: 300000\n', 'etc/pve/firewall/cluster.fw': 'enable: 1\n' },
    ],
    [
      'TuneD',
      {
        'etc/systemd/system/multi-user.target.wants/tuned.service': '',
        'etc/tuned/active_profile': 'ours\n',
        'etc/tuned/tuned-main.conf': 'reapply_sysctl=0\n',
        'usr/lib/tuned/ours/tuned.conf': '[main]\ninclude=base\n[sysctl]\nvm.swappiness=1\n',
        'usr/lib/tuned/profiles/base/tuned.conf': `[sysctl]\n${KEY}=300000\n`,
      },
    ],
    ['k3s', { 'etc/sysctl.d/9.conf': `${KEY}=300000\n`, 'var/lib/kubelet/x': '', 'etc/rancher/k3s/config.yaml': '' }],
    ['rc.local', { 'etc/rc.local': `sysctl -w ${KEY}=300000\n` }],
    ['an install line', { 'run/modprobe.d/9.conf': `install nf_conntrack sysctl -w ${KEY}=300000\n` }],
    ['the command line', { 'proc/cmdline': 'nf_conntrack.hashsize=65536\n' }],
  ];

  test.each(sampled(SETUPS))('%s', (_, changes) => {
    const root = machine('debian-12-synthetic', {
      'proc/modules': 'nf_conntrack 1 0 - Live 0x0\n',
      ...LIMIT,
      ...changes,
    });
    const words = printed(root, OF_SETTINGS);
    expect(printed(captured(root), OF_SETTINGS)).toEqual(words);
    expect(words.join('\n')).toMatch(/\b(?:300000|303104|524288)\b/);
    expect(words.join('\n')).not.toContain('not checked');
  });
});

test('a healthy machine, this one: exit 0, and nothing on stderr', () => {
  const copy = captured('/');
  for (const path of ['proc/meminfo', 'proc/sys/kernel/osrelease']) expect(existsSync(join(copy, path))).toBe(true);
});

test('a machine whose settings cannot all be read is not called whole', () => {
  const root = machine('debian-12-synthetic', { 'etc/sysctl.d/9.conf': `${KEY}=300000\n` });
  const proc = join(root, 'proc/sys/net/netfilter');
  mkdirSync(proc, { recursive: true });
  const bin = scratch();
  writeFileSync(join(bin, 'cat'), '#!/bin/sh\ncase $1 in etc/*) exit 1 ;; esac\nexec /bin/cat "$@"\n', { mode: 0o755 });
  const path = `${bin}:${process.env['PATH']}`;
  const made = spawnSync('sh', [CAPTURE, root], { env: { ...process.env, PATH: path } });
  expect(made.stderr.toString()).toBe('capture: could not read etc/sysctl.d/9.conf\n');
  expect(execFileSync('tar', ['-t'], { input: made.stdout, encoding: 'utf8' })).not.toMatch(/^\.\/captured$/m);
});

describe('captured output of conntrack(8), on kernels without the files', () => {
  const without = { 'proc/net/stat/nf_conntrack': null, 'proc/net/nf_conntrack': null };

  test('counters', () => {
    const line = 'cpu=0   \tfound=1 invalid=2 insert=0 insert_failed=3 drop=4 early_drop=5 error=0 search_restart=6\n';
    const { stdout } = plugin('--root', tree('ubuntu-24.04-synthetic', { ...without, 'conntrack-S': line }), '-v');
    expect(stdout).toContain(' drop=4c;;;0 early_drop=5c;;;0 ');
    expect(stdout).toMatch(/\ncounters: .*\/conntrack-S\)\n/);
    const broken = plugin('--root', tree('ubuntu-24.04-synthetic', { ...without, 'conntrack-S': 'x\n' }), '-v');
    expect(broken.stdout).toMatch(/\nno counters: .*conntrack-S/);
  });

  test('the list', () => {
    const entry =
      'udp 17 29 src=192.0.2.1 dst=198.51.100.1 sport=1 dport=53 [UNREPLIED] src=198.51.100.1 dst=192.0.2.1 sport=53 dport=1 mark=0 use=1\n';
    const { stdout } = plugin(
      'report',
      '--root',
      tree('debian-12-synthetic', { ...without, 'conntrack-L': entry.repeat(12) }),
    );
    expect(stdout).toMatch(/\n {2}12 entries of \S*conntrack-L\./);
  });
});
