// The built file on the running kernel: real packets, a real limit, real drops.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, command, plugin, RUN } from '../e2e/support/plugin.ts';
import { scratch, tree } from '../e2e/support/tree.ts';
import {
  holdConnections,
  inside,
  limitTo,
  NOBODY,
  pluginAsNobodyInside,
  pluginInside,
  sendDatagrams,
  toolCount,
  toolCounter,
  trackingNamespace,
} from './namespace.ts';
import { liveSuite } from './parts.ts';
import { value } from './support/perfdata.ts';

const PARTS = ['/proc/sys/net/netfilter/nf_conntrack_count', '/usr/sbin/conntrack', '/usr/sbin/nft', '/usr/sbin/ip'];
const LIMIT = '/proc/sys/net/netfilter/nf_conntrack_max';

liveSuite('the running kernel', PARTS, () => {
  test.each([
    ['root', pluginInside],
    ['nobody', pluginAsNobodyInside],
  ])('count and usage agree with conntrack -C, as %s', (_, check) => {
    const namespace = trackingNamespace();
    sendDatagrams(namespace, 300);
    const max = Number(readFileSync(LIMIT, 'latin1'));
    const count = toolCount(namespace);
    expect(count).toBe(300);

    const answer = check(namespace);
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toContain(
      ` ${count} of ${max} entries (${((100 * count) / max).toFixed(1)}%) in this network`,
    );
    expect(value(answer, 'entries')).toBe(count);
    expect(value(answer, 'usage')).toBeCloseTo((100 * count) / max, 2);
  });

  test.each([
    ['root', pluginInside],
    ['nobody', pluginAsNobodyInside],
  ])("a full table with drops is CRITICAL, with the kernel's number of drops, as %s", async (_, check) => {
    const namespace = trackingNamespace();
    limitTo(200);
    await holdConnections(namespace, 200);
    sendDatagrams(namespace, 50);

    const answer = check(namespace, '-w', 'drop=0');
    expect(answer).toMatchObject({ status: 2, stderr: '' });
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - table full: 200 of 200 entries \(100\.0%\) in this network namespace; drop \d+ is above 0 \|/,
    );
    expect(value(answer, 'drop')).toBe(toolCounter(namespace, 'drop'));
    expect(value(answer, 'drop')).toBeGreaterThanOrEqual(50);
  });

  test("evictions agree with the kernel's counter", () => {
    const namespace = trackingNamespace();
    limitTo(200);
    // The kernel scans 8 of 262144 buckets for an entry to evict: about one packet in eighty succeeds.
    sendDatagrams(namespace, 5000);

    const answer = pluginInside(namespace);
    expect(answer.status).toBe(2);
    expect(value(answer, 'early_drop')).toBe(toolCounter(namespace, 'early_drop'));
    expect(value(answer, 'early_drop')).toBeGreaterThan(0);
  });

  test('other namespaces are not counted here', () => {
    sendDatagrams(trackingNamespace(), 100);
    expect(value(pluginInside(trackingNamespace()), 'entries')).toBe(0);
  });

  test('accounting costs an extension block per entry', () => {
    const namespace = trackingNamespace();
    inside(namespace, 'sh', '-c', 'echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct');
    sendDatagrams(namespace, 160);
    const plain = 160 * 256;
    expect(value(pluginInside(namespace), 'slab')).toBe(plain + 160 * 128);
    inside(namespace, 'sh', '-c', 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_acct');
    expect(value(pluginInside(namespace), 'slab')).toBe(plain);
  });

  test('the root of a process, by its magic link, is treated as a tree', async () => {
    const root = tree('over-limit-synthetic');
    const child = spawn('perl', ['-e', '$| = 1; chroot $ARGV[0] or die; chdir "/"; print "there\\n"; sleep 600', root]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    for (const place of ['root', 'root/.', 'cwd']) {
      const { status, stdout } = plugin('--root', `/proc/${child.pid}/${place}`);
      expect(status).toBe(2);
      expect(stdout).toContain('CONNTRACK CRITICAL - table full: 262150 of 262144 entries');
    }
    // The host's root, as a container with the host's processes sees it.
    const ours = plugin('--root', '/proc/self/root', '-v').stdout;
    expect(ours).toContain('(/proc/self/root/proc/sys/net/netfilter/nf_conntrack_max)');
    expect(plugin('--root', '/proc/self/root/nowhere').status).toBe(3);
  });

  test("the host's table from inside a container: --root with the host's tree mounted", () => {
    const container = trackingNamespace();
    const hosts = Number(command('conntrack', ['-C']).stdout);
    sendDatagrams(container, hosts + 500);
    const root = scratch();
    const script = `mount --rbind / ${root} && exec ip netns exec ${container} "$@"`;
    const answer = command('unshare', ['--mount', 'sh', '-c', script, 'sh', ...RUN, '--root', root]);
    expect(answer.stdout).toMatch(/^CONNTRACK OK - \d+ of \d+ entries \(\d+\.\d%\), /);
    expect(Math.abs(value(answer, 'entries') - hosts)).toBeLessThan(250);
    expect(value(pluginInside(container), 'entries')).toBe(hosts + 500);
  });

  describe('a kernel without /proc/net/stat/nf_conntrack', () => {
    test('reads the counters of conntrack -S as root', async () => {
      const namespace = trackingNamespace();
      limitTo(100);
      await holdConnections(namespace, 100);
      sendDatagrams(namespace, 20);
      const answer = withoutStatistics({ namespace }, '-v');
      expect(answer).toMatchObject({ status: 2, stderr: '' });
      expect(answer.stdout).toContain('\ncounters: since boot, ');
      expect(answer.stdout).toContain(' CPUs (conntrack -S)\n');
      expect(value(answer, 'drop')).toBe(toolCounter(namespace, 'drop'));
      expect(value(answer, 'drop')).toBeGreaterThanOrEqual(20);
    });

    test('names the refusal as nobody: UNKNOWN if they are judged', () => {
      const as = NOBODY.join(' ');
      const answer = withoutStatistics({ namespace: trackingNamespace(), as }, '-w', 'drop=0');
      expect(answer).toMatchObject({ status: 3, stderr: '' });
      expect(answer.stdout).toContain(
        'no drop: cannot run conntrack -S: exit status 1, it needs CAP_NET_ADMIN (use the sudo form of this command);',
      );
    });

    test.each([
      ['net_admin', 0],
      ['net_raw', 3],
      ['sys_admin', 3],
    ] as const)('with CAP_%s alone the state is %i: only one of the two gives the counters', (capability, status) => {
      const only = `-all,+${capability}`;
      const capabilities = ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=${only}`);
      const as = [...NOBODY, ...capabilities].join(' ');
      const answer = withoutStatistics({ namespace: trackingNamespace(), as }, '-w', 'drop=0');
      expect(answer).toMatchObject({ status, stderr: '' });
    });

    test('names a missing conntrack', () => {
      const prepare = 'mount -t tmpfs none /usr/sbin';
      const answer = withoutStatistics({ namespace: trackingNamespace(), prepare }, '-v');
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout).toContain('\nno counters: cannot run conntrack -S: not installed\n');
    });

    test('does not trust a conntrack with invalid output', () => {
      const prepare = replaceTool('echo secret');
      const answer = withoutStatistics({ namespace: trackingNamespace(), prepare }, '-v');
      expect(answer.stdout).toContain('\nno counters: cannot use conntrack -S: not in a known format\n');
      expect(answer.stdout).not.toContain('secret');
    });

    test('stops a hanging conntrack at the deadline: UNKNOWN, with its name', () => {
      const prepare = replaceTool('exec sleep 60');
      const answer = withoutStatistics({ namespace: trackingNamespace(), prepare }, '--timeout', '3');
      expect(answer).toMatchObject({ status: 3, stderr: '' });
      expect(answer.stdout).toBe('CONNTRACK UNKNOWN - timeout before reading conntrack -S\n');
    });

    test('loads no module for it', () => {
      const prepare = 'echo "nf_conntrack 200704 1 nft_ct, Live 0x0" >/proc/modules';
      const answer = withoutStatistics({ namespace: trackingNamespace(), prepare }, '-v');
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout).toContain('\nno counters: did not run conntrack -S: it would load nf_conntrack_netlink');
    });
  });
});

interface Circumstances {
  readonly namespace: string;
  /** Shell commands that run in the mount namespace before the plugin. */
  readonly prepare?: string;
  /** The command that runs the plugin. */
  readonly as?: string;
}

/** Runs the plugin with only sysctls in /proc, as on a kernel without the statistics file. */
function withoutStatistics({ namespace, prepare = ':', as = '' }: Circumstances, ...args: readonly string[]): Answer {
  const proc = scratch();
  const script = `mount -t tmpfs none ${proc} && mkdir ${proc}/sys && mount --bind /proc/sys ${proc}/sys &&
    mount --rbind ${proc} /proc && ${prepare} && exec ${as} "$@"`;
  return inside(namespace, 'unshare', '--mount', 'sh', '-c', script, 'sh', ...RUN, ...args);
}

/** Replaces conntrack(8) by a script. */
function replaceTool(script: string): string {
  const path = join(scratch(), 'conntrack');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `mount --bind ${path} /usr/sbin/conntrack`;
}
