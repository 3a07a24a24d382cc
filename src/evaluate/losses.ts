// What counts as lost: the one place that says which of the kernel's counters tell of packets, and which of room.

import {
  COUNTER_NAMES,
  type CounterName,
  type Counters,
  counterSpec,
  type Statistics,
} from '../observation/counters.ts';
import type { Reading } from '../observation/fault.ts';

/** Those whose events are told as losses; some events are counted by two of them. */
export const LOSS_COUNTERS: readonly CounterName[] = COUNTER_NAMES.filter((name) =>
  ['loss', 'overlap'].includes(counterSpec(name).means),
);

/** Packets lost. insert_failed overlaps with the others, and never adds to them. */
export function packetsLost({ drop = 0, chainlength = 0, insert_failed = 0 }: Counters = {}): number {
  return Math.max(drop + chainlength, insert_failed);
}

/** New connections that found no room: those that were dropped or refused, and those that another entry made room for. */
export function withoutRoom({ drop = 0, early_drop = 0, chainlength = 0 }: Counters = {}): number {
  return drop + early_drop + chainlength;
}

/** Whether anything was dropped or evicted since boot, at this limit or at one before. */
export function hasMetLimit(statistics: Reading<Statistics>): boolean {
  if (!statistics.ok) return false;
  return statistics.value.cpus.some(({ drop = 0, early_drop = 0 }) => drop + early_drop > 0);
}
