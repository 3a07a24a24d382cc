// When the limit was lowered, from the samples of earlier checks.

import type { Sample } from '../model/sample.ts';

/** The last change of the limit, if it lowered the limit. */
export interface LoweredLimit {
  /** 0 for none. */
  readonly limitBefore: number;
  readonly limitAfter: number;
  /** Seconds ago: `from` is the last sample with the limit before, `to` the first one with the limit after. */
  readonly from: number;
  readonly to: number;
}

/** `past` is in order of time. */
export function loweredLimit(now: Sample, past: readonly Sample[]): LoweredLimit | undefined {
  const [older, newer] = samplesAroundLowering([...past.filter(({ uptime }) => uptime < now.uptime), now]);
  if (older?.limit === undefined || newer?.limit === undefined) return undefined;
  return {
    limitBefore: older.limit,
    limitAfter: newer.limit,
    from: now.uptime - older.uptime,
    to: now.uptime - newer.uptime,
  };
}

/** Returns the two samples around the last change of the limit, or none if that change did not lower it. */
export function samplesAroundLowering(samples: readonly Sample[]): readonly Sample[] {
  const known = samples.filter(({ limit }) => limit !== undefined);
  const changes = known.slice(1).map((newer, at) => [known[at] ?? newer, newer] as const);
  const [last] = changes.filter(([older, newer]) => older.limit !== newer.limit).slice(-1);
  return last !== undefined && height(last[1]) < height(last[0]) ? last : [];
}

/** A limit of 0 is none. */
function height({ limit = 0 }: Sample): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}
