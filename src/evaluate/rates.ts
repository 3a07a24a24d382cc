// Differences between samples of one table: events per counter, over the actual span. The kernel's counters are
// unsigned 32-bit numbers per CPU: they wrap, and they restart at zero when the module or the namespace is created
// again.

import { COLUMN_NAMES, type ColumnName, type Counters } from '../model/counters.ts';
import type { NoPast, Sample } from '../model/sample.ts';

/** Why no sample can be compared, so that no figure is printed instead of a wrong one. */
export type NoRate =
  | NoPast
  | 'the clock did not move'
  | 'the number of CPUs changed'
  | 'the counters were reset'
  | 'the counter was not available before';

/** Events since the compared sample; a counter missing from either sample has no key. */
export interface Losses {
  readonly seconds: number;
  readonly events: Counters;
}

const WRAP = 2 ** 32;
// No CPU counts faster. A higher rate, or more than half of the range, means that the counter went back.
const FASTEST_PER_SECOND = 20e6;

/**
 * Returns the samples that `now` can be compared with, oldest first: back to the last counter reset or change of CPUs.
 * If there are none, returns the reason. `past` is in order of time.
 */
export function comparable(now: Sample, past: readonly Sample[]): readonly Sample[] | NoRate {
  const chain: Sample[] = [];
  // A concurrent run may already have kept a later sample.
  for (const older of past.filter(({ uptime }) => uptime < now.uptime).reverse()) {
    const broken = breakBetween(older, chain[0] ?? now);
    if (broken !== undefined && chain.length === 0) return broken;
    if (broken !== undefined) break;
    chain.unshift(older);
  }
  return chain.length > 0 ? chain : 'the clock did not move';
}

/** Returns the sample that rates are taken from: the oldest within `window` seconds, or else the newest before it. */
export function baseSample(now: Sample, chain: readonly Sample[], window: number): Sample | undefined {
  return chain.find(({ uptime }) => now.uptime - uptime <= window) ?? chain[chain.length - 1];
}

export function lossesBetween(base: Sample, now: Sample): Losses {
  const events: Partial<Record<ColumnName, number>> = {};
  for (const name of COLUMN_NAMES) {
    if (hasCounter(now, name) && hasCounter(base, name)) events[name] = eventsBetween(base, now, name);
  }
  return { seconds: now.uptime - base.uptime, events };
}

function hasCounter({ cpus }: Sample, name: ColumnName): boolean {
  return cpus.length > 0 && cpus.every((cpu) => cpu[name] !== undefined);
}

function breakBetween(older: Sample, newer: Sample): NoRate | undefined {
  const seconds = newer.uptime - older.uptime;
  // Counters that cannot be read now do not show a change of CPUs.
  if (newer.cpus.length > 0 && older.cpus.length !== newer.cpus.length) return 'the number of CPUs changed';
  const back = newer.cpus.some((cpu, at) => wentBack(older.cpus[at], cpu, seconds));
  return back ? 'the counters were reset' : undefined;
}

function wentBack(older: Counters = {}, newer: Counters, seconds: number): boolean {
  const most = Math.min(WRAP / 2, FASTEST_PER_SECOND * seconds);
  return COLUMN_NAMES.some((name) => {
    const before = older[name];
    const after = newer[name];
    return before !== after && before !== undefined && after !== undefined && difference(before, after) > most;
  });
}

function eventsBetween(older: Sample, newer: Sample, name: ColumnName): number {
  return newer.cpus.reduce((sum, cpu, at) => sum + difference(older.cpus[at]?.[name], cpu[name]), 0);
}

function difference(older = 0, newer = 0): number {
  return (newer - older + WRAP) % WRAP;
}
