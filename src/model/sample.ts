// The past of a table, from earlier samples.

import type { Counters } from './counters.ts';

/** One sample of a table, for later comparison. */
export interface Sample {
  /** Seconds since boot, by the clock of the observed machine. */
  readonly uptime: number;
  readonly entries: number;
  /** 0 if the kernel applies no limit; undefined in files of earlier versions. */
  readonly limit?: number;
  readonly cpus: readonly Counters[];
}

/** Why a table has no past. */
export type NoPast = 'first run since boot' | 'the network namespace is new';

/** The past of a table, read with its new sample. */
export interface History {
  /** Earlier samples of the same boot, in order of time. */
  readonly past: readonly Sample[] | NoPast;
  /** Seconds that rates look back over. */
  readonly window: number;
}
