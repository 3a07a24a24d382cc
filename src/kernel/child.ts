// Runs one of the machine's own tools: on fixed paths, without a shell, never longer than the deadline.

import { children } from '#system/children';
import type { ReadAttempt, Reading } from '../observation/fault.ts';
import type { Root } from './root.ts';

/** What a tool said, each byte a character. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** An errno name or an exit status; undefined for success. */
  readonly failure: string | undefined;
}

/**
 * Runs the first of `lines` (program and arguments) whose program is there; `source` is what to call it in words, and
 * `longest` the milliseconds that it may take.
 */
export function runTool<T>(
  root: Root,
  source: string,
  lines: readonly (readonly string[])[],
  interpret: (answer: Answer) => Reading<T>,
  longest = Number.POSITIVE_INFINITY,
): Reading<T> {
  for (const [program = '', ...args] of lines) {
    const late = root.expired(source);
    if (late !== undefined) return { ok: false, fault: late };
    const before = root.deadline.elapsed();
    const { stdout, stderr, status, errno } = children.run(program, args, Math.min(root.deadline.left(), longest));
    if (errno === 'ENOENT') continue;
    const failure = errno ?? (status === 0 ? undefined : `exit status ${status ?? null}`);
    const reading = timedOut(root, source, errno) ?? interpret({ stdout, stderr, failure });
    root.record(attempted(source, reading, stdout, root.deadline.elapsed() - before));
    return reading;
  }
  return { ok: false, fault: { kind: 'tool-missing', source } };
}

function timedOut(root: Root, source: string, errno: string | undefined): Reading<never> | undefined {
  const late = errno === 'ETIMEDOUT' ? root.expired(source) : undefined;
  return late === undefined ? undefined : { ok: false, fault: late };
}

function attempted(source: string, reading: Reading<unknown>, stdout: string, milliseconds: number): ReadAttempt {
  const fault = reading.ok ? {} : { fault: reading.fault };
  return { source, bytes: stdout.length, milliseconds, ...fault };
}
