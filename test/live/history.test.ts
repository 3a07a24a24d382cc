// History on the running kernel: real losses, a real fill, namespaces that come and go, a full disk.

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, command, ENV, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import {
  holdConnections,
  inside,
  limitTo,
  NOBODY,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from './namespace.ts';
import { liveSuite } from './parts.ts';

const PARTS = ['/proc/sys/net/netfilter/nf_conntrack_count', '/usr/sbin/conntrack', '/usr/sbin/nft', '/usr/sbin/ip'];

function figure({ stdout }: Answer, label: string): number {
  const [, digits] = new RegExp(` ${label}=(-?[\\d.]+)`).exec(stdout) ?? [];
  if (digits === undefined) throw new Error(`no ${label} in ${stdout}`);
  return Number(digits);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

liveSuite('history on the running kernel', PARTS, () => {
  test("counts the kernel's own drops in the window", async () => {
    const namespace = trackingNamespace();
    const state = scratch();
    limitTo(200);
    await holdConnections(namespace, 200);
    sendDatagrams(namespace, 10);
    const before = toolCounter(namespace, 'drop');
    pluginInside(namespace, '--state-dir', state);
    sendDatagrams(namespace, 50);

    const answer = pluginInside(namespace, '--state-dir', state, '-c', 'drop_rate=0');
    const dropped = toolCounter(namespace, 'drop') - before;
    expect(dropped).toBeGreaterThanOrEqual(50);
    expect(answer.status).toBe(2);
    expect(answer.stdout).toContain(` ${dropped} packets dropped in the last `);
    expect(answer.stdout).toContain('table full: 200 of 200 entries (100.0%) in this network namespace');
    expect(figure(answer, 'drop_rate')).toBeGreaterThan(0);
  });

  test('predicts the time to full within 20 % at a steady pace', async () => {
    const namespace = trackingNamespace();
    const state = scratch();
    limitTo(20_000);
    const start = { at: performance.now(), count: toolCount(namespace) };
    let answer: Answer | undefined;
    for (let run = 0; run < 8; run++) {
      sendDatagrams(namespace, 200, 10_000 + 200 * run);
      answer = pluginInside(namespace, '--state-dir', state, '--window', '60');
      await pause(start.at + 1000 * (run + 1) - performance.now());
    }
    const count = toolCount(namespace);
    const perSecond = (count - start.count) / ((performance.now() - start.at) / 1000);
    expect(count).toBe(1600);
    const truth = (20_000 - count) / perSecond;
    expect(figure(answer ?? pluginInside(namespace), 'time_to_full') / truth).toBeGreaterThan(0.8);
    expect(figure(answer ?? pluginInside(namespace), 'time_to_full') / truth).toBeLessThan(1.2);
  });

  test('a namespace with the inode of a deleted one does not inherit its history', async () => {
    const state = scratch();
    const gone = trackingNamespace();
    sendDatagrams(gone, 300);
    for (let run = 0; run < 5; run++) pluginInside(gone, '--state-dir', state);
    // The plugin's clock counts hundredths of a second.
    await pause(50);

    const next = trackingNamespace();
    await holdConnections(next, 10);
    passOn(state, inodeOf(gone), inodeOf(next));
    const answer = pluginInside(next, '--state-dir', state, '-v', '-c', 'growth=~:0');
    expect(answer.status).toBe(0);
    expect(answer.stdout).toContain('\nno rates yet: the network namespace is new (');
  });

  test('keeps a burst if the only process of a mounted namespace has been replaced', async () => {
    const state = scratch();
    const namespace = trackingNamespace();
    const [file, ...line] = withoutOthers(...RUN, '--netns', 'all', '--state-dir', state, '-c', 'drop_rate=0');
    const everywhere = () => command(file, line);
    limitTo(50);
    // With so many buckets nothing can be evicted nearby: packets without space are dropped.
    sendDatagrams(namespace, 50);
    const first = spawn('ip', ['netns', 'exec', namespace, 'sleep', '600'], { stdio: 'ignore' });
    // The mount must be older by two clocks.
    await pause(1200);
    everywhere();
    first.kill('SIGKILL');
    await pause(100);
    sendDatagrams(namespace, 20, 30_000);
    await processInside(namespace);
    const answer = everywhere();
    expect(answer.status).toBe(2);
    expect(answer.stdout).toMatch(/^CONNTRACK CRITICAL - .*\d+ packets dropped in the last /);
  });

  test('a surviving namespace keeps its history, though each check is a new process', async () => {
    const state = scratch();
    const namespace = trackingNamespace();
    await holdConnections(namespace, 10);
    await pause(50);
    pluginInside(namespace, '--state-dir', state);
    await pause(50);
    expect(pluginInside(namespace, '--state-dir', state).stdout).toContain(' drop_rate=0;;;0');
  });

  test('two namespaces have separate histories', () => {
    const state = scratch();
    pluginInside(trackingNamespace(), '--state-dir', state);
    expect(pluginInside(trackingNamespace(), '--state-dir', state, '-v').stdout).toContain(
      '\nno rates yet: first run since boot (',
    );
  });

  test('root and nobody use one directory, with separate files', () => {
    const namespace = trackingNamespace();
    const state = scratch();
    chmodSync(state, 0o1777);
    const asNobody = () => inside(namespace, ...NOBODY, ...RUN, '--state-dir', state, '-c', 'drop_rate=0');
    const asRoot = () => pluginInside(namespace, '--state-dir', state, '-c', 'drop_rate=0');
    for (const check of [asRoot, asNobody, asRoot, asNobody]) expect(check()).toMatchObject({ status: 0, stderr: '' });
    for (const check of [asRoot, asNobody]) expect(check().stdout).toContain(' drop_rate=0;;0;0');
  });

  test('does not trust a file of another user in place of our directory', () => {
    const state = scratch();
    chmodSync(state, 0o1777);
    command('setpriv', [...NOBODY.slice(1), 'mkdir', '-p', join(state, '0/check_conntrack')]);
    const answer = command(ENV, [...RUN, '--state-dir', state, '-c', 'drop_rate=0']);
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    const [, path] =
      /^CONNTRACK UNKNOWN - no drop_rate: cannot use (\S+): it belongs to another user; /.exec(answer.stdout) ?? [];
    expect(path).toBe(join(state, '0'));
  });

  test.each([
    ['a full disk', 'size=8k', 'head -c 100000 /dev/zero >full 2>/dev/null', 'ENOSPC'],
    ['a disk without room for a file', 'nr_inodes=2', 'touch full', 'ENOSPC'],
    ['a read-only disk', 'size=8k', 'mount -o remount,ro .', 'EROFS'],
  ])('%s: UNKNOWN if judged', (_, options, fill, errno) => {
    const answer = onDisk(options, fill, '-c', 'drop_rate=0');
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(answer.stdout).toMatch(new RegExp(`^CONNTRACK UNKNOWN - no drop_rate: cannot write \\S+: ${errno}; `));
    expect(onDisk(options, fill, '-v')).toMatchObject({ status: 0, stderr: '' });
    expect(onDisk(options, fill, '-v').stdout).toContain(`\nno history: cannot write `);
  });

  test('a directory that may not be written: UNKNOWN if judged', () => {
    const state = scratch();
    mkdirSync(join(state, 'mine'), { mode: 0o755 });
    const answer = command('setpriv', [
      ...NOBODY.slice(1),
      ...RUN,
      '--state-dir',
      join(state, 'mine'),
      '-c',
      'drop_rate=0',
    ]);
    expect(answer.stdout).toMatch(
      /^CONNTRACK UNKNOWN - no drop_rate: cannot (read|write) \S+: (permission denied|EACCES); /,
    );
  });
});

function inodeOf(namespace: string): number {
  return Number(inside(namespace, 'stat', '-L', '-c', '%i', '/proc/self/net/stat').stdout);
}

// The kernel reuses a number at a time of its choice, so the test makes a record with the same number by hand.
function passOn(state: string, from: number, to: number): void {
  const folder = join(state, '0/check_conntrack');
  const name = readdirSync(folder).find((each) => each.startsWith(`net-${from}-`)) ?? '';
  const text = readFileSync(join(folder, name), 'latin1').replace(`net:${from}`, `net:${to}`);
  writeFileSync(join(folder, name.replace(`net-${from}-`, `net-${to}-`)), text, { mode: 0o600 });
}

/** Runs the plugin with a state directory on a disk of its own, after `fill` has run there. */
function onDisk(options: string, fill: string, ...args: readonly string[]): Answer {
  const disk = scratch();
  const script = `mount -t tmpfs -o ${options} none ${disk} && cd ${disk} && { ${fill}; :; } && exec "$@"`;
  return command('unshare', ['--mount', 'sh', '-c', script, 'sh', ...RUN, '--state-dir', disk, ...args]);
}
