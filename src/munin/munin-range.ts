// Munin's ranges, made of the thresholds that the check has. `min:max` alerts outside of itself, either end may be
// missing, and there is no `@`: a range that alerts inside has no counterpart and is left out.

import { plainDecimal } from '../evaluate/decimal.ts';
import { parseRange, type Range, type UnitScales } from '../evaluate/range.ts';

/** By field and level, as munin-node's master reads them. */
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

// What is mistyped is not there: it must not switch the default off.
function isMuninRange(text: string, scales: UnitScales): boolean {
  return parseRange(text, scales).ok;
}

/** Undefined for what is no range, alerts inside, or never alerts. */
export function muninRange(text: string, scales: UnitScales, factor: number): string | undefined {
  const parsed = parseRange(text, scales);
  return parsed.ok && !parsed.range.inside ? formatMunin(parsed.range, factor) : undefined;
}

// No figure that is graphed is below zero: a start of zero is no bound.
function formatMunin({ start, end }: Range, factor: number): string | undefined {
  const low = start > 0 ? plainDecimal(scaledBound(start, factor, Math.ceil)) : '';
  const high = end === Number.POSITIVE_INFINITY ? '' : plainDecimal(scaledBound(end, factor, Math.floor));
  return low === '' && high === '' ? undefined : `${low}:${high}`;
}

// What is drawn in percent of the limit is whole entries.
function scaledBound(bound: number, factor: number, whole: (entries: number) => number): number {
  return factor === 1 ? bound : whole(Number((bound * factor).toPrecision(15)));
}
