// Performance data: `label=value[UOM];warn;crit;min;max`, as the plugin guidelines have it and as
// Icinga's and Nagios' graphers really read it.

import { plainDecimal, roundedDecimal } from '../evaluate/decimal.ts';
import type { Measurements } from '../evaluate/measure.ts';
import { METRIC_NAMES, type MetricName, metricSpec } from '../evaluate/metrics.ts';
import { formatRange, type Range, upperBound } from '../evaluate/range.ts';
import { LEVELS, type Level, type Thresholds } from '../evaluate/thresholds.ts';

/** One element for each metric that has a value; `limit` is the table's, 0 for none. */
export function perfdata(measurements: Measurements, thresholds: Thresholds, limit: number): readonly string[] {
  // Usage is judged in each namespace.
  const everywhere = thresholds.usage === undefined ? {} : { netns_usage: thresholds.usage };
  const bounds = { ...withEntriesBounds(thresholds, limit), ...everywhere };
  return METRIC_NAMES.filter((name) => metricSpec(name).always || thresholds[name] !== undefined).flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' ? [element(name, measured.value, bounds, maximum(name, limit))] : [];
  });
}

function element(name: MetricName, value: number, thresholds: Thresholds, max: string): string {
  const { unit, decimals, signed } = metricSpec(name);
  const [warning, critical] = [thresholds[name]?.warning, thresholds[name]?.critical];
  const bounds = [bound(warning, signed), bound(critical, signed), signed ? '' : '0', max];
  // icingadb-web ignores every threshold of an element that ends in a semicolon.
  while (bounds[bounds.length - 1] === '') bounds.pop();
  return [`${name}=${roundedDecimal(value, decimals)}${unit}`, ...bounds].join(';');
}

function maximum(name: MetricName, limit: number): string {
  if (metricSpec(name).unit === '%') return '100';
  return name === 'entries' && limit !== 0 ? String(limit) : '';
}

// Icinga keeps a threshold only if it is a plain number: right for what is never negative.
function bound(range: Range | undefined, signed: boolean): string {
  if (range === undefined || formatRange(range) === '~:') return '';
  const upper = signed ? undefined : upperBound(range);
  return upper === undefined ? formatRange(range) : plainDecimal(upper);
}

// Graphs of entries show where usage alerts, unless entries has thresholds of its own.
function withEntriesBounds(thresholds: Thresholds, limit: number): Thresholds {
  if (thresholds.entries !== undefined || limit === 0) return thresholds;
  const entries: Partial<Record<Level, Range>> = {};
  for (const level of LEVELS) {
    const usage = thresholds.usage?.[level];
    const upper = usage === undefined ? undefined : upperBound(usage);
    if (upper !== undefined) entries[level] = { start: 0, end: countAt(upper, limit), inside: false };
  }
  return { ...thresholds, entries };
}

// Rounded down, the verdict on a whole number is the same.
function countAt(percent: number, limit: number): number {
  return Math.floor(Number(((percent * limit) / 100).toPrecision(15)));
}
