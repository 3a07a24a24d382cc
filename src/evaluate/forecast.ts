// Where the table is heading: entries per second, and the time until it is full.

import type { Sample } from '../model/sample.ts';

// With five samples an odd one touches four of the ten slopes: too few to move their median. With four it would.
const FEWEST_SAMPLES = 5;

// Pairs that are closer together than this share of the whole span tell of noise, not of the trend: somebody ran
// the check by hand a few times.
const SHORTEST_PAIR = 0.1;

/**
 * Entries per second over `samples`, oldest first: the median of the slopes between their pairs (Theil and Sen).
 * Undefined for fewer than five samples: that would be a guess, and wake people at night.
 */
export function growthOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  if (samples.length < FEWEST_SAMPLES || first === undefined || last === undefined) return undefined;
  const shortest = SHORTEST_PAIR * (last.uptime - first.uptime);
  const pairs = samples.flatMap((newer) => samples.map((older) => [older, newer] as const));
  const slopes = pairs.filter(([older, newer]) => newer.uptime - older.uptime > shortest).map(slope);
  return medianSlope(slopes);
}

/** Seconds until `max` entries at this growth; 0 when it is there. Undefined while nothing grows. */
export function timeToFull(entries: number, max: number, perSecond: number): number | undefined {
  return perSecond > 0 ? Math.max(max - entries, 0) / perSecond : undefined;
}

function slope([older, newer]: readonly [Sample, Sample]): number {
  return (newer.entries - older.entries) / (newer.uptime - older.uptime);
}

function medianSlope(values: readonly number[]): number | undefined {
  const sorted = values.slice().sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
