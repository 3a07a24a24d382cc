// Performance data: `label=value[UOM];warn;crit;min;max`, as in the plugin guidelines and as
// the graphers of Icinga and Nagios read it.

import { plainDecimal, roundedDecimal } from '../evaluate/decimal.ts';
import type { TableResult } from '../evaluate/evaluate.ts';
import type { Measured } from '../evaluate/measurements.ts';
import { METRIC_NAMES, type MetricName, metricSpec } from '../evaluate/metrics.ts';
import { formatRange, type Range, upperBound } from '../evaluate/range.ts';
import { LEVELS, type Level, type Ranges } from '../evaluate/thresholds.ts';

/** Returns an element for each metric that has a value and is always shown or has a threshold. */
export function perfdataOf({ table, measurements, ranges }: TableResult): readonly string[] {
  return METRIC_NAMES.filter((name) => metricSpec(name).always || hasRange(ranges[name])).flatMap((name) =>
    perfdataElement(name, measurements[name], boundsOf(name, ranges, table.limit), table.limit),
  );
}

function hasRange(ranges: Ranges): boolean {
  return LEVELS.some((level) => ranges[level] !== undefined);
}

// Graphs of entries show the thresholds of usage, unless entries has its own.
function boundsOf(metric: MetricName, ranges: TableResult['ranges'], limit: number): Ranges {
  if (metric === 'netns_usage') return ranges.usage;
  const isDerived = metric === 'entries' && !hasRange(ranges.entries) && limit !== 0;
  return isDerived ? asCounts(ranges.usage, limit) : ranges[metric];
}

function perfdataElement(metric: MetricName, measured: Measured, ranges: Ranges, limit: number): string[] {
  if (measured.kind !== 'value') return [];
  const { unit, decimals, signed } = metricSpec(metric);
  const { warning, critical } = ranges;
  const bounds = [boundText(warning, signed), boundText(critical, signed), signed ? '' : '0', maximum(metric, limit)];
  // icingadb-web ignores every threshold of an element that ends in a semicolon.
  while (bounds[bounds.length - 1] === '') bounds.pop();
  return [[`${metric}=${roundedDecimal(measured.value, decimals)}${unit}`, ...bounds].join(';')];
}

function maximum(name: MetricName, limit: number): string {
  if (metricSpec(name).unit === '%') return '100';
  return name === 'entries' && limit !== 0 ? String(limit) : '';
}

// Icinga keeps a threshold only if it is a plain number, which is enough for values that are never negative.
function boundText(range: Range | undefined, signed: boolean): string {
  if (range === undefined || formatRange(range) === '~:') return '';
  const upper = signed ? undefined : upperBound(range);
  return upper === undefined ? formatRange(range) : plainDecimal(upper);
}

function asCounts(usage: Ranges, limit: number): Ranges {
  const entries: Partial<Record<Level, Range>> = {};
  for (const level of LEVELS) {
    const range = usage[level];
    const upper = range === undefined ? undefined : upperBound(range);
    if (upper !== undefined) entries[level] = { start: 0, end: countAt(upper, limit), inside: false };
  }
  return entries;
}

// Rounding down does not change the verdict on whole numbers.
function countAt(percent: number, limit: number): number {
  return Math.floor(Number(((percent * limit) / 100).toPrecision(15)));
}
