// The process around the check: it always exits with one of four codes, and prints nothing on stderr.

import { execFileSync, spawn } from 'node:child_process';
import { constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, fixture, plugin, RUN, shell, TOP } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

const CRITICAL = `$RUN --root ${fixture('over-limit-synthetic')}`;

test('keeps the verdict with stdout closed: exit 2', () => {
  expect(shell(`${CRITICAL} >&-`)).toEqual({ status: 2, stdout: '', stderr: '' });
});

test('keeps the verdict with stdin and stderr closed: exit 2', () => {
  expect(shell(`${CRITICAL} <&- 2>&-`)).toMatchObject({ status: 2, stdout: expect.stringMatching(/^CONNTRACK CRIT/) });
});

test('a reader that has gone: exit 3, nothing on stderr', () => {
  const { stdout, stderr } = shell(`{ { sleep 0.2; ${CRITICAL}; echo "exit $?" >&3; } | :; } 3>&1`);
  expect({ stdout, stderr }).toEqual({ stdout: 'exit 3\n', stderr: '' });
});

test('a full disk as stdout: exit 3, nothing on stderr', () => {
  expect(shell(`${CRITICAL} >/dev/full`)).toEqual({ status: 3, stdout: '', stderr: '' });
});

test('few file descriptors, as under ulimit -n 32: exit 2', () => {
  expect(shell(`ulimit -n 32; ${CRITICAL}`)).toMatchObject({ status: 2, stderr: '' });
});

test('an environment without HOME and with an empty PATH: exit 2', () => {
  const [file = '', ...before] = RUN;
  const args = [...before, '--root', fixture('over-limit-synthetic')];
  expect(command(file, args, { PATH: '' })).toMatchObject({ status: 2, stderr: '' });
});

test('a deleted working directory: exit 2', () => {
  const root = join(TOP, fixture('over-limit-synthetic'));
  const gone = scratch();
  expect(shell(`cd ${gone} && rmdir ${gone} && $RUN --root ${root}`)).toMatchObject({
    status: 2,
    stderr: '',
  });
});

test('a slow reader of a non-blocking pipe gets everything', async () => {
  const { writer, reader, stuffed } = fullPipe();
  const exited = unblocked(writer);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const first = drain(reader);
  expect(await exited).toBe(2);
  expect((first + drain(reader)).slice(stuffed)).toBe(plugin('--root', fixture('over-limit-synthetic')).stdout);
});

test('a non-blocking pipe that accepts nothing: exit 3 after a while', async () => {
  expect(await unblocked(fullPipe().writer)).toBe(3);
});

// Node gives a child its stdout in blocking mode; another process has to undo that.
function unblocked(writer: number): Promise<number | null> {
  const script = 'use Fcntl; fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK); exec @ARGV';
  const args = ['-e', script, ...RUN, '--root', fixture('over-limit-synthetic')];
  const child = spawn('perl', args, { cwd: TOP, stdio: ['ignore', writer, 'inherit'] });
  return new Promise((resolve) => child.on('exit', resolve));
}

function fullPipe() {
  const path = join(scratch(), 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const stuffed = stuff(writer);
  return { reader, writer, stuffed };
}

function stuff(writer: number): number {
  let stuffed = 0;
  try {
    for (;;) stuffed += writeSync(writer, '.'.repeat(4096));
  } catch {
    return stuffed;
  }
}

function drain(reader: number): string {
  const chunk = Buffer.alloc(1 << 20);
  try {
    return chunk.toString('latin1', 0, readSync(reader, chunk)) + drain(reader);
  } catch {
    return '';
  }
}
