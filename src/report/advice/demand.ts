// Entries that a table would hold if no packet were refused: by Little's law, those that arrive during the lifetime of
// one. An upper bound if refused clients retry; a lower bound if clients wait for a lost answer before they send more.

import { withoutRoom } from '../../evaluate/losses.ts';
import { HEADROOM } from '../../evaluate/sizing.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Arrivals } from '../list/arrivals.ts';
import { YOUNG_SECONDS } from '../list/digest-entry.ts';
import type { Holdings } from '../list/holders.ts';
import type { Kept } from '../list/kept.ts';

/**
 * New entries, refused (`lacking`) or admitted (`growing`): their rate, their lifetime, and the entries that result.
 */
export interface Demand {
  readonly kind: 'lacking' | 'growing';
  readonly perSecond: number;
  readonly seconds: number;
  readonly entries: number;
}

// Seconds, a lower bound: UDP's timeout.
const LEAST_STAY = 30;
// An established connection lives as long as it is used.
const LONGEST_REST = 600;
// Expired entries stay until they are collected: up to half as many again were measured.
const UNCOLLECTED = 1.4;

/** Entries in these states live for the whole timeout: no packet resets their timer. */
const ENDED_TIMEOUTS = ['tcp_timeout_time_wait', 'tcp_timeout_close'];
/** These keep a connection as long as it is used, whatever their length. */
const USED_TIMEOUTS = /established|stream|_open$/;

/** The demand on the table in the most trouble; `holdings` and `arrivals` come from its list, if it could be read. */
export function demandOf(
  { worst, trouble }: Diagnosis,
  holdings: Holdings | undefined,
  arrivals?: Arrivals | undefined,
): Demand | undefined {
  const { losses, lost, table, pace = 0 } = worst.result;
  const seconds = restingSeconds(holdings);
  const present = table.entries + arriving(holdings, arrivals, seconds);
  const expected = (perSecond: number) => UNCOLLECTED * (present + perSecond * seconds);
  const lacking = losses === undefined || lost === undefined ? 0 : withoutRoom(lost, losses.events) / losses.seconds;
  if (lacking > 0) return { kind: 'lacking', perSecond: lacking, seconds, entries: expected(lacking) };
  // Slow growth fits into the headroom that every recommendation has.
  const isMuch = trouble === 'filling' && expected(pace) > HEADROOM * table.entries;
  return isMuch ? { kind: 'growing', perSecond: pace, seconds, entries: expected(pace) } : undefined;
}

/**
 * Entries that arrive in addition to the present ones, at the rate that the list shows, until as many end: judged by
 * those that ended within the last seconds, or by all that were added between two readings.
 */
function arriving(holdings: Holdings | undefined, arrivals: Arrivals | undefined, seconds: number): number {
  if (holdings === undefined) return 0;
  const resting = holdings.timeouts.filter(isResting);
  const ending = resting
    .filter(({ name }) => ENDED_TIMEOUTS.includes(name))
    .map((kept) => (kept.young / YOUNG_SECONDS) * stayOf(kept) - kept.entries);
  const all = resting.reduce((sum, { entries }) => sum + entries, 0);
  const isKnown = arrivals?.kind === 'new' && arrivals.telling;
  const added = isKnown ? (arrivals.added.entries / arrivals.seconds) * seconds - all : 0;
  return Math.max(0, added, ...ending);
}

/**
 * Lifetime of a new entry in seconds: the mean timeout of the entries that do not live for days. Correct for a table
 * that has just filled; too long for an older one.
 */
function restingSeconds(holdings: Holdings | undefined): number {
  const resting = (holdings?.timeouts ?? []).filter(isResting);
  const all = resting.reduce((sum, { entries }) => sum + entries, 0);
  const together = resting.reduce((sum, kept) => sum + stayOf(kept) * kept.entries, 0);
  return Math.max(all === 0 ? 0 : together / all, LEAST_STAY);
}

function isResting({ name, seconds = Number.POSITIVE_INFINITY }: Kept): boolean {
  return seconds <= LONGEST_REST || (seconds < Number.POSITIVE_INFINITY && !USED_TIMEOUTS.test(name));
}

/** A policy of the rules may give more than the sysctl. */
function stayOf({ seconds = 0, longest }: Kept): number {
  return Math.max(seconds, longest);
}
