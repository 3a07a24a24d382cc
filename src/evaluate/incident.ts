// Two looks at every table, a moment apart, and what they come to: which one is in trouble, and what kind of trouble.

import type { CounterName, Facts, FullLog, NamespaceTable, Sample, Statistics, Sweep } from '../facts.ts';
import type { Drift } from './drift.ts';
import { type Measurements, measureElsewhere } from './measure.ts';
import { comparable, type Losses, lossesSince } from './rates.ts';
import { compareSeverity, type State } from './state.ts';

/** All tables at one moment, `uptime` in seconds. */
export interface Look {
  readonly uptime: number;
  readonly facts: Facts;
  readonly sweep: Sweep | undefined;
}

/**
 * `losing`: packets are dropped because it is full. `refusing`: entries are, because hash chains are too long. `full`
 * and `filling`: nothing was lost meanwhile. `was full`, `drift`, `unread`: nothing is wrong with any table that was read.
 */
export type Trouble = 'losing' | 'refusing' | 'full' | 'filling' | 'was full' | 'drift' | 'unread' | 'none';

/** One namespace's table. */
export interface Place {
  /** Undefined for the one that the command looks at first: ours, or the host's. */
  readonly table: NamespaceTable | undefined;
  readonly entries: number;
  readonly statistics: Statistics | undefined;
  readonly measurements: Measurements;
  /** Between the looks; undefined where they cannot be compared. */
  readonly losses: Losses | undefined;
  /** Entries per second between the looks. */
  readonly growth: number | undefined;
  readonly state: State;
  readonly trouble: Trouble;
}

export interface Incident {
  readonly state: State;
  readonly trouble: Trouble;
  /** The gravest first, then who loses most, then the fullest. */
  readonly places: readonly Place[];
  /** The one that is meant. */
  readonly place: Place;
}

// The check's own defaults.
const [WARNING, CRITICAL] = [80, 90];
// A moment's growth tells of the next minutes only, and of a table that has room only noise.
const [HALF, SOON_SECONDS] = [50, 300];
/** What the kernel wrote longer ago than that does not explain what is wrong now. */
const RECENT_SECONDS = 900;

export function incidentOf(before: Look, after: Look, log: FullLog | undefined, drift: Drift | undefined): Incident {
  const own = placeOf(before, after, undefined);
  const others = (after.sweep?.others ?? []).filter(({ entries }) => entries.ok);
  const places = [own, ...others.map((table) => placeOf(before, after, table))].sort(byGravity);
  const [place = own] = places;
  const unread = (after.sweep?.others ?? []).some(({ entries }) => !entries.ok);
  const whole = place.trouble === 'none' ? wholeTrouble(log, drift, unread) : place;
  return { state: whole.state, trouble: whole.trouble, places, place };
}

function wholeTrouble(log: FullLog | undefined, drift: Drift | undefined, unread: boolean) {
  const found: readonly (readonly [boolean, State, Trouble])[] = [
    [unread, 'unknown', 'unread'],
    [(log?.ago ?? Number.POSITIVE_INFINITY) < RECENT_SECONDS, 'warning', 'was full'],
    [drift?.kind === 'below', 'warning', 'drift'],
  ];
  const [, state, trouble] = found.find(([holds]) => holds) ?? [true, 'ok', 'none'];
  return { state, trouble };
}

function placeOf(before: Look, after: Look, table: NamespaceTable | undefined): Place {
  const now = sampleOf(after, table);
  const then = sampleOf(before, table);
  const statistics = (table ?? after.facts).statistics;
  const measurements = measureElsewhere({ count: now?.entries ?? 0, max: after.facts.max, statistics });
  const changes = changesBetween(then, now);
  // Without counters there is nothing to compare, which is not the same as nothing lost.
  const losses = statistics.ok ? changes.losses : undefined;
  return {
    table,
    entries: now?.entries ?? 0,
    statistics: statistics.ok ? statistics.value : undefined,
    measurements,
    losses,
    growth: changes.growth,
    ...troubleOf(measurements, losses, secondsToFull(after.facts.max, now?.entries ?? 0, changes.growth)),
  };
}

function changesBetween(then: Sample | undefined, now: Sample | undefined): Pick<Place, 'losses' | 'growth'> {
  const chain = then === undefined || now === undefined ? 'first run' : comparable(now, [then]);
  if (typeof chain === 'string' || then === undefined || now === undefined)
    return { losses: undefined, growth: undefined };
  const growth = (now.entries - then.entries) / (now.uptime - then.uptime);
  return { losses: lossesSince(now, chain, Number.POSITIVE_INFINITY), growth };
}

function sampleOf({ uptime, facts, sweep }: Look, table: NamespaceTable | undefined): Sample | undefined {
  const found = table === undefined ? undefined : sweep?.others.find(({ key }) => key === table.key);
  const { statistics } = found ?? facts;
  const cpus = statistics.ok ? statistics.value.cpus : [];
  if (table === undefined) return { uptime, entries: facts.count, cpus };
  return found?.entries.ok ? { uptime, entries: found.entries.value, cpus } : undefined;
}

function secondsToFull(max: number, entries: number, growth = 0): number {
  return max > 0 && growth > 0 ? (max - entries) / growth : Number.POSITIVE_INFINITY;
}

function troubleOf(
  { usage }: Measurements,
  losses: Losses | undefined,
  toFull: number,
): Pick<Place, 'state' | 'trouble'> {
  const percent = usage.kind === 'value' ? usage.value : 0;
  if (eventsOf(losses, 'drop') > 0) return { state: 'critical', trouble: 'losing' };
  if (eventsOf(losses, 'chainlength') > 0) return { state: 'critical', trouble: 'refusing' };
  if (percent >= 100) return { state: 'critical', trouble: 'full' };
  if (percent > WARNING) return { state: percent > CRITICAL ? 'critical' : 'warning', trouble: 'filling' };
  if (percent > HALF && toFull < SOON_SECONDS) return { state: 'warning', trouble: 'filling' };
  return { state: 'ok', trouble: 'none' };
}

/** Events between the looks; 0 where that is not known. */
export function eventsOf(losses: Losses | undefined, name: CounterName): number {
  return losses?.events[name] ?? 0;
}

function byGravity(a: Place, b: Place): number {
  const lost = ({ losses }: Place) => eventsOf(losses, 'drop') + eventsOf(losses, 'chainlength');
  return compareSeverity(b.state, a.state) || lost(b) - lost(a) || b.entries - a.entries;
}

/** The namespace with the most entries. */
export function fullestTable({ facts, sweep }: Look): NamespaceTable | undefined {
  let most = facts.count;
  let fullest: NamespaceTable | undefined;
  for (const table of sweep?.others ?? []) {
    if (!table.entries.ok || table.entries.value <= most) continue;
    most = table.entries.value;
    fullest = table;
  }
  return fullest;
}
