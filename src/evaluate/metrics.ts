// The metrics: names shared by thresholds and performance data, with their units. Values are in measurements.ts and
// trend.ts.

import { byCounter, byRate } from '../model/counters.ts';
import type { UnitScales } from './range.ts';

interface MetricSpec {
  /** Unit of measurement in performance data; `c` is a counter. */
  readonly unit: '' | '%' | 'B' | 'c' | 's';
  readonly decimals: number;
  /** Unit suffixes that its thresholds accept. */
  readonly scales: UnitScales;
  /** True if it is in the performance data without a threshold. */
  readonly always: boolean;
  /** True if it compares with earlier runs and therefore needs a state directory. */
  readonly history: boolean;
  /** True if it may be negative. */
  readonly signed: boolean;
  /** The tables that a threshold judges: with `--netns all` every namespace's, only ours, or none. */
  readonly judged: 'everywhere' | 'here' | 'nowhere';
}

const FIGURE = { unit: '', decimals: 0, scales: {}, always: true, history: false, signed: false } as const;
const COUNT_SCALES = { k: 1e3, M: 1e6 };
const COUNT_FIGURE = { ...FIGURE, scales: COUNT_SCALES, judged: 'everywhere' } as const;
const PERCENT_FIGURE = { ...COUNT_FIGURE, unit: '%', decimals: 2, scales: { '%': 1 } } as const;
const BYTE_SCALES = { K: 1e3, M: 1e6, G: 1e9, T: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const BYTES = { ...FIGURE, judged: 'here', unit: 'B', scales: BYTE_SCALES } as const;
const COUNTER = { ...COUNT_FIGURE, unit: 'c' } as const;
const RATE = { ...COUNT_FIGURE, decimals: 3, history: true } as const;
const SECONDS = { ...COUNT_FIGURE, unit: 's', scales: { s: 1, m: 60, h: 3600, d: 86400 }, history: true } as const;

/** In the order of the performance data. */
const METRICS = {
  usage: PERCENT_FIGURE,
  entries: COUNT_FIGURE,
  slab: BYTES,
  slab_max: BYTES,
  memory_share: { ...PERCENT_FIGURE, judged: 'here', always: false },
  load_factor: { ...FIGURE, judged: 'here', decimals: 3, always: false },
  ...byCounter(() => COUNTER),
  ...byRate(() => RATE),
  lost_rate: RATE,
  clash_rate: RATE,
  growth: { ...RATE, judged: 'here', signed: true },
  time_to_full: SECONDS,
  netns_usage: { ...PERCENT_FIGURE, judged: 'nowhere' },
  netns_count: { ...FIGURE, judged: 'nowhere' },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;

/** The metrics that compare with earlier runs. */
export type HistoryMetric = {
  [Name in MetricName]: (typeof METRICS)[Name]['history'] extends true ? Name : never;
}[MetricName];

/** Calls `make` for each metric, in the order of the performance data. */
export function byMetric<T>(make: (name: MetricName) => T): Readonly<Record<MetricName, T>> {
  return {
    usage: make('usage'),
    entries: make('entries'),
    slab: make('slab'),
    slab_max: make('slab_max'),
    memory_share: make('memory_share'),
    load_factor: make('load_factor'),
    ...byCounter(make),
    ...byRate((name) => make(`${name}_rate`)),
    lost_rate: make('lost_rate'),
    clash_rate: make('clash_rate'),
    growth: make('growth'),
    time_to_full: make('time_to_full'),
    netns_usage: make('netns_usage'),
    netns_count: make('netns_count'),
  };
}

/** All names, in the order of the performance data. */
export const METRIC_NAMES: readonly MetricName[] = Object.values(byMetric((name) => name));

const ALL_METRIC_NAMES: readonly string[] = METRIC_NAMES;

export function isMetricName(name: string): name is MetricName {
  return ALL_METRIC_NAMES.includes(name);
}

/** Returns the spec under its general type, so that all metrics can be handled alike. */
export function metricSpec(name: MetricName): MetricSpec {
  return METRICS[name];
}
