// Each metric's value in this run, or why it has none.

import type { CounterName, Facts, Fault, Reading } from '../facts.ts';
import { footprint, hashTableBytes, type ObjectCost } from './footprint.ts';
import type { MetricName } from './metrics.ts';
import type { NoRate } from './rates.ts';

/**
 * `none`: not applicable here, or unsupported by this kernel; a threshold on it changes no state.
 * `broken`: it should be there and cannot be had; a threshold on it is UNKNOWN.
 */
export type Measured =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'none'; readonly why: NoValue }
  | { readonly kind: 'broken'; readonly fault: Fault };

type NoValue =
  | 'no limit is set'
  | 'unsupported by this kernel'
  | 'no state directory'
  | 'too few samples in the window yet'
  | 'not growing'
  | NoRate;

export type Measurements = Readonly<Record<MetricName, Measured>>;

const NO_LIMIT: Measured = { kind: 'none', why: 'no limit is set' };
const NO_HISTORY: Measured = { kind: 'none', why: 'no state directory' };
const UNSUPPORTED: Measured = { kind: 'none', why: 'unsupported by this kernel' };

/** What one look at the table tells; the metrics that compare with earlier ones have no value. */
export function measure(facts: Facts, cost: Reading<ObjectCost>): Measurements {
  const limited = facts.max !== 0;
  const slab = (entries: number) => over(cost, (known) => footprint(known, entries).total);
  return {
    usage: limited ? found((100 * facts.count) / facts.max) : NO_LIMIT,
    entries: found(facts.count),
    slab: slab(facts.count),
    slab_max: limited ? slab(facts.max) : NO_LIMIT,
    memory_share: limited ? memoryShare(facts, slab(facts.max)) : NO_LIMIT,
    load_factor: limited ? over(facts.buckets, (buckets) => facts.max / buckets) : NO_LIMIT,
    ...counters(facts),
    drop_rate: NO_HISTORY,
    early_drop_rate: NO_HISTORY,
    insert_failed_rate: NO_HISTORY,
    chainlength_rate: NO_HISTORY,
    growth: NO_HISTORY,
    time_to_full: NO_HISTORY,
  };
}

function found(value: number): Measured {
  return { kind: 'value', value };
}

function over<T>(reading: Reading<T>, value: (of: T) => number): Measured {
  return reading.ok ? found(value(reading.value)) : { kind: 'broken', fault: reading.fault };
}

function memoryShare({ buckets, memTotal }: Facts, slabMax: Measured): Measured {
  if (slabMax.kind !== 'value') return slabMax;
  if (!buckets.ok) return { kind: 'broken', fault: buckets.fault };
  const pinned = slabMax.value + hashTableBytes(buckets.value);
  return over(memTotal, (total) => (100 * pinned) / total);
}

function counters({ statistics }: Facts): Readonly<Record<CounterName, Measured>> {
  return {
    drop: total(statistics, 'drop'),
    early_drop: total(statistics, 'early_drop'),
    insert_failed: total(statistics, 'insert_failed'),
    chainlength: total(statistics, 'chainlength'),
  };
}

function total(statistics: Facts['statistics'], name: CounterName): Measured {
  if (!statistics.ok) return { kind: 'broken', fault: statistics.fault };
  const { cpus } = statistics.value;
  if (cpus.some((cpu) => cpu[name] === undefined)) return UNSUPPORTED;
  return found(cpus.reduce((sum, cpu) => sum + (cpu[name] ?? 0), 0));
}

// From 5.15 on a chain of more than 50 to 80 entries takes no other. At this mean, chains that long are common.
const LONG_CHAINS = 25;

/** Whether this kernel, with so few buckets, will refuse entries while the table is not full. */
export function refusesBelowLimit({ statistics, buckets, max }: Facts): boolean {
  if (!statistics.ok || !buckets.ok) return false;
  const limitsChains = statistics.value.cpus.every((cpu) => cpu.chainlength !== undefined);
  return limitsChains && max / buckets.value > LONG_CHAINS;
}
