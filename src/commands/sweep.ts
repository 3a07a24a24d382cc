// Every network namespace of the machine beside the one that the check is about: find them, judge them, name those that
// are told of. Loaded only with `--netns all`.

import { self } from '#system/self';
import { judgeNamespaces, type Overview } from '../evaluate/namespaces.ts';
import type { State } from '../evaluate/state.ts';
import type { Thresholds } from '../evaluate/thresholds.ts';
import { type Trend, trendOf } from '../evaluate/trend.ts';
import type { Facts, Fault, NamespaceTable, Reading, Sample, Sweep } from '../facts.ts';
import { remember, type Subject } from '../history/history.ts';
import { identify } from '../kernel/identity.ts';
import { type Moment, readMoment } from '../kernel/moment.ts';
import { allStartedAfter, wasMounted } from '../kernel/neighbours.ts';
import type { Root } from '../kernel/root.ts';
import { sweep } from '../kernel/sweep.ts';
import type { Findings } from '../present/line.ts';
import { type Everywhere, everywhereDetails, everywhereText, MOST_LISTED, MOST_NAMED } from '../present/namespaces.ts';

interface Options {
  readonly thresholds: Thresholds;
  readonly stateDir: string | undefined;
  readonly windowSeconds: number;
  readonly verbosity: number;
  readonly format: string;
}

/** The state of all other namespaces together, and what there is to tell of them. */
export interface Elsewhere {
  readonly state: State;
  readonly everywhere: Everywhere;
}

export function lookElsewhere(root: Root, facts: Facts, options: Options): Elsewhere | { readonly fault: Fault } {
  const swept = sweep(root, facts.generation);
  if ('fault' in swept) return swept;
  const trends = trendsOf(root, facts, swept, options);
  const overview = judgeNamespaces(swept, facts.max, options.thresholds, trends);
  const identities = new Map(tablesTold(overview, facts, options).map((table) => [table.key, identify(root, table)]));
  return { state: overview.state, everywhere: { sweep: swept, overview, identities } };
}

// To ask who is in a namespace takes longer than to read its table.
function tablesTold({ remarkable, fullest, unread }: Overview, { count }: Facts, { verbosity, format }: Options) {
  const listed = verbosity > 0 || format !== 'nagios' ? MOST_LISTED : 0;
  const fuller = fullest.slice(0, 1).filter(({ entries }) => entries > count);
  const told = [...remarkable.slice(0, MOST_NAMED), ...fuller, ...fullest.slice(0, listed), ...unread.slice(0, listed)];
  return [...new Set(told.map(({ table }) => table))];
}

/** Line 1 and long output of all namespaces, ours among them. */
export function tellEverywhere(
  here: Findings,
  { everywhere }: Elsewhere,
): { readonly text: string; readonly details: readonly string[] } {
  const { slab_max: slabMax } = here.measurements;
  const details = everywhereDetails(everywhere, slabMax.kind === 'value' ? slabMax.value : undefined);
  return { text: everywhereText(here, everywhere), details };
}

function trendsOf(root: Root, facts: Facts, { others }: Sweep, options: Options): ReadonlyMap<string, Trend> {
  const { stateDir, windowSeconds: window } = options;
  const moment = stateDir === undefined ? undefined : readMoment(root, facts);
  if (stateDir === undefined || moment === undefined || !moment.ok) return new Map();
  const read = others.flatMap((table) => (table.entries.ok ? [{ table, count: table.entries.value }] : []));
  const subjects = read.map(({ table, count }) => subjectOf(root, table, count, moment.value));
  const { boot, table: own } = moment.value;
  const name = own.replace(/^\w+:/, 'all:');
  const histories = remember(stateDir, self.effectiveUser(), { name, boot, window, subjects });
  return new Map(
    read.flatMap(({ table, count }, at) => {
      const history = histories[at];
      const { key, statistics } = table;
      return history === undefined ? [] : [[key, trendOf({ count, max: facts.max, statistics }, history)] as const];
    }),
  );
}

function subjectOf(root: Root, table: NamespaceTable, entries: number, { uptime }: Moment): Subject {
  const now: Sample = { uptime, entries, cpus: cpusOf(table.statistics) };
  // Nothing tells the age of a namespace without processes.
  const isYounger = (since: number) =>
    allStartedAfter(root, table.pids, since) && !wasMounted(root, table.mount, since);
  return { table: table.key, now, isYounger };
}

// A table without counters still has its entries.
function cpusOf(statistics: Reading<{ readonly cpus: Sample['cpus'] }>): Sample['cpus'] {
  return statistics.ok ? statistics.value.cpus : [];
}
