// The part that all steps that set a limit share.

import type { Plan } from '../../evaluate/sizing.ts';
import { planFor } from '../../evaluate/sizing.ts';
import type { Observation } from '../../model/observation.ts';
import { grouped } from '../../words/prose.ts';
import { durable, type FileLines, limitActions } from '../../words/remedies.ts';
import { foreign, sizeWords } from '../../words/words.ts';
import type { Case } from './case.ts';
import { demandOf } from './demand.ts';
import { type Context, type Step, typedStep } from './step.ts';

/** A plan for the table that the verdict is about; `limit` undefined: the limit that its load suggests. */
export function plannedLimit(facts: Case, limit?: number): Plan | undefined {
  const { evaluation, diagnosis } = facts;
  const { table } = diagnosis.worst.result;
  const demand = demandOf(diagnosis, facts.holdings, facts.arrivals);
  const planned = planFor(evaluation.observation, table, evaluation.cost, limit, demand?.entries);
  return planned.ok ? planned.value : undefined;
}

export function limitStep(plan: Plan, reasons: readonly string[], { observation }: Context): Omit<Step, 'title'> {
  const { available } = observation.machine;
  const room = available.ok ? `, of ${sizeWords(available.value.bytes)} available` : '';
  const where = observation.tables[0].isInitial
    ? ''
    : ' On the host, in the initial network namespace: elsewhere it may be read-only.';
  const effect = `Cost: up to ${sizeWords(Math.max(0, plan.extraBytes))} more when full${room}.${where}`;
  const former = observation.tables[0].limit;
  const undo = `Undo it only while fewer than ${grouped(former)} entries are in use: above that, new connections are dropped.`;
  return {
    ...typedStep('', limitActions(observation, plan)),
    notes: [...reasons, effect, undo],
    inNamespace: false,
    files: planFiles(plan, observation),
  };
}

/** A file that sets it already has a name and a line from outside. */
export function planFiles(plan: Plan, observation: Observation): readonly FileLines[] {
  return durable(observation, plan).map(({ where, lines, replaces = [] }) => ({
    where: foreign(where),
    lines,
    replaces: replaces.map(foreign),
  }));
}
