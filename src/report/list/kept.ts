// The timeouts that keep the entries of a list.

import type { Digest } from './digest.ts';
import { classAt } from './entry-class.ts';
import { shorterTimeout, type TimeoutBy, type Timeouts, timeoutInForce, timeoutName } from './timeouts.ts';

/** The entries that one timeout keeps. */
export interface Kept {
  /** Without `nf_conntrack_`. */
  readonly name: string;
  /** The timeout in force, if it is known; by the entries alone it is at least this. */
  readonly seconds: number | undefined;
  readonly by: TimeoutBy;
  /** The sysctl, if it is known. */
  readonly set: number | undefined;
  readonly entries: number;
  /** The most seconds that one of them has left. */
  readonly longest: number;
  /** A shorter value, and the entries that it would have ended by now. */
  readonly shorter: number | undefined;
  readonly ended: number;
  /** Entries that came into its state within the last seconds (YOUNG_SECONDS), or had a packet there. */
  readonly young: number;
  /** Entries that have more time left than the sysctl gives. */
  readonly beyond: number;
}

export function keptBy(digest: Digest, timeouts: Timeouts): readonly Kept[] {
  const names = new Map<string, number[]>();
  digest.classes.forEach((entries, place) => {
    const name = timeoutName(classAt(place));
    if (entries > 0) names.set(name, [...(names.get(name) ?? []), place]);
  });
  const kept = Array.from(names, ([name, places]) => keptByTimeout(digest, name, places, timeouts));
  return kept.sort((a, b) => b.entries - a.entries);
}

function keptByTimeout(
  { classes, longest, ended, young, beyond }: Digest,
  name: string,
  places: readonly number[],
  timeouts: Timeouts,
): Kept {
  const sum = (counts: Int32Array) => places.reduce((all, place) => all + (counts[place] ?? 0), 0);
  const most = Math.max(...places.map((place) => longest[place] ?? 0));
  const entries = sum(classes);
  const { seconds, by } = timeoutInForce({ name, longest: most, entries }, timeouts);
  // A shorter sysctl ends nothing that another timeout keeps.
  const shorter = seconds === undefined || by !== 'sysctl' ? undefined : shorterTimeout(name, seconds);
  return {
    name,
    seconds,
    by,
    set: timeouts.get(name),
    entries,
    longest: most,
    shorter,
    ended: shorter === undefined ? 0 : sum(ended),
    young: sum(young),
    beyond: sum(beyond),
  };
}
