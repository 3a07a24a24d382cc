// All network namespaces on line 1 and in the long output: the worst one, its owner, and the number of namespaces.

import type { TableResult } from '../evaluate/evaluate.ts';
import { gravestFirst, type State } from '../evaluate/state.ts';
import { COUNTER_NAMES } from '../model/counters.ts';
import type { Observation, Visibility } from '../model/observation.ts';
import type { Identities, Namespace } from '../model/table.ts';
import { faultWords } from './faults.ts';
import { loweredClause } from './limit-words.ts';
import {
  fillClause,
  findingClause,
  findingClauses,
  isPlainUsage,
  otherLosses,
  slabClause,
  withUnjudged,
} from './line.ts';
import type { Evaluated } from './message.ts';
import { eachWords } from './slab-words.ts';
import { foreign, percentWords, sizeWords } from './words.ts';

// Line 1 has room for this many.
export const MOST_NAMED = 3;
/** At most this many are listed by `-v`. */
export const MOST_LISTED = 10;

/** One clause of line 1. */
interface Clause {
  readonly state: State;
  readonly usage: number;
  readonly text: string;
}

/** Returns the text after the state; the worst namespace comes first. */
export function everywhereText(evaluated: Evaluated): string {
  return withUnjudged(everywhereWords(evaluated), evaluated.evaluation);
}

function everywhereWords(evaluated: Evaluated): string {
  const { evaluation } = evaluated;
  const [own] = evaluation.results;
  const hereFound = own.findings.length > 0;
  const fill = fillClause(own, own.table.isInitial ? ' here' : ' in this network namespace');
  const clauses = gravestFirst([
    ...(hereFound
      ? [{ state: own.state, usage: usageOf(own), text: findingClauses(own, evaluation, fill).join('; ') }]
      : []),
    ...namespaceClauses(evaluated),
    ...unreadClauses(evaluation.observation),
  ]);
  const texts = clauses.map(({ text }) => text);

  const count = countWords(evaluation.observation);
  if (hereFound) return [...texts, count].join('; ');
  if (clauses.length > 0) return [...texts, `${hereWords(own, fill)}, ${count}`].join('; ');
  return [fill, fullestWords(evaluated), count, slabClause(evaluation)].filter(Boolean).join(', ');
}

function usageOf({ measurements }: TableResult): number {
  return measurements.usage.kind === 'value' ? measurements.usage.value : 0;
}

// `here 0 (0.0%)`: another namespace's figures have named the limit.
function hereWords(own: TableResult, fill: string): string {
  const { table, measurements } = own;
  const plain = otherLosses(own) === '' && measurements.usage.kind === 'value' && table.isInitial;
  return plain ? `here ${table.entries} (${percentWords(usageOf(own))})` : fill;
}

function namespaceClauses(evaluated: Evaluated): readonly Clause[] {
  const { remarkable } = evaluated.evaluation;
  const clauses = remarkable.slice(0, MOST_NAMED).map((result) => ({
    state: result.state,
    usage: usageOf(result),
    text: namespaceClause(result, evaluated),
  }));
  const unnamed = remarkable.length - clauses.length;
  const last = clauses[clauses.length - 1];
  if (unnamed === 0 || last === undefined) return clauses;
  const state = remarkable[MOST_NAMED]?.state ?? 'ok';
  return [...clauses, { state, usage: -1, text: `the same in ${unnamed} more namespace${unnamed === 1 ? '' : 's'}` }];
}

function namespaceClause(result: TableResult, { evaluation, identities }: Evaluated): string {
  const { table, findings } = result;
  const { entries, limit } = table;
  const label = labelOf(identities, table);
  const full = limit > 0 && entries >= limit && findings.some(isPlainUsage);
  const fill = full ? `${entries} of ${limit}` : `${entries} of ${limit} entries (${percentWords(usageOf(result))})`;
  const words = findings
    .slice()
    .sort((a, b) => Number(isPlainUsage(b)) - Number(isPlainUsage(a)))
    .map((finding) => (isPlainUsage(finding) ? fill : findingClause(finding, result, evaluation)));
  const text = [...words, loweredClause(result), otherLosses(result)].filter(Boolean).join(', ');
  return full ? `${label} is full: ${text}` : `${label}: ${text}`;
}

function unreadClauses({ tables, unread }: Observation): readonly Clause[] {
  const [first] = unread;
  if (first === undefined) return [];
  const count = `${unread.length} of ${tables.length + unread.length} namespaces not read`;
  return [{ state: 'unknown', usage: 0, text: `${count}: ${faultWords(first.fault)}` }];
}

function fullestWords({ evaluation, identities }: Evaluated): string {
  const [fullest] = evaluation.fullest;
  const { entries, limit } = evaluation.results[0].table;
  if (fullest === undefined || fullest.table.entries <= entries) return '';
  const share = limit === 0 ? '' : ` (${percentWords(usageOf(fullest))})`;
  return `${fullest.table.entries}${share} in ${labelOf(identities, fullest.table)}`;
}

const NAMED_MOUNT = /^(?:\/var)?\/run\/netns\/(.+)$/;

/** `namespace of envoy (pid 12994, pod 3f2a...)`; by its name if it has no process. */
export function labelOf(identities: Identities, namespace: Namespace): string {
  const name = ownerWords(identities, namespace);
  return identities.get(namespace.key)?.process === undefined ? `namespace ${name}` : `namespace of ${name}`;
}

/** The same for a column of namespaces. */
export function ownerWords(identities: Identities, { key, mount, number }: Namespace): string {
  const { process, container } = identities.get(key) ?? {};
  const name = mount === undefined ? undefined : NAMED_MOUNT.exec(mount.path)?.[1];
  if (process === undefined) return `${foreign(name ?? mount?.path ?? String(number ?? key))} (no process)`;
  const notes = [`pid ${process.pid}`];
  if (container !== undefined) notes.push(`${container.kind} ${foreign(container.id)}`);
  if (name !== undefined) notes.push(`netns ${foreign(name)}`);
  return `${foreign(process.command)} (${notes.join(', ')})`;
}

/** `3 of at least 5 namespaces`. */
export function countWords({ tables, unread, visibility }: Observation): string {
  if (visibility?.ok !== true) return 'this table alone';
  const { mounts, mountsKnown, atLeast, processes } = visibility.value;
  const count = tables.length + unread.length;
  const of = mounts > 0 || !mountsKnown ? ` of at least ${atLeast}` : '';
  const plural = count === 1 && of === '' ? '' : 's';
  return `${count}${of} namespace${plural}${PROCESS_WORDS[processes]}`;
}

const PROCESS_WORDS: Readonly<Record<Visibility['processes'], string>> = {
  all: '',
  own: ', own processes only',
  container: ', all that this container can see',
  tree: ', a captured tree shows no other',
};

/** Returns the lines of `-v`: the fullest, those not read, and those that may exist unseen. */
export function everywhereDetails({ evaluation, identities }: Evaluated): readonly string[] {
  const { observation, results, fullest } = evaluation;
  const { unread } = observation;
  const { slab_max: slabMax } = results[0].measurements;
  const count = results.length + unread.length;
  const pinned =
    slabMax.kind !== 'value' || count === 1
      ? []
      : [
          `memory if every namespace fills its table: ${eachWords(evaluation)}${count} x ${sizeWords(slabMax.value)} = ${sizeWords(count * slabMax.value)}`,
        ];
  return [
    `found: ${countWords(observation)}`,
    ...hidingLines(observation),
    ...fullest.slice(0, MOST_LISTED).map((result) => namespaceLine(result, identities)),
    ...unread
      .slice(0, MOST_LISTED)
      .map((namespace) => `not read: ${labelOf(identities, namespace)}: ${faultWords(namespace.fault)}`),
    ...pinned,
  ];
}

function namespaceLine(result: TableResult, identities: Identities): string {
  const { table, measurements } = result;
  const share = measurements.usage.kind === 'value' ? ` (${percentWords(measurements.usage.value)})` : '';
  const number = table.number === undefined ? '' : `, net:[${table.number}]`;
  return `${labelOf(identities, table)}${number}: ${table.entries} entries${share}${counterWords(result)}`;
}

// Counters of 0 are left out, except for drop.
function counterWords({ measurements }: TableResult): string {
  const words = COUNTER_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' && (name === 'drop' || measured.value > 0) ? [`${name} ${measured.value}`] : [];
  });
  return words.length === 0 ? ', no counters' : `, ${words.join(', ')}`;
}

function hidingWords({ hidepid, listed: isListed }: Visibility): string {
  if (!isListed) return '/proc cannot be listed';
  return hidepid === undefined
    ? 'some processes do not show their namespace'
    : `/proc is mounted with ${foreign(hidepid)}`;
}

/** Returns which namespaces may exist unseen, and why. */
export function hidingLines({ visibility }: Observation): readonly string[] {
  if (visibility?.ok !== true) return [];
  const { processes, mounts, mountsKnown } = visibility.value;
  const lines: string[] = [];
  if (processes === 'own')
    lines.push(`there may be other namespaces: ${hidingWords(visibility.value)} (root sees all)`);
  if (processes === 'container') lines.push('there may be other namespaces, outside this PID namespace');
  if (mounts > 0) {
    const mounted = mounts === 1 ? '1 namespace is mounted' : `${mounts} namespaces are mounted`;
    lines.push(`${mounted}; those without a process were not read (root can)`);
  }
  if (!mountsKnown) lines.push('there may be namespaces without a process: the mounts cannot be read (root can)');
  return lines;
}
