// The check: acquire one table, evaluate it, present line, perfdata and long output.

import type { CheckOptions } from '../cli/options.ts';
import { objectCost } from '../evaluate/footprint.ts';
import { judge } from '../evaluate/judge.ts';
import { measure } from '../evaluate/measure.ts';
import type { State } from '../evaluate/state.ts';
import type { Facts, Fault, ReadAttempt } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot } from '../kernel/root.ts';
import { attemptLines, tableDetails } from '../present/details.ts';
import { faultWords } from '../present/faults.ts';
import { statusLine, tableText } from '../present/line.ts';
import { fitOutput } from '../present/output.ts';
import { perfdata } from '../present/perfdata.ts';

/** What a command leaves for the process to print and to exit with. */
export interface Outcome {
  readonly state: State;
  readonly output: string;
}

export async function check(options: CheckOptions, deadline: Deadline): Promise<Outcome> {
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return failed(opened.fault, options, []);
  const { root } = opened;
  const acquired = await acquire(root);
  switch (acquired.kind) {
    case 'absent':
      return plain(options.absent, 'no connection tracking visible here', options, root.attempts);
    case 'fault':
      return failed(acquired.fault, options, root.attempts);
    case 'table':
      return reported(acquired.facts, options, root.attempts);
  }
}

function reported(facts: Facts, options: CheckOptions, attempts: readonly ReadAttempt[]): Outcome {
  const { thresholds, verbosity } = options;
  const cost = objectCost(facts, options.objectSize);
  const measurements = measure(facts, cost);
  const verdict = judge(measurements, thresholds);

  const text = tableText(facts, measurements, verdict, cost.ok ? cost.value.origin : undefined);
  const data = perfdata(measurements, thresholds, facts.max);
  const details = verbosity > 0 ? tableDetails(facts, cost, measurements, thresholds) : [];
  const attempted = readLines(attempts, verbosity);
  return { state: verdict.state, output: fitOutput(statusLine(verdict.state, text), data, [...details, ...attempted]) };
}

function failed(fault: Fault, options: CheckOptions, attempts: readonly ReadAttempt[]): Outcome {
  return plain('unknown', faultWords(fault), options, attempts);
}

function plain(state: State, text: string, options: CheckOptions, attempts: readonly ReadAttempt[]): Outcome {
  return { state, output: fitOutput(statusLine(state, text), [], readLines(attempts, options.verbosity)) };
}

function readLines(attempts: readonly ReadAttempt[], verbosity: number): readonly string[] {
  return verbosity > 1 ? attemptLines(attempts, verbosity > 2) : [];
}
