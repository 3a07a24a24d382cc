// The limit is below what the files of the machine set.
//   When    they want more entries than are in use, and there is memory for it
//   Undo    the limit and the buckets that were read

import type { Cause, Drift } from '../../evaluate/drift.ts';
import { leastLimit, type Plan } from '../../evaluate/sizing.ts';
import { causeWords } from '../../words/drift-words.ts';
import { grouped } from '../../words/prose.ts';
import { foreign } from '../../words/words.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { limitStep, plannedLimit } from './limit-step.ts';
import type { Context, Step } from './step.ts';

export interface RestoreAdvice {
  readonly kind: 'restore';
  readonly drift: Drift;
  readonly causes: readonly Cause[];
  readonly plan: Plan;
}

export const restoreRow = adviceRow(restoreAdvice, restoreStep);

// The files may set less than is in use by now.
export function restoreAdvice(facts: Case): readonly RestoreAdvice[] {
  const { drift, causes } = facts.evaluation;
  const { entries } = facts.diagnosis.worst.result.table;
  if (drift?.kind !== 'below' || drift.wanted.limit < leastLimit(entries)) return [];
  const plan = plannedLimit(facts, drift.wanted.limit);
  if (plan === undefined || plan.fits === false) return [];
  return [{ kind: 'restore', drift, causes, plan }];
}

export function restoreStep({ drift, causes, plan }: RestoreAdvice, context: Context): Step {
  return {
    title: `Restore the limit of ${grouped(drift.wanted.limit)} that ${foreign(drift.wanted.path)} sets.`,
    ...limitStep(
      plan,
      causes.map((cause) => `Likely cause: ${causeWords(cause, drift, context.observation)}.`),
      context,
    ),
  };
}
