// What rose between the two looks of a report, of the counters that are not of connection tracking.

import type { Observation } from '../../../model/observation.ts';
import type { Elsewhere, StackCounterName } from '../../../model/other-limits.ts';
import type { Table } from '../../../model/table.ts';

/** The two looks, and the seconds between them. */
export interface Between {
  readonly seconds: number;
  readonly earlier: Elsewhere;
  readonly later: Elsewhere;
}

export function between(before: Observation, after: Observation): Between | undefined {
  const [then, now] = [before.clock, after.clock];
  const [earlier, later] = [before.elsewhere, after.elsewhere];
  if (then?.ok !== true || now?.ok !== true || earlier === undefined || later === undefined) return undefined;
  const seconds = now.value.uptime - then.value.uptime;
  return seconds > 0 ? { seconds, earlier, later } : undefined;
}

/** Unsigned 32-bit figures for each CPU. */
export function wrappedRise(earlier: readonly number[], later: readonly number[]): number {
  if (earlier.length !== later.length) return 0;
  return later.reduce((sum, figure, at) => sum + ((figure - (earlier[at] ?? 0) + 2 ** 32) % 2 ** 32), 0);
}

/** 0 where it is not known, or began anew. */
export function riseOf({ earlier, later }: Between, { key }: Table, name: StackCounterName): number {
  const [then, now] = [earlier.stacks.get(key)?.[name], later.stacks.get(key)?.[name]];
  return then === undefined || now === undefined ? 0 : Math.max(0, now - then);
}
