// How many entries a table would hold if all that wants in got in. By Little's law: as many as come in the time that one
// of them stays. Who is refused comes again, so that it may be fewer; who waits for an answer that was lost does not send
// what it would have, so that it may be more.

import { withoutRoom } from '../../evaluate/losses.ts';
import { HEADROOM } from '../../evaluate/sizing.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Arrivals } from '../list/arrivals.ts';
import { YOUNG_SECONDS } from '../list/digest.ts';
import type { Holdings, Kept } from '../list/holders.ts';

/** What finds no room, or comes in where there is room: so many in a second, each for so long, come to so many entries. */
export interface Demand {
  readonly kind: 'lacking' | 'growing';
  readonly perSecond: number;
  readonly seconds: number;
  readonly entries: number;
}

// Seconds, at the least: UDP's timeout.
const LEAST_STAY = 30;
// An established connection stays for as long as it is used.
const LONGEST_REST = 600;
// Entries whose time is over stay until they are collected: measured as up to half as many again.
const UNCOLLECTED = 1.4;

/** Entries that rest in these for their whole timeout: no packet sets their timer back. */
const ENDED_TIMEOUTS = ['tcp_timeout_time_wait', 'tcp_timeout_close'];
/** These keep a connection for as long as it is used, however long they are. */
const USED_TIMEOUTS = /established|stream|_open$/;

/** Of the table in the most trouble; `holdings` and `arrivals` are of its list, if it could be read. */
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
  // What grows so little has room enough without being asked.
  const isMuch = trouble === 'filling' && expected(pace) > HEADROOM * table.entries;
  return isMuch ? { kind: 'growing', perSecond: pace, seconds, entries: expected(pace) } : undefined;
}

/**
 * Entries that come on top of the present ones at the rate that the list shows, until as many end: those that ended within
 * the last seconds, or, between two readings, all that were added.
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
 * How long a new entry stays: the timeouts in which those rest that do not stay for days, by how many there are of each.
 * Of a table that has just filled that is the mean of what comes; of an older one it is more.
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
