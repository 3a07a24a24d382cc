// Growth of the table in entries per second, and the time until it is full.

import type { Sample } from '../model/sample.ts';
import { withoutOdd } from './settling.ts';

// With five samples, an outlier affects four of the ten slopes: too few to move their median. With four samples it
// would.
const FEWEST_SAMPLES = 5;

// Pairs closer together than this share of the whole span show noise, not the trend, for example after a few runs by
// hand.
const SHORTEST_PAIR = 0.1;

/**
 * Returns entries per second over `samples`, oldest first: the median of the slopes between all pairs (Theil-Sen).
 * Undefined for fewer than five samples: a guess would cause false alarms.
 */
export function growthOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  if (samples.length < FEWEST_SAMPLES || first === undefined || last === undefined) return undefined;
  const shortest = SHORTEST_PAIR * (last.uptime - first.uptime);
  return medianSlope(slopesBetween(samples, shortest).sort());
}

/**
 * Returns the seconds until `max` entries at this growth; 0 if it is reached. Undefined if the table is not growing.
 */
export function timeToFull(entries: number, max: number, perSecond: number): number | undefined {
  return perSecond > 0 ? Math.max(max - entries, 0) / perSecond : undefined;
}

function slopesBetween(samples: readonly Sample[], shortest: number): Float64Array {
  const slopes = new Float64Array((samples.length * (samples.length - 1)) / 2);
  let count = 0;
  for (const newer of samples) {
    for (const older of samples) {
      const seconds = newer.uptime - older.uptime;
      if (seconds > shortest) slopes[count++] = (newer.entries - older.entries) / seconds;
    }
  }
  return slopes.subarray(0, count);
}

function medianSlope(sorted: Float64Array): number | undefined {
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

// A table that loses half of its entries between two samples starts again: growth before that shows nothing about now.
const COLLAPSE = 0.5;

/** The samples since the table last collapsed; all of them if it never did. One odd sample is no collapse. */
export function sinceCollapse(samples: readonly Sample[]): readonly Sample[] {
  const smooth = withoutOdd(samples);
  const falls = smooth.map(({ entries }, at) => entries < COLLAPSE * (smooth[at - 1]?.entries ?? 0));
  return samples.slice(Math.max(0, falls.lastIndexOf(true)));
}

// The newest part of the time; samples are not evenly spaced.
const NEWEST = 1 / 3;

/** False if the table has not grown in the newest third of the time. */
export function stillGrows(samples: readonly Sample[]): boolean {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  if (first === undefined || last === undefined) return true;
  const since = last.uptime - NEWEST * (last.uptime - first.uptime);
  const before = samples.filter(({ uptime }) => uptime <= since);
  const start = before[before.length - 1];
  return start === undefined || last.entries > start.entries;
}
