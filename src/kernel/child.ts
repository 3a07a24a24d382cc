// Runs one of the machine's own tools: on fixed paths, without a shell, never longer than the deadline.

import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import type { ReadAttempt, Reading } from '../facts.ts';
import { errnoName } from './file.ts';
import type { Root } from './root.ts';

const SPAWN: SpawnSyncOptionsWithStringEncoding = {
  killSignal: 'SIGKILL',
  encoding: 'latin1',
  env: { LC_ALL: 'C' },
  stdio: ['ignore', 'pipe', 'pipe'],
  maxBuffer: 1 << 22,
};

/** What a tool said, each byte a character. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** An errno name or an exit status; undefined for success. */
  readonly failure: string | undefined;
}

/** Runs the first of `lines` (program and arguments) whose program is there; `source` is what to call it in words. */
export function runTool<T>(
  root: Root,
  source: string,
  lines: readonly (readonly string[])[],
  interpret: (answer: Answer) => Reading<T>,
): Reading<T> {
  for (const [program = '', ...args] of lines) {
    const late = root.expired(source);
    if (late !== undefined) return { ok: false, fault: late };
    const before = root.deadline.elapsed();
    const child = spawnSync(program, args, { ...SPAWN, timeout: childTime(root.deadline.left()) });
    const errno = child.error === undefined ? undefined : errnoName(child.error);
    if (errno === 'ENOENT') continue;
    const reading = timedOut(root, source, errno) ?? interpret(answer(errno, child.status, child));
    root.record(attempted(source, reading, child.stdout, root.deadline.elapsed() - before));
    return reading;
  }
  return { ok: false, fault: { kind: 'tool-missing', source } };
}

interface Texts {
  readonly stdout: string | null;
  readonly stderr: string | null;
}

function answer(errno: string | undefined, status: number | null, { stdout, stderr }: Texts): Answer {
  const failure = errno ?? (status === 0 ? undefined : `exit status ${status}`);
  return { stdout: stdout ?? '', stderr: stderr ?? '', failure };
}

function timedOut(root: Root, source: string, errno: string | undefined): Reading<never> | undefined {
  const late = errno === 'ETIMEDOUT' ? root.expired(source) : undefined;
  return late === undefined ? undefined : { ok: false, fault: late };
}

function attempted(
  source: string,
  reading: Reading<unknown>,
  stdout: string | null,
  milliseconds: number,
): ReadAttempt {
  const fault = reading.ok ? {} : { fault: reading.fault };
  return { source, bytes: stdout === null ? 0 : stdout.length, milliseconds, ...fault };
}

// spawnSync takes 0 for no limit, and warns above 2^31.
function childTime(left: number): number {
  return Math.min(Math.max(Math.ceil(left), 1), 2 ** 31 - 1);
}
