// Nagios threshold ranges, `[@]start:end`: parse, format, and test a value. Grammar: Monitoring Plugins Development
// Guidelines, "Threshold and Ranges".

import { plainDecimal } from './decimal.ts';

/** Both ends belong to the range. It alerts outside the range, or inside if `inside` is set. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly inside: boolean;
}

/** The factor of each unit suffix, for example `{ KiB: 1024 }`. */
export type UnitScales = Readonly<Record<string, number>>;

export type ParsedRange = { readonly ok: true; readonly range: Range } | { readonly ok: false; readonly why: string };

const NUMBER = /^(-?(?:\d+(?:\.\d+)?|\.\d+))([A-Za-z%]*)$/;

/** Parses a range; a suffix on either end must be one of `scales`. Never throws. */
export function parseRange(text: string, scales: UnitScales): ParsedRange {
  const inside = text.startsWith('@');
  const ends = (inside ? text.slice(1) : text).split(':');
  const [first = '', second] = ends;
  if (ends.length > 2 || (first === '' && !second)) return { ok: false, why: 'not a range' };

  const start = second === undefined ? 0 : parseStart(first, scales);
  const end = second === undefined ? parseScaled(first, scales) : parseEnd(second, scales);
  if (start === undefined || end === undefined) return { ok: false, why: unitMistake(ends, scales) ?? 'not a range' };
  if (start > end) return { ok: false, why: 'start is above end' };
  return { ok: true, range: { start, end, inside } };
}

function parseStart(text: string, scales: UnitScales): number | undefined {
  if (text === '~') return Number.NEGATIVE_INFINITY;
  return text === '' ? 0 : parseScaled(text, scales);
}

function parseEnd(text: string, scales: UnitScales): number | undefined {
  return text === '' ? Number.POSITIVE_INFINITY : parseScaled(text, scales);
}

/** Parses a number with one of these units or none; undefined for any other text. */
export function parseScaled(text: string, scales: UnitScales): number | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  const scale = unit === '' ? 1 : Object.entries(scales).find(([name]) => name === unit)?.[1];
  if (scale === undefined) return undefined;
  const value = scaleDecimally(Number(digits), scale);
  return Number.isFinite(value) ? value : undefined;
}

/** Returns the unknown unit and the accepted ones; undefined if the fault is not a unit. */
function unitMistake(ends: readonly string[], scales: UnitScales): string | undefined {
  const units = ends.flatMap((end) => NUMBER.exec(end)?.[2] ?? []);
  const wrong = units.find((unit) => unit !== '' && !Object.keys(scales).includes(unit));
  if (wrong === undefined) return undefined;
  const near = Object.keys(scales).filter((unit) => unit.charAt(0).toLowerCase() === wrong.charAt(0).toLowerCase());
  const accepted = near.length > 0 ? near : Object.keys(scales);
  return accepted.length === 0 ? `takes no unit ${wrong}` : `unknown unit ${wrong}, available: ${accepted.join(' ')}`;
}

// 1.1 × 1000 is 1100.0000000000002 in binary, and the bound is printed in the performance data. Also turns -0 into 0.
function scaleDecimally(value: number, scale: number): number {
  const product = value * scale;
  return (scale === 1 || Number.isInteger(product) ? product : Number(product.toPrecision(15))) + 0;
}

/** Returns the canonical text: parsing it gives the same range. */
export function formatRange({ start, end, inside }: Range): string {
  const at = inside ? '@' : '';
  const last = end === Number.POSITIVE_INFINITY ? '' : plainDecimal(end);
  if (start === 0 && last !== '') return at + last;
  return `${at}${start === Number.NEGATIVE_INFINITY ? '~' : plainDecimal(start)}:${last}`;
}

export function alerts({ start, end, inside }: Range, value: number): boolean {
  const within = value >= start && value <= end;
  return inside ? within : !within;
}

/** True if no value alerts: no range, or `~:`. */
export function neverAlerts(range: Range | undefined): boolean {
  if (range === undefined) return true;
  const { start, end, inside } = range;
  return !inside && start === Number.NEGATIVE_INFINITY && end === Number.POSITIVE_INFINITY;
}

/** Returns N of a range that, for non-negative values, alerts exactly above N; undefined for any other range. */
export function upperBound({ start, end, inside }: Range): number | undefined {
  return !inside && start <= 0 && end >= 0 && end !== Number.POSITIVE_INFINITY ? end : undefined;
}

/** True if `inner` alerts at some values, and `outer` alerts at all of them. */
export function covers(outer: Range, inner: Range, signed: boolean): boolean {
  const [above, innerAbove] = [upperBound(outer), upperBound(inner)];
  // The usual case: testing values takes longer.
  if (!signed && above !== undefined && innerAbove !== undefined) return innerAbove >= above;
  const values = tellingValues([outer, inner]).filter((value) => signed || value >= 0);
  const alerting = values.filter((value) => alerts(inner, value));
  return alerting.length > 0 && alerting.every((value) => alerts(outer, value));
}

// Alerts change only at the ends: each end, and one value between two neighbouring ends, represent all values.
function tellingValues(ranges: readonly Range[]): readonly number[] {
  const bounds = ranges.flatMap(({ start, end }) => [start, end]);
  const ends = [0, ...bounds].filter(Number.isFinite).sort((a, b) => a - b);
  const between = ends.slice(1).map((end, at) => (end + (ends[at] ?? end)) / 2);
  return [2 * Math.min(...ends) - 1, ...ends, ...between, 2 * Math.max(...ends) + 1];
}
