// The value of each metric in this run, or why it has none.

import { byCounter, type CounterName, type Statistics } from '../model/counters.ts';
import type { Fault, Reading } from '../model/fault.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { footprint, footprintOf, hashTableBytes, type ObjectCost } from './footprint.ts';
import type { HistoryMetric, MetricName } from './metrics.ts';
import type { NoRate } from './rates.ts';

/**
 * `none`: not applicable here, or unsupported by this kernel; a threshold on it changes no state. `broken`: it should
 * exist but could not be read; a threshold on it is UNKNOWN.
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
  | 'growth is slowing'
  | 'fewer entries than in the samples before'
  | 'without --netns all'
  | 'not per namespace'
  | NoRate;

export type Measurements = Readonly<Record<MetricName, Measured>>;

/** Metrics of the whole machine, not of one namespace. */
const MACHINE_METRICS = ['slab', 'slab_max', 'memory_share', 'load_factor', 'netns_usage', 'netns_count'] as const;
type MachineMetric = (typeof MACHINE_METRICS)[number];
type TableMetric = Exclude<MetricName, MachineMetric | HistoryMetric>;

const NO_LIMIT: Measured = { kind: 'none', why: 'no limit is set' };
const NOT_PER_NAMESPACE: Measured = { kind: 'none', why: 'not per namespace' };
const NO_SWEEP: Measured = { kind: 'none', why: 'without --netns all' };
export const UNSUPPORTED: Measured = { kind: 'none', why: 'unsupported by this kernel' };

/** Returns the metrics that need only one sample of a table, of any namespace. */
export function measureTable({ entries, limit, statistics }: Table): Readonly<Record<TableMetric, Measured>> {
  const usage = limit === 0 ? NO_LIMIT : measuredValue((100 * entries) / limit);
  return { usage, entries: measuredValue(entries), ...byCounter((name) => counterTotal(statistics, name)) };
}

/** The machine's metrics in the result of another namespace. */
export const OF_NO_MACHINE: Readonly<Record<MachineMetric, Measured>> = {
  slab: NOT_PER_NAMESPACE,
  slab_max: NOT_PER_NAMESPACE,
  memory_share: NOT_PER_NAMESPACE,
  load_factor: NOT_PER_NAMESPACE,
  netns_usage: NOT_PER_NAMESPACE,
  netns_count: NOT_PER_NAMESPACE,
};

export function measureMachine(
  { machine, tables, unread, visibility }: Observation,
  cost: Reading<ObjectCost>,
): Readonly<Record<MachineMetric, Measured>> {
  const [{ limit }] = tables;
  const slab = (entries: number) => measuredFrom(cost, (perEntry) => footprint(perEntry, entries).total);
  const fullest = Math.max(...tables.map(({ entries }) => entries));
  const limited = (measured: Measured): Measured => (limit === 0 ? NO_LIMIT : measured);
  return {
    slab: measuredFrom(cost, (perEntry) => footprintOf(machine, perEntry, tables).total),
    slab_max: limited(slab(limit)),
    memory_share: limited(memoryShare(machine, slab(limit))),
    load_factor: limited(measuredFrom(machine.buckets, (buckets) => limit / buckets)),
    netns_usage: visibility === undefined ? NO_SWEEP : limited(measuredValue((100 * fullest) / limit)),
    netns_count: visibility === undefined ? NO_SWEEP : measuredValue(tables.length + unread.length),
  };
}

function measuredValue(value: number): Measured {
  return { kind: 'value', value };
}

function measuredFrom<T>(reading: Reading<T>, value: (of: T) => number): Measured {
  return reading.ok ? measuredValue(value(reading.value)) : { kind: 'broken', fault: reading.fault };
}

function memoryShare(machine: Machine, slabMax: Measured): Measured {
  const { buckets, memTotal } = machine;
  if (slabMax.kind !== 'value') return slabMax;
  if (!buckets.ok) return { kind: 'broken', fault: buckets.fault };
  const pinned = slabMax.value + hashTableBytes(machine, buckets.value);
  return measuredFrom(memTotal, (bytes) => (100 * pinned) / bytes);
}

function counterTotal(statistics: Reading<Statistics>, name: CounterName): Measured {
  if (!statistics.ok) return { kind: 'broken', fault: statistics.fault };
  const { cpus } = statistics.value;
  if (cpus.some((cpu) => cpu[name] === undefined)) return UNSUPPORTED;
  return measuredValue(cpus.reduce((sum, cpu) => sum + (cpu[name] ?? 0), 0));
}
