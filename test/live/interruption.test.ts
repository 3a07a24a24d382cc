// One signal ends the program at once, also while it waits for a tool; nothing that it started survives it, nor its
// deadline. Slow tools are mounted over the real ones, in a mount namespace that ends with the program.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RUN, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { eventually } from './daemon.ts';
import { trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

// The shortest time limit of a tool is 3 s.
const AT_ONCE = 1000;
// check_nrpe gives up 2 s after the deadline of the check.
const MOST_OVERRUN = 1500;
const STAYS = 'echo $$ $PPID >> "$0.pids"; exec sleep 600';
const FORKS = 'sleep 600 & echo $! $PPID >> "$0.pids"; wait';

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
  /** The process numbers of the slow tool and of its parent, once it runs. */
  readonly pids: () => Promise<readonly [tool: number, parent: number]>;
}

/** Starts a command on a machine where `program` is a shell script. */
function withSlow(program: string, script: string, line: readonly string[]): Started {
  const fake = join(scratch(), 'fake');
  writeFileSync(fake, `#!/bin/sh\n${script.split('$0').join(fake)}\n`, { mode: 0o755 });
  const words = ['-m', 'sh', '-c', `mount --bind ${fake} ${program} && exec "$@"`, 'sh', ...line];
  const child = spawn('unshare', words, { cwd: TOP, env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      text += String(piece);
    });
  }
  const ended: Started['ended'] = new Promise((resolve) =>
    child.once('close', (status, signal) => resolve({ status, signal })),
  );
  const pids: Started['pids'] = () =>
    eventually(() => {
      const written = existsSync(`${fake}.pids`) ? readFileSync(`${fake}.pids`, 'latin1') : '';
      const [, tool, parent] = /^(\d+) (\d+)\n/.exec(written) ?? [];
      return parent === undefined ? undefined : [Number(tool), Number(parent)];
    });
  return { child, output: () => text, ended, pids };
}

function untilGone(pid: number): Promise<true> {
  return eventually(() => (existsSync(`/proc/${pid}`) ? undefined : true));
}

/** The arguments of a check that records an incident. */
function record(): readonly string[] {
  return ['-c', 'entries=1000000000:', '--record', '--state-dir', scratch()];
}

liveSuite('a slow tool', ['/usr/bin/unshare', '/usr/sbin/nft', '/usr/bin/nsenter', '/usr/bin/script'], () => {
  test.each<[string, () => readonly string[]]>([
    ['report', () => ['report', '--interval', '0.1']],
    ['report --watch', () => ['report', '--watch', '--interval', '0.1']],
    ['the check', record],
  ])('%s ends at one signal, and the tool with it', async (_, args) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const { child, ended, pids } = withSlow('/usr/sbin/nft', STAYS, [...RUN, ...args()]);
      const [tool] = await pids();
      const began = Date.now();
      child.kill(signal);
      expect(await ended).toEqual({ status: null, signal });
      expect(Date.now() - began).toBeLessThan(AT_ONCE);
      await untilGone(tool);
    }
  });

  test('report --watch leaves the terminal as it was, with the last report on it', async () => {
    const log = join(scratch(), 'log');
    const watch = `stty rows 30 cols 80; exec ${RUN.join(' ')} report --watch --interval 0.1`;
    const script = `grep -q CONNTRACK ${log} || exit 1; ${STAYS}`;
    const { ended, pids } = withSlow('/usr/sbin/nft', script, ['script', '-qefc', watch, log]);
    const [tool, plugin] = await pids();
    process.kill(plugin, 'SIGTERM');
    await ended;
    const [drawn = '', left = ''] = readFileSync(log, 'latin1').split('\x1b[?25h\x1b[?1049l');
    expect(drawn).toContain('CONNTRACK ');
    expect(left).toContain('What to do');
    await untilGone(tool);
  });

  test('is ended by the deadline, with the process that it started', async () => {
    trackingNamespace();
    const line = [...RUN, '--netns', 'all', '-t', '2'];
    const { output, ended, pids } = withSlow('/usr/bin/nsenter', FORKS, line);
    const [tool] = await pids();
    expect(await ended).toEqual({ status: 3, signal: null });
    expect(output()).toMatch(/^CONNTRACK UNKNOWN - timeout before reading nsenter --net=\S+\n$/);
    await untilGone(tool);
  });

  test.each<[string, number, () => readonly string[]]>([
    ['8 s, unless given', 8000, () => []],
    ['3 s, with an incident to record', 3000, () => ['-t', '3', ...record()]],
  ])('ends by its deadline with two busy processes for each CPU: %s', async (_, deadline, args) => {
    trackingNamespace();
    for (let busy = 0; busy < 2 * cpus().length; busy++) {
      const loop = spawn('sh', ['-c', 'while :; do :; done']);
      onTestFinished(() => void loop.kill('SIGKILL'));
    }
    const began = Date.now();
    const { output, ended } = withSlow('/usr/bin/nsenter', STAYS, [...RUN, '--netns', 'all', ...args()]);
    expect(await ended).toEqual({ status: 3, signal: null });
    expect(Date.now() - began).toBeLessThan(deadline + MOST_OVERRUN);
    expect(output()).toMatch(/^CONNTRACK UNKNOWN - timeout before reading \S[^\n]*\n$/);
  });
});
