// A higher limit, or why there is none.
//   When    the table is full or fills up, and the load suggests more than it has, or than its files set
//   Cost    memory alone
//   Undo    the limit and the buckets that were read

import type { Plan } from '../../evaluate/sizing.ts';
import { grouped } from '../../words/prose.ts';
import { bucketActions } from '../../words/remedies.ts';
import { durationWords } from '../../words/words.ts';
import { adviceRow } from './advice-row.ts';
import { type Case, TABLE_FULL } from './case.ts';
import { type Demand, demandOf } from './demand.ts';
import { limitStep, plannedLimit } from './limit-step.ts';
import { restoreAdvice } from './restore-limit.ts';
import { type Context, PASSING, type Step, typedStep } from './step.ts';

export interface RaiseAdvice {
  readonly kind: 'raise';
  readonly plan: Plan;
  readonly demand: Demand | undefined;
  /** Seconds until the table is full again at the present rate; undefined if the limit is enough. */
  readonly holds: number | undefined;
}

/** A higher limit would help, but there is not enough memory for it. */
export interface NoMemoryAdvice {
  readonly kind: 'no_memory';
  readonly plan: Plan | undefined;
}

/** A raise that may lead the advice: the table does not fill up again. */
export const lastingRaiseRow = adviceRow((facts) => raiseAdvice(facts).filter(doesHold), anyRaiseStep);
export const passingRaiseRow = adviceRow(
  (facts) => raiseAdvice(facts).filter((raise) => !doesHold(raise)),
  anyRaiseStep,
);

function raiseAdvice(facts: Case): readonly (RaiseAdvice | NoMemoryAdvice)[] {
  const { limit: now, entries } = facts.diagnosis.worst.result.table;
  const demand = demandOf(facts.diagnosis, facts.holdings, facts.arrivals);
  const plan = plannedLimit(facts);
  const restored = restoreAdvice(facts)[0]?.plan.limit ?? 0;
  if (!isLimitShort(facts, demand) || plan === undefined || plan.limit <= restored) return [];
  const isTooMuch = plan.reason === 'in_use' || (plan.reason === 'memory' && plan.limit <= now);
  if (plan.fits === false || isTooMuch) return [{ kind: 'no_memory', plan }];
  return plan.limit > now ? [{ kind: 'raise', plan, demand, holds: holdingSeconds(plan, entries, demand) }] : [];
}

/** Entries that are refused for long chains need buckets, unless they would fill the table. */
function isLimitShort({ diagnosis: { trouble, worst } }: Case, demand: Demand | undefined): boolean {
  if (trouble === 'refusing') return (demand?.entries ?? 0) > worst.result.table.limit;
  return TABLE_FULL.includes(trouble);
}

function holdingSeconds({ limit }: Plan, entries: number, demand: Demand | undefined): number | undefined {
  if (demand === undefined || demand.entries <= limit) return undefined;
  return Math.max(0, limit - entries) / demand.perSecond;
}

function doesHold(advice: RaiseAdvice | NoMemoryAdvice): boolean {
  return advice.kind === 'raise' && advice.holds === undefined;
}

function anyRaiseStep(advice: RaiseAdvice | NoMemoryAdvice, context: Context): Step {
  return advice.kind === 'raise' ? raiseStep(advice, context) : noMemoryStep();
}

const UNTIL_BOOT =
  'It lasts until the next boot. For a permanent limit, run check_conntrack plan when the load is normal again.';

export function raiseStep(advice: RaiseAdvice, context: Context): Step {
  const { machine } = context.observation;
  const buckets = bucketActions(machine, advice.plan.buckets).length > 0 ? ', and the buckets with it' : '';
  const step = limitStep(advice.plan, demandNotes(advice), context);
  const title = `Raise the limit to ${grouped(advice.plan.limit)}${buckets}.`;
  // A rate of refused packets may be a flood, which is no measure of a permanent limit.
  return advice.demand?.kind === 'lacking'
    ? { title, ...step, files: [], notes: [...step.notes, UNTIL_BOOT] }
    : { title, ...step };
}

function demandNotes({ demand, holds }: RaiseAdvice): readonly string[] {
  if (demand === undefined) return ['New connections are accepted at once.'];
  const { kind, perSecond, seconds, entries } = demand;
  const rate = grouped(Math.round(perSecond));
  const count = `about ${grouped(Math.round(entries))} entries, with those that have ended and are not collected yet`;
  const words =
    kind === 'growing'
      ? `The table grows by ${rate} entries/s. If that goes on, and each lives ${durationWords(seconds)} or more, it will hold ${count}.`
      : `${rate} packets/s are refused a new entry. If each lived ${durationWords(seconds)} or more, the table would hold ${count}. Retries are counted again; clients that back off are not.`;
  if (holds === undefined) return [words, 'New connections are accepted at once.'];
  return [
    words,
    `New connections are accepted at once, for about ${durationWords(holds)} at this rate.`,
    'The load needs more than this. A higher limit alone will not fix it: the table fills up again unless the load drops.',
  ];
}

export function noMemoryStep(): Step {
  return {
    title: 'Do not raise the limit: there is not enough memory.',
    ...typedStep('', []),
    notes: ['A full table is never swapped. Block the flood, or spread the load.'],
    ...PASSING,
  };
}
