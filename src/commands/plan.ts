// The plan: acquire the table and what surrounds it, work out what a limit costs, tell how to set it.

import type { PlanOptions } from '../cli/options.ts';
import { type ObjectCost, objectCost } from '../evaluate/footprint.ts';
import { measure } from '../evaluate/measure.ts';
import { planFor } from '../evaluate/plan.ts';
import type { State } from '../evaluate/state.ts';
import type { Facts, Reading } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import { readSurroundings } from '../kernel/surroundings.ts';
import { attemptLines, tableDetails } from '../present/details.ts';
import { renderJson } from '../present/documents.ts';
import { faultWords } from '../present/faults.ts';
import { statusLine } from '../present/line.ts';
import { planBody, planText } from '../present/plan.ts';
import type { Outcome } from './check.ts';

export function plan(options: PlanOptions, deadline: Deadline): Outcome {
  const told = planOn(options, deadline);
  const { state, text, lines, body, details } = told;
  if (options.format === 'json') return { state, output: renderJson('plan', { state, text, details }, body) };
  const shown = state === 'ok' ? [...lines, ...section('Figures', details)] : [statusLine(state, text)];
  return { state, output: `${shown.join('\n')}\n` };
}

/** A plan in words and in figures, or the failure that stands for it. */
interface Told {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  readonly body: object;
  readonly details: readonly string[];
}

function planOn(options: PlanOptions, deadline: Deadline): Told {
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return unknown(faultWords(opened.fault));
  const { root } = opened;
  const acquired = acquire(root, true);
  switch (acquired.kind) {
    case 'absent':
      return unknown('no connection tracking visible here');
    case 'fault':
      return unknown(faultWords(acquired.fault));
    case 'table':
      return tablePlan(root, acquired.facts, options);
  }
}

function tablePlan(root: Root, facts: Facts, { max, objectSize, verbosity }: PlanOptions): Told {
  const cost = objectCost(facts, objectSize);
  const surroundings = readSurroundings(root, facts);
  const planned = planFor(facts, surroundings, cost, max);
  const late = root.late();
  if (late !== undefined) return unknown(faultWords(late));
  if (!planned.ok) return unknown(faultWords(planned.fault));
  const lines = planText(facts, surroundings, planned.value);
  const attempts = verbosity > 1 ? attemptLines(root.attempts, verbosity > 2) : [];
  const details = verbosity > 0 ? [...figures(facts, cost), ...attempts] : [];
  return { state: 'ok', text: lines[0] ?? '', lines, body: planBody(facts, surroundings, planned.value), details };
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function figures(facts: Facts, cost: Reading<ObjectCost>): readonly string[] {
  const measurements = measure(facts, cost);
  return tableDetails({ facts, entries: facts.count, cost, measurements, thresholds: {}, past: undefined });
}

function unknown(text: string): Told {
  return { state: 'unknown', text, lines: [], body: { plan: null }, details: [] };
}
