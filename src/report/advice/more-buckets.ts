// More buckets for the same limit.
//   When    entries are refused because hash chains are too long, and the limit is enough
//   Undo    the number that was read

import type { Plan } from '../../evaluate/sizing.ts';
import { grouped } from '../../words/prose.ts';
import { bucketActions } from '../../words/remedies.ts';
import { sizeWords } from '../../words/words.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { demandOf } from './demand.ts';
import { planFiles, plannedLimit } from './limit-step.ts';
import { type Context, type Step, typedStep } from './step.ts';

export interface BucketAdvice {
  readonly kind: 'buckets';
  readonly plan: Plan;
}

export const bucketRow = adviceRow(bucketAdvice, bucketStep);

export function bucketAdvice(facts: Case): readonly BucketAdvice[] {
  const { evaluation, diagnosis } = facts;
  const { limit } = diagnosis.worst.result.table;
  const demand = demandOf(diagnosis, facts.holdings, facts.arrivals);
  if (diagnosis.trouble !== 'refusing' || (demand?.entries ?? 0) > limit) return [];
  const { buckets } = evaluation.observation.machine;
  const plan = plannedLimit(facts, limit);
  return plan !== undefined && buckets.ok && plan.buckets > buckets.value ? [{ kind: 'buckets', plan }] : [];
}

export function bucketStep({ plan }: BucketAdvice, { observation }: Context): Step {
  return {
    title: `Raise the buckets to ${grouped(plan.buckets)}, for shorter chains.`,
    ...typedStep('', bucketActions(observation.machine, plan.buckets)),
    notes: [`Entries are in shorter chains at once. Cost: ${sizeWords(plan.hashTable)} of memory in all.`],
    inNamespace: false,
    files: planFiles(plan, observation),
  };
}
