// The limit and the buckets: set again, raised, made to last, or left as they are for want of memory.

import type { Plan } from '../../evaluate/sizing.ts';
import type { Observation } from '../../model/observation.ts';
import { causeWords } from '../../words/drift-words.ts';
import { grouped } from '../../words/prose.ts';
import { bucketActions, durable, type FileLines, limitActions } from '../../words/remedies.ts';
import { durationWords, foreign, sizeWords } from '../../words/words.ts';
import type { Advice } from './advice.ts';
import { type Context, PASSING, type Step, typedStep } from './step.ts';

type Raise = Extract<Advice, { kind: 'raise' }>;

export function restoreStep({ drift, causes, plan }: Extract<Advice, { kind: 'restore' }>, context: Context): Step {
  const { generation } = context.observation.machine;
  return {
    title: `Restore the limit of ${grouped(drift.wanted.limit)} that ${foreign(drift.wanted.path)} sets.`,
    ...limitStep(
      plan,
      causes.map((cause) => `Likely cause: ${causeWords(cause, drift, generation)}.`),
      context,
    ),
  };
}

export function raiseStep(advice: Raise, context: Context): Step {
  const { machine } = context.observation;
  const buckets = bucketActions(machine, advice.plan.buckets).length > 0 ? ', and the buckets with it' : '';
  return {
    title: `Raise the limit to ${grouped(advice.plan.limit)}${buckets}.`,
    ...limitStep(advice.plan, demandNotes(advice), context),
  };
}

function limitStep(plan: Plan, reasons: readonly string[], { observation }: Context): Omit<Step, 'title'> {
  const { available } = observation.machine;
  const room = available.ok ? `, of ${sizeWords(available.value.bytes)} available` : '';
  const where = observation.tables[0].isInitial
    ? ''
    : ' On the host, in the initial network namespace: elsewhere it may be read-only.';
  const effect = `Cost: up to ${sizeWords(Math.max(0, plan.more))} more when full${room}.${where}`;
  return {
    ...typedStep('', limitActions(observation, plan)),
    notes: [...reasons, effect],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

/** A file that sets it already has a name and a line from outside. */
function filesOf(plan: Plan, observation: Observation): readonly FileLines[] {
  return durable(observation, plan).map(({ where, lines, replaces = [] }) => ({
    where: foreign(where),
    lines,
    replaces: replaces.map(foreign),
  }));
}

function demandNotes({ demand, plan }: Raise): readonly string[] {
  if (demand === undefined) return ['New connections get in at once.'];
  const { kind, perSecond, seconds, entries } = demand;
  const rate = grouped(Math.round(perSecond));
  const count = `about ${grouped(Math.round(entries))} entries, with those that have ended and are not collected yet`;
  const words =
    kind === 'growing'
      ? `The table grows by ${rate} entries/s. If that goes on, and each lives ${durationWords(seconds)} or more, it will hold ${count}.`
      : `${rate} packets/s are refused a new entry. If each lived ${durationWords(seconds)} or more, the table would hold ${count}. Retries are counted again; clients that back off are not.`;
  return plan.limit < entries
    ? [
        words,
        'This exceeds memory. A higher limit alone will not fix it: the table fills up again unless the load drops.',
      ]
    : [words, 'New connections get in at once.'];
}

export function bucketStep({ plan }: Extract<Advice, { kind: 'buckets' }>, { observation }: Context): Step {
  return {
    title: `More buckets, ${grouped(plan.buckets)}: shorter chains.`,
    ...typedStep('', bucketActions(observation.machine, plan.buckets)),
    notes: [`Entries are in shorter chains at once. Cost: ${sizeWords(plan.hashTable)} of memory in all.`],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

export function keepStep({ plan }: Extract<Advice, { kind: 'keep' }>, { observation }: Context): Step {
  return {
    title: `Nothing now. Make the limit of ${grouped(plan.limit)} last: no file sets it.`,
    ...typedStep('', []),
    notes: [],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

export function noMemoryStep(): Step {
  return {
    title: 'No higher limit: there is not enough memory for it.',
    ...typedStep('', []),
    notes: ['A full table is never swapped. Keep the flood out, or spread the load.'],
    ...PASSING,
  };
}
