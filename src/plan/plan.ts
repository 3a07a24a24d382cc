// The plan command: reads the table and the machine, computes the cost of a limit, prints how to set it.

import type { Format, PlanOptions } from '../cli/options.ts';
import type { Outcome, Program } from '../cli/program.ts';
import { evaluate } from '../evaluate/evaluate.ts';
import { type Plan, planFor } from '../evaluate/sizing.ts';
import type { State } from '../evaluate/state.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import type { Observation } from '../model/observation.ts';
import { attemptLines, tableDetails } from '../words/details.ts';
import { faultWords } from '../words/faults.ts';
import { renderJson } from '../words/json.ts';
import { statusLine } from '../words/line.ts';
import { type PlanBody, planBody } from './plan-body.ts';
import { misfitText, misfitWords, planText } from './plan-text.ts';

export const planCommand: Program<PlanOptions> = {
  run: async (options, deadline) => writtenPlan(await planOn(options, deadline), options.format),
  fail: async (text, format) => writtenPlan(unknownPlan(text), format),
};

function writtenPlan(message: PlanMessage, format: Format): Outcome {
  const { state, text, lines, body, details } = message;
  if (format === 'json') return { state, output: renderJson(message, 'plan', body) };
  const status = state === 'ok' ? [] : [statusLine(state, text), ...(lines.length > 0 ? [''] : [])];
  const shown = [...status, ...lines, ...planSection('Figures', details)];
  return { state, output: `${shown.join('\n')}\n` };
}

/** A plan as text and figures, or the failure in its place. */
interface PlanMessage {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  readonly body: PlanBody;
  readonly details: readonly string[];
}

async function planOn(options: PlanOptions, deadline: Deadline): Promise<PlanMessage> {
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return unknownPlan(faultWords(opened.fault));
  const { root } = opened;
  const message = await tablePlan(root, options);
  const late = root.late();
  return late === undefined ? message : unknownPlan(faultWords(late));
}

async function tablePlan(root: Root, { max, objectSize, verbosity }: PlanOptions): Promise<PlanMessage> {
  const observed = await acquire(root, { machine: 'all', configuration: true, evidence: 'always', extensions: true });
  if (observed.kind === 'absent') return unknownPlan('no connection tracking visible here');
  if (observed.kind === 'fault') return unknownPlan(faultWords(observed.fault));
  const { observation } = observed;
  const evaluation = evaluate(observation, new Map(), { thresholds: {}, objectSize, drift: 'ok', partial: 'ok' });
  const planned = planFor(observation, observation.tables[0], evaluation.cost, max);
  if (!planned.ok) return unknownPlan(faultWords(planned.fault));
  const isSettable = planned.value.obstacle === undefined;
  const lines = isSettable ? planText(observation, planned.value) : misfitText(observation, planned.value);
  const attempts = verbosity > 1 ? attemptLines(root.attempts, verbosity > 2) : [];
  const details = verbosity > 0 ? [...tableDetails(evaluation, undefined), ...attempts] : [];
  const verdict = isSettable ? ({ state: 'ok', text: lines[0] ?? '' } as const) : misfit(observation, planned.value);
  return { ...verdict, lines, body: planBody(observation, planned.value), details };
}

function misfit(observation: Observation, planned: Plan): Pick<PlanMessage, 'state' | 'text'> {
  return { state: 'unknown', text: misfitWords(observation, planned) };
}

function planSection(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function unknownPlan(text: string): PlanMessage {
  return { state: 'unknown', text, lines: [], body: { plan: null }, details: [] };
}
