// The plan: acquire the table and what surrounds it, work out what a limit costs, tell how to set it.

import type { PlanOptions } from '../cli/options.ts';
import { type ObjectCost, objectCost } from '../evaluate/footprint.ts';
import { measure } from '../evaluate/measure.ts';
import { planFor } from '../evaluate/plan.ts';
import type { Facts, Reading } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import { readSurroundings } from '../kernel/surroundings.ts';
import { attemptLines, tableDetails } from '../present/details.ts';
import { faultWords } from '../present/faults.ts';
import { statusLine } from '../present/line.ts';
import { planText } from '../present/plan.ts';
import type { Outcome } from './check.ts';

export function plan(options: PlanOptions, deadline: Deadline): Outcome {
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

function tablePlan(root: Root, facts: Facts, { max, objectSize, verbosity }: PlanOptions): Outcome {
  const cost = objectCost(facts, objectSize);
  const surroundings = readSurroundings(root, facts);
  const planned = planFor(facts, surroundings, cost, max);
  const late = root.late();
  if (late !== undefined) return unknown(faultWords(late));
  if (!planned.ok) return unknown(faultWords(planned.fault));
  const details = [
    ...(verbosity > 0 ? ['', 'Figures', ...figures(facts, cost)] : []),
    ...(verbosity > 1 ? ['', 'Files', ...attemptLines(root.attempts, verbosity > 2)] : []),
  ];
  return { state: 'ok', output: `${[...planText(facts, surroundings, planned.value), ...details].join('\n')}\n` };
}

function figures(facts: Facts, cost: Reading<ObjectCost>): readonly string[] {
  const measurements = measure(facts, cost);
  return tableDetails({ facts, entries: facts.count, cost, measurements, thresholds: {}, past: undefined });
}

function unknown(text: string): Outcome {
  return { state: 'unknown', output: `${statusLine('unknown', text)}\n` };
}
