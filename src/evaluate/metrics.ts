// The metrics: names that thresholds and perfdata share, with their units. What each is worth in a run
// is measure.ts's business.

import type { UnitScales } from './range.ts';

interface MetricSpec {
  /** Unit of measurement in perfdata; `c` is a counter. */
  readonly unit: '' | '%' | 'B' | 'c';
  readonly decimals: number;
  /** Unit suffixes that a threshold on it may carry. */
  readonly scales: UnitScales;
  /** Whether it appears in perfdata without being asked for by a threshold. */
  readonly always: boolean;
  readonly about: string;
}

const PERCENT: UnitScales = { '%': 1 };
const BYTES: UnitScales = {
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const NONE: UnitScales = {};

/** In the order of the perfdata. */
const METRICS = {
  usage: { unit: '%', decimals: 2, scales: PERCENT, always: true, about: 'entries as a share of the limit' },
  entries: { unit: '', decimals: 0, scales: NONE, always: true, about: 'entries in the table' },
  slab: {
    unit: 'B',
    decimals: 0,
    scales: BYTES,
    always: true,
    about: 'slab memory that the entries hold',
  },
  slab_max: {
    unit: 'B',
    decimals: 0,
    scales: BYTES,
    always: true,
    about: 'slab memory that a full table pins',
  },
  memory_share: {
    unit: '%',
    decimals: 2,
    scales: PERCENT,
    always: false,
    about: 'slab_max and hash table, of MemTotal',
  },
  load_factor: { unit: '', decimals: 3, scales: NONE, always: false, about: 'limit / hash buckets' },
  drop: { unit: 'c', decimals: 0, scales: NONE, always: true, about: 'packets dropped, table full' },
  early_drop: {
    unit: 'c',
    decimals: 0,
    scales: NONE,
    always: true,
    about: 'entries evicted to make room',
  },
  insert_failed: {
    unit: 'c',
    decimals: 0,
    scales: NONE,
    always: true,
    about: 'insertions that failed',
  },
  chainlength: {
    unit: 'c',
    decimals: 0,
    scales: NONE,
    always: true,
    about: 'refused, hash chain too long (5.15+)',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;

const NAMES: readonly string[] = Object.keys(METRICS);

export function isMetricName(name: string): name is MetricName {
  return NAMES.includes(name);
}

/** Every name, in the order of the perfdata. */
export const METRIC_NAMES: readonly MetricName[] = NAMES.filter(isMetricName);

/** The spec under its general type, so that all metrics can be treated alike. */
export function metricSpec(name: MetricName): MetricSpec {
  return METRICS[name];
}
