// Runs the standalone executable under strace(1), which shows its system calls and can make one of them fail.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Does not wait, so that several can run at the same time. */
export function run(line: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Run> {
  const [file = '', ...args] = line;
  const child = spawn(file, args, { cwd: TOP, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('latin1').on('data', (text) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...texts })));
}

/**
 * Returns the names of a run's system calls, in order; for its children, only those before they become another program.
 */
export async function systemCalls(...args: readonly string[]): Promise<readonly string[]> {
  const log = join(scratch(), 'calls');
  await run([
    'timeout',
    '-s',
    'INT',
    '5',
    'strace',
    '-f',
    '-qqq',
    '-s',
    '0',
    '-e',
    'signal=none',
    '-o',
    log,
    PLUGIN,
    ...args,
  ]);
  const [first = '', ...lines] = readFileSync(log, 'latin1').split('\n');
  const others = new Set<string>();
  const calls = lines.flatMap((line) => {
    const [, pid = '', call = ''] = /^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)/.exec(line) ?? [];
    // A process that is killed at the entry of a call has a negative number for it.
    if (others.has(pid) || call === '' || call.startsWith('syscall_0xffff')) return [];
    if (call === 'execve' && line.endsWith('= 0')) others.add(pid);
    return line.includes(' resumed>') ? [] : [call];
  });
  if (!first.includes('execve(')) throw new Error(`strace says: ${first}`);
  return ['execve', ...calls];
}

// System call numbers never change, so a number gives the age. The last one of Linux 2.6.18 (CentOS 5) is move_pages.
const HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
const LAST = 279;

/** Returns the calls that Linux 2.6.18 does not have. */
export async function newCalls(...args: readonly string[]): Promise<readonly string[]> {
  const numbers = new Map(
    Array.from(readFileSync(HEADER, 'latin1').matchAll(/^#define __NR_(\w+) (\d+)$/gm), ([, name = '', digits]) => [
      name,
      Number(digits),
    ]),
  );
  if (numbers.get('move_pages') !== LAST) throw new Error(`${HEADER} is of another architecture`);
  const calls = await systemCalls(...args);
  return [...new Set(calls)].filter((name) => (numbers.get(name) ?? Number.POSITIVE_INFINITY) > LAST);
}
