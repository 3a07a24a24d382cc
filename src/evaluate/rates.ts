// What happened between samples of one table: events by counter, over the real span.
// The kernel's counters are unsigned, 32 bits wide, one for each CPU: they wrap, and they start anew when the
// module or the namespace does.

import { COLUMN_NAMES, type ColumnName, type Counters } from '../model/counters.ts';
import type { NoPast, Sample } from '../model/sample.ts';

/** Why there is nothing to compare with, so that nothing is said rather than something false. */
export type NoRate =
  | NoPast
  | 'the clock did not move'
  | 'the number of CPUs changed'
  | 'the counters were reset'
  | 'the counter was not told before';

/** Events since the sample that was compared with; a counter that either of the two lacks has no key. */
export interface Losses {
  readonly seconds: number;
  readonly events: Counters;
}

const WRAP = 2 ** 32;
// No CPU counts faster. More than that in the time, or more than half of the range, is a counter that went back.
const FASTEST_PER_SECOND = 20e6;

/**
 * The samples that `now` can be compared with, oldest first: as far back as no counter was reset and no CPU came or
 * went; or why there are none. `past` is in the order of time.
 */
export function comparable(now: Sample, past: readonly Sample[]): readonly Sample[] | NoRate {
  const chain: Sample[] = [];
  // A run at the same time may have put down a later moment already.
  for (const older of past.filter(({ uptime }) => uptime < now.uptime).reverse()) {
    const broken = breakBetween(older, chain[0] ?? now);
    if (broken !== undefined && chain.length === 0) return broken;
    if (broken !== undefined) break;
    chain.unshift(older);
  }
  return chain.length > 0 ? chain : 'the clock did not move';
}

/** What rates are taken from: the oldest sample inside of `window` seconds, or else the newest before it. */
export function baseSample(now: Sample, chain: readonly Sample[], window: number): Sample | undefined {
  return chain.find(({ uptime }) => now.uptime - uptime <= window) ?? chain[chain.length - 1];
}

export function lossesBetween(base: Sample, now: Sample): Losses {
  const events: Partial<Record<ColumnName, number>> = {};
  for (const name of COLUMN_NAMES) {
    if (tells(now, name) && tells(base, name)) events[name] = eventsBetween(base, now, name);
  }
  return { seconds: now.uptime - base.uptime, events };
}

function tells({ cpus }: Sample, name: ColumnName): boolean {
  return cpus.length > 0 && cpus.every((cpu) => cpu[name] !== undefined);
}

function breakBetween(older: Sample, newer: Sample): NoRate | undefined {
  const seconds = newer.uptime - older.uptime;
  // Of counters that cannot be read now no number has changed.
  if (newer.cpus.length > 0 && older.cpus.length !== newer.cpus.length) return 'the number of CPUs changed';
  const back = newer.cpus.some((cpu, at) => COLUMN_NAMES.some((name) => wentBack(older.cpus[at], cpu, name, seconds)));
  return back ? 'the counters were reset' : undefined;
}

function wentBack(older: Counters = {}, newer: Counters, name: ColumnName, seconds: number): boolean {
  if (older[name] === undefined || newer[name] === undefined) return false;
  const events = difference(older[name], newer[name]);
  return events > WRAP / 2 || events > FASTEST_PER_SECOND * seconds;
}

function eventsBetween(older: Sample, newer: Sample, name: ColumnName): number {
  return newer.cpus.reduce((sum, cpu, at) => sum + difference(older.cpus[at]?.[name], cpu[name]), 0);
}

function difference(older = 0, newer = 0): number {
  return (newer - older + WRAP) % WRAP;
}
