// Converts the check's thresholds to Munin's ranges. `min:max` alerts outside the range and either end may be missing.
// There is no `@`, so a range that alerts inside is left out.

import { plainDecimal } from '../evaluate/decimal.ts';
import { parseRange, type Range, type UnitScales } from '../evaluate/range.ts';

/** By field and level, in the form that the Munin master reads. */
export type MuninThresholds = (field: string, level: 'warning' | 'critical') => string | undefined;

type MuninEnvironment = Readonly<Partial<Record<string, string>>>;

const DEFAULT_PERCENTAGES = { warning: '80', critical: '90' } as const;
const PERCENT: UnitScales = { '%': 1 };

/**
 * `env.<field>_warning` in the field's own unit; else, for `entries` and `fullest`, `env.warning` or the check's
 * default, in percent of the limit.
 */
export function muninThresholds(environment: MuninEnvironment, limit: number): MuninThresholds {
  return (field, level) => {
    const own = environment[`${field}_${level}`];
    if (own !== undefined && isMuninRange(own, {})) return muninRange(own, {}, 1);
    if (limit === 0 || (field !== 'entries' && field !== 'fullest')) return undefined;
    const shared = environment[level] ?? '';
    return muninRange(isMuninRange(shared, PERCENT) ? shared : DEFAULT_PERCENTAGES[level], PERCENT, limit / 100);
  };
}

// A mistyped range is ignored, so that it does not switch the default off.
function isMuninRange(text: string, scales: UnitScales): boolean {
  return parseRange(text, scales).ok;
}

/** Undefined if the text is not a range, alerts inside, or never alerts. */
export function muninRange(text: string, scales: UnitScales, factor: number): string | undefined {
  const parsed = parseRange(text, scales);
  return parsed.ok && !parsed.range.inside ? formatMunin(parsed.range, factor) : undefined;
}

// No graphed figure is negative, so a start of zero needs no bound.
function formatMunin({ start, end }: Range, factor: number): string | undefined {
  const low = start > 0 ? plainDecimal(scaledBound(start, factor, Math.ceil)) : '';
  const high = end === Number.POSITIVE_INFINITY ? '' : plainDecimal(scaledBound(end, factor, Math.floor));
  return low === '' && high === '' ? undefined : `${low}:${high}`;
}

// Bounds in percent of the limit are rounded to whole entries.
function scaledBound(bound: number, factor: number, whole: (entries: number) => number): number {
  return factor === 1 ? bound : whole(Number((bound * factor).toPrecision(15)));
}
