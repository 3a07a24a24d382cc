// All network namespaces on line 1 and in the long output: which is the gravest, whose it is, how many there are.

import type { Elsewhere, Overview } from '../evaluate/namespaces.ts';
import { gravestFirst, type State } from '../evaluate/state.ts';
import {
  COUNTERS,
  type CounterName,
  type Facts,
  type Identity,
  type NamespaceTable,
  type Sight,
  type Sweep,
} from '../facts.ts';
import { faultWords } from './faults.ts';
import {
  type Findings,
  fillClause,
  findingClause,
  findingClauses,
  isPlainUsage,
  otherLosses,
  slabClause,
} from './line.ts';
import { foreign, percentWords, sizeWords } from './words.ts';

/** What is known of all namespaces, and whose those are that are told of. */
export interface Everywhere {
  readonly sweep: Sweep;
  readonly overview: Overview;
  /** By the key of the table. */
  readonly identities: ReadonlyMap<string, Identity>;
}

// Line 1 has room for this many.
export const MOST_NAMED = 3;
/** How many `-v` lists. */
export const MOST_LISTED = 10;

/** One thing that line 1 says. */
interface Clause {
  readonly state: State;
  readonly usage: number;
  readonly text: string;
}

/** The whole text behind the state; the gravest is named first, wherever it is. */
export function everywhereText(here: Findings, everywhere: Everywhere): string {
  const { facts, measurements, verdict, origin } = here;
  const hereFound = verdict.findings.length > 0;
  const fill = fillClause(here, facts.initialNamespace ? ' here' : ' in this network namespace');
  const clauses = gravestFirst([
    ...(hereFound ? [{ state: verdict.state, usage: usageOf(here), text: findingClauses(here, fill).join('; ') }] : []),
    ...namespaceClauses(everywhere, facts.max),
    ...unreadClauses(everywhere),
  ]);
  const texts = clauses.map(({ text }) => text);

  const count = sightWords(everywhere.sweep);
  if (hereFound) return [...texts, count].join('; ');
  if (clauses.length > 0) return [...texts, `${hereWords(here, fill)}, ${count}`].join('; ');
  return [fill, fullestWords(everywhere, facts), count, slabClause(measurements, origin)].filter(Boolean).join(', ');
}

function usageOf({ measurements }: { readonly measurements: Findings['measurements'] }): number {
  return measurements.usage.kind === 'value' ? measurements.usage.value : 0;
}

// `here 0 (0.0%)`: behind another namespace's figures the limit needs no second naming.
function hereWords(here: Findings, fill: string): string {
  const { facts, measurements } = here;
  const plain = otherLosses(here) === '' && measurements.usage.kind === 'value' && facts.initialNamespace;
  return plain ? `here ${facts.count} (${percentWords(usageOf(here))})` : fill;
}

function namespaceClauses(everywhere: Everywhere, max: number): readonly Clause[] {
  const told = everywhere.overview.remarkable;
  const clauses = told.slice(0, MOST_NAMED).map((elsewhere) => ({
    state: elsewhere.verdict.state,
    usage: usageOf(elsewhere),
    text: namespaceClause(elsewhere, labelOf(everywhere, elsewhere.table), max),
  }));
  const more = told.length - clauses.length;
  const last = clauses[clauses.length - 1];
  if (more === 0 || last === undefined) return clauses;
  const state = told[MOST_NAMED]?.verdict.state ?? 'ok';
  return [...clauses, { state, usage: -1, text: `the same in ${more} more namespace${more === 1 ? '' : 's'}` }];
}

function namespaceClause({ entries, measurements, verdict, losses }: Elsewhere, label: string, max: number): string {
  const { findings } = verdict;
  const full = max > 0 && entries >= max && findings.some(isPlainUsage);
  const fill = full
    ? `${entries} of ${max}`
    : `${entries} of ${max} entries (${percentWords(usageOf({ measurements }))})`;
  const words = findings
    .slice()
    .sort((a, b) => Number(isPlainUsage(b)) - Number(isPlainUsage(a)))
    .map((finding) =>
      isPlainUsage(finding) ? fill : findingClause(finding, { origin: undefined, losses, drift: '' }),
    );
  const said = [...words, otherLosses({ verdict, losses })].filter(Boolean).join(', ');
  return full ? `${label} is full: ${said}` : `${label}: ${said}`;
}

function unreadClauses({ overview, sweep }: Everywhere): readonly Clause[] {
  const [first] = overview.unread;
  if (first === undefined) return [];
  const count = `${overview.unread.length} of ${1 + sweep.others.length} namespaces not read`;
  return [{ state: 'unknown', usage: 0, text: `${count}: ${faultWords(first.fault)}` }];
}

function fullestWords(everywhere: Everywhere, { count, max }: Facts): string {
  const [fullest] = everywhere.overview.fullest;
  if (fullest === undefined || fullest.entries <= count) return '';
  const share = max === 0 ? '' : ` (${percentWords(usageOf(fullest))})`;
  return `${fullest.entries}${share} in ${labelOf(everywhere, fullest.table)}`;
}

/** `namespace of envoy (pid 12994, pod 3f2a...)`; by its name where no process is in it. */
export function labelOf(
  { identities }: Pick<Everywhere, 'identities'>,
  { key, mount, number }: NamespaceTable,
): string {
  const { process, container } = identities.get(key) ?? {};
  const name = mount === undefined ? undefined : /^(?:\/var)?\/run\/netns\/(.+)$/.exec(mount.path)?.[1];
  if (process === undefined) return `namespace ${foreign(name ?? mount?.path ?? String(number ?? key))} (no process)`;
  const notes = [`pid ${process.pid}`];
  if (container !== undefined) notes.push(`${container.kind} ${foreign(container.id)}`);
  if (name !== undefined) notes.push(`netns ${foreign(name)}`);
  return `namespace of ${foreign(process.command)} (${notes.join(', ')})`;
}

/** `3 of at least 5 namespaces`. */
export function sightWords({ others, sight }: Sweep): string {
  const count = 1 + others.length;
  const of = sight.mounts > 0 || !sight.mountsKnown ? ` of at least ${sight.atLeast}` : '';
  const plural = count === 1 && of === '' ? '' : 's';
  return `${count}${of} namespace${plural}${PROCESS_WORDS[sight.processes]}`;
}

const PROCESS_WORDS: Readonly<Record<Sight['processes'], string>> = {
  all: '',
  own: ', own processes only',
  container: ', all that this container can see',
  tree: ', a captured tree shows no other',
};

/** What `-v` adds: the fullest, what was not read, and what may be there unseen. */
export function everywhereDetails(everywhere: Everywhere, slabMax: number | undefined): readonly string[] {
  const { sweep, overview } = everywhere;
  const count = 1 + sweep.others.length;
  const pinned =
    slabMax === undefined || count === 1
      ? []
      : [`memory if every namespace fills its table: ${count} x ${sizeWords(slabMax)} = ${sizeWords(count * slabMax)}`];
  return [
    `found: ${sightWords(sweep)}`,
    ...hidingLines(sweep.sight),
    ...overview.fullest.slice(0, MOST_LISTED).map((elsewhere) => listed(everywhere, elsewhere)),
    ...overview.unread
      .slice(0, MOST_LISTED)
      .map(({ table, fault }) => `not read: ${labelOf(everywhere, table)}: ${faultWords(fault)}`),
    ...pinned,
  ];
}

function listed(everywhere: Everywhere, { table, entries, measurements }: Elsewhere): string {
  const { usage } = measurements;
  const share = usage.kind === 'value' ? ` (${percentWords(usage.value)})` : '';
  const number = table.number === undefined ? '' : `, net:[${table.number}]`;
  return `${labelOf(everywhere, table)}${number}: ${entries} entries${share}${counterWords(measurements)}`;
}

// Counters of nothing say nothing, but for drop, which is what is asked for.
function counterWords(measurements: Findings['measurements']): string {
  const words = COUNTERS.flatMap((name: CounterName) => {
    const measured = measurements[name];
    return measured.kind === 'value' && (name === 'drop' || measured.value > 0) ? [`${name} ${measured.value}`] : [];
  });
  return words.length === 0 ? ', no counters' : `, ${words.join(', ')}`;
}

function hidden(hidepid: string): string {
  return `/proc is mounted with ${foreign(hidepid)}`;
}

/** What may be there unseen, and why. */
export function hidingLines({ processes, hidepid, listed, mounts, mountsKnown }: Sight): readonly string[] {
  const lines: string[] = [];
  if (processes === 'own') {
    const mounted = hidepid === undefined ? 'some processes do not show their namespace' : hidden(hidepid);
    const why = listed ? mounted : '/proc may not be listed';
    lines.push(`other namespaces may be there: ${why} (root sees all)`);
  }
  if (processes === 'container') lines.push('other namespaces may be there: outside of this PID namespace');
  if (mounts > 0) {
    const mounted = mounts === 1 ? '1 namespace is mounted' : `${mounts} namespaces are mounted`;
    lines.push(`${mounted}; those without a process were not read (root may)`);
  }
  if (!mountsKnown) lines.push('namespaces without a process may be there: the mounts cannot be read (root may)');
  return lines;
}
