// What is remembered of a table from earlier looks.

import type { Counters } from './counters.ts';

/** One look at a table, to compare later ones with. */
export interface Sample {
  /** Seconds since boot, by the clock of the machine looked at. */
  readonly uptime: number;
  readonly entries: number;
  readonly cpus: readonly Counters[];
}

/** Why nothing is remembered of a table. */
export type NoPast = 'first run since boot' | 'the network namespace is new';

/** What is remembered of a table when it is looked at again. */
export interface History {
  /** Earlier samples of the same boot, in the order of time. */
  readonly past: readonly Sample[] | NoPast;
  /** Seconds that rates look back over. */
  readonly window: number;
}
