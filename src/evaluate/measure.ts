// Each metric's value in this run, or why it has none.

import type { CounterName, Facts, Fault, Reading, Sweep } from '../facts.ts';
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
  | 'without --netns all'
  | 'not of one namespace alone'
  | NoRate;

export type Measurements = Readonly<Record<MetricName, Measured>>;

const NO_LIMIT: Measured = { kind: 'none', why: 'no limit is set' };
const NO_HISTORY: Measured = { kind: 'none', why: 'no state directory' };
const NOT_ALONE: Measured = { kind: 'none', why: 'not of one namespace alone' };
const NO_SWEEP: Measured = { kind: 'none', why: 'without --netns all' };
const UNSUPPORTED: Measured = { kind: 'none', why: 'unsupported by this kernel' };

/**
 * What one look at the table tells, and at the other namespaces' where they were looked at. The metrics that compare
 * with earlier looks have no value.
 */
export function measure(facts: Facts, cost: Reading<ObjectCost>, sweep?: Sweep): Measurements {
  const limited = facts.max !== 0;
  const slab = (entries: number) => over(cost, (known) => footprint(known, entries).total);
  return {
    ...measureTable(facts),
    slab: slab(allEntries(facts, sweep)),
    slab_max: limited ? slab(facts.max) : NO_LIMIT,
    memory_share: limited ? memoryShare(facts, slab(facts.max)) : NO_LIMIT,
    load_factor: limited ? over(facts.buckets, (buckets) => facts.max / buckets) : NO_LIMIT,
    ...NO_TREND,
    netns_usage: sweep === undefined ? NO_SWEEP : usage(Math.max(facts.count, ...counts(sweep)), facts.max),
    netns_count: sweep === undefined ? NO_SWEEP : found(1 + sweep.others.length),
  };
}

const NO_TREND = {
  drop_rate: NO_HISTORY,
  early_drop_rate: NO_HISTORY,
  insert_failed_rate: NO_HISTORY,
  chainlength_rate: NO_HISTORY,
  growth: NO_HISTORY,
  time_to_full: NO_HISTORY,
};

/** What a table tells whose entries are known, in whichever namespace it is. */
type Table = Pick<Facts, 'count' | 'max' | 'statistics'>;

function measureTable({ count, max, statistics }: Table) {
  return { usage: usage(count, max), entries: found(count), ...counters(statistics) };
}

/** The same of another namespace's table; what belongs to the machine as a whole has no value. */
export function measureElsewhere(table: Table): Measurements {
  const { usage, entries, drop, early_drop, insert_failed, chainlength } = measureTable(table);
  return {
    usage,
    entries,
    slab: NOT_ALONE,
    slab_max: NOT_ALONE,
    memory_share: NOT_ALONE,
    load_factor: NOT_ALONE,
    drop,
    early_drop,
    insert_failed,
    chainlength,
    ...NO_TREND,
    netns_usage: NOT_ALONE,
    netns_count: NOT_ALONE,
  };
}

/** The entries of all namespaces whose tables could be read: the slab is one for all of them. */
export function allEntries({ count }: Facts, sweep: Sweep | undefined): number {
  return counts(sweep).reduce((sum, entries) => sum + entries, count);
}

function counts(sweep: Sweep | undefined): readonly number[] {
  return (sweep?.others ?? []).flatMap(({ entries }) => (entries.ok ? [entries.value] : []));
}

function usage(count: number, max: number): Measured {
  return max === 0 ? NO_LIMIT : found((100 * count) / max);
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

function counters(statistics: Facts['statistics']): Readonly<Record<CounterName, Measured>> {
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
