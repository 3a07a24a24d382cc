// The standalone executable on an otherwise empty system, and when it starts programs.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, command, PLUGIN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { newCalls } from '../standalone/support.ts';
import { trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

/** Runs it without any library, shell, /dev, or file except itself and /proc. */
function alone(...args: readonly string[]): Answer {
  const root = scratch();
  mkdirSync(join(root, 'proc'));
  copyFileSync(PLUGIN, join(root, 'check_conntrack'));
  const script = `mount -t proc proc ${root}/proc && exec chroot ${root} /check_conntrack "$@"`;
  return command('unshare', ['--mount', 'sh', '-c', script, 'sh', ...args]);
}

liveSuite('the standalone executable', ['/usr/bin/strace', '/usr/bin/nsenter', '/usr/sbin/ip', '/usr/sbin/nft'], () => {
  test('runs in a root with only itself and /proc', () => {
    expect(alone()).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^CONNTRACK OK - \d+ of /) });
    const every = alone('--netns', 'all', '--format', 'json');
    expect(JSON.parse(every.stdout)).toMatchObject({ state: 'ok' });
    const report = alone('report', '--interval', '0.1');
    expect(report).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^CONNTRACK \w+ - /) });
    expect(report.stdout).toContain('entries of /proc/net/nf_conntrack.');
    expect(alone('munin')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^entries\.value \d+$/m),
    });
    expect(alone('plan')).toMatchObject({ status: 0, stderr: '' });
  });

  test('starts programs without system calls that Linux 2.6.18 lacks', async () => {
    const namespace = trackingNamespace();
    const log = execFileSync('strace', [
      '-f',
      '-qqq',
      '-s',
      '200',
      '-e',
      'trace=execve',
      '-o',
      '|cat',
      PLUGIN,
      '--netns',
      'all',
    ]);
    expect(log.toString()).toContain(`--net=/run/netns/${namespace}`);
    expect(await newCalls('--netns', 'all')).toEqual([]);
  });
});
