// Each system call fails once, with every error that it can have: the check still prints one line, never milder than
// the truth.

import { mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PLUGIN } from '../e2e/support/plugin.ts';
import { scratch, tree } from '../e2e/support/tree.ts';
import { type Run, run, systemCalls } from './support.ts';

const ERRORS = ['EIO', 'ENOMEM', 'EINTR', 'EACCES', 'EMFILE'];
// Calls that strace itself needs to start the program, and calls that cannot fail.
const NEVER_FAILS = [
  'execve',
  'exit_group',
  'exit',
  'arch_prctl',
  'set_tid_address',
  'getpid',
  'geteuid',
  'rt_sigreturn',
];

/** A call, its index among calls of that name, and its error. */
interface Injection {
  readonly call: string;
  readonly when: number;
  readonly error: string;
}

function injections(calls: readonly string[]): readonly Injection[] {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
  return Array.from(counts).flatMap(([call, count]) =>
    NEVER_FAILS.includes(call)
      ? []
      : Array.from({ length: count }, (_, at) => ERRORS.map((error) => ({ call, when: at + 1, error }))).flat(),
  );
}

/** Undefined if the call was not reached. */
async function withFailing({ call, when, error }: Injection, log: string, args: readonly string[]) {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`];
  const answer = await run(['strace', '-f', '-qqq', '-o', log, ...inject, PLUGIN, ...args]);
  return readFileSync(log, 'latin1').includes('(INJECTED)') ? answer : undefined;
}

/** Returns the fault of an answer; undefined if there is none. `calmest` is the lowest permitted exit code. */
function complaint({ status, stdout, stderr }: Run, calmest: number): string | undefined {
  if (stderr !== '') return `stderr: ${stderr}`;
  if (status === null || status > 3) return `exit ${status}`;
  if (!/^CONNTRACK (OK|WARNING|CRITICAL|UNKNOWN) - [^\n]+\n$/.test(stdout)) return `stdout: ${stdout}`;
  // If a file could not be read, the check makes no claim about its settings.
  return status < calmest && !stdout.includes('; configured limit not judged: ') ? `calmer: ${stdout}` : undefined;
}

async function complaints(calmest: number, ...args: readonly string[]): Promise<readonly string[]> {
  const all = injections(await systemCalls(...args));
  const waiting = all.slice();
  const answers: (readonly [Injection, Run])[] = [];
  const folder = scratch();
  const worker = async (_: unknown, place: number): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const answer = await withFailing(next, join(folder, String(place)), args);
      if (answer !== undefined) answers.push([next, answer]);
    }
  };
  await Promise.all(cpus().map(worker));
  // With history, no two runs are the same.
  expect(answers.length).toBeGreaterThan(0.95 * all.length);
  return answers.flatMap(([{ call, when, error }, answer]) => {
    const wrong = complaint(answer, calmest);
    return wrong === undefined ? [] : [`${call} ${when} ${error}: ${wrong}`];
  });
}

test('the check', async () => {
  expect(await complaints(0)).toEqual([]);
});

test('with history', async () => {
  const state = scratch();
  await run([PLUGIN, '--state-dir', state]);
  expect(await complaints(0, '--state-dir', state)).toEqual([]);
});

test('a table that is full', async () => {
  const root = tree('over-limit-synthetic');
  expect(await complaints(2, '--root', root)).toEqual([]);
});

test('a limit below the configured one', async () => {
  const root = tree('debian-12-synthetic', {
    'etc/sysctl.d/50-limit.conf': 'net.netfilter.nf_conntrack_max = 1000000\n',
  });
  expect(await complaints(1, '--root', root)).toEqual([]);
});

test('a loss that is judged by history', async () => {
  const [root, state] = [tree('linux-6.18-capture'), scratch()];
  mkdirSync(join(state, 'new'));
  expect(await complaints(0, '--root', root, '--state-dir', join(state, 'new'))).toEqual([]);
});
