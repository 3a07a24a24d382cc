// Figures and untrusted text in words, safe on a Nagios line.

import { plainDecimal, roundedDecimal } from '../evaluate/decimal.ts';
import { type MetricName, metricSpec } from '../evaluate/metrics.ts';

const FOREIGN_BYTES = 64;
/** Paths that the program itself looks for below a root. */
const OWN_PATH = /\/proc\/(?:sys|net|\d+|self|slabinfo|meminfo|uptime|modules)\b[a-z0-9_/]{0,48}$/;
const NOT_PLAIN = /[^A-Za-z0-9 _.:/@+,()=%~-]/gu;

/** Keeps only harmless ASCII of untrusted text, the rest becomes `?`; cut to 64 bytes at the end. */
export function foreign(text: string): string {
  const plain = text.replace(NOT_PLAIN, '?');
  return plain.length > FOREIGN_BYTES ? `${plain.slice(0, FOREIGN_BYTES - 3)}...` : plain;
}

/** Returns a path below `/proc` in full, and the last 64 bytes of the root before it. */
export function foreignPath(path: string): string {
  const plain = path.replace(NOT_PLAIN, '?');
  const [own = ''] = OWN_PATH.exec(plain) ?? [];
  const given = plain.slice(0, plain.length - own.length);
  const shown = given.length > FOREIGN_BYTES ? `...${given.slice(3 - FOREIGN_BYTES)}` : given;
  return shown + own;
}

/** One decimal; a value below 100 % is never rounded up to 100.0 %. */
export function percentWords(percent: number): string {
  const shown = percent < 100 ? Math.min(percent, 99.9) : percent;
  return `${shown.toFixed(1)}%`;
}

function belowFull(percent: number): number {
  return percent < 100 ? Math.min(percent, 99.99) : percent;
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in the largest unit that gives at least 1, with one decimal: `19.7 MiB`. */
export function sizeWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), SIZES.length - 1);
  const unit = SIZES[power] ?? 'B';
  return power === 0 ? `${bytes} ${unit}` : `${(bytes / 2 ** (10 * power)).toFixed(1)} ${unit}`;
}

const LONGEST_IN_SECONDS = 600;

/** Tenths of seconds up to 10 s, seconds up to 10 min, then the largest unit that gives at least 2. */
export function durationWords(seconds: number): string {
  if (seconds < LONGEST_IN_SECONDS) return `${roundedDecimal(seconds, seconds < 10 ? 1 : 0)} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** `85% is above 80%`; unrounded if both would look the same. */
export function comparedWords(metric: MetricName, value: number, relation: 'above' | 'below', bound: number): string {
  const [words, boundWords] = [valueWords(metric, value), valueWords(metric, bound)];
  if (words !== boundWords) return `${words} is ${relation} ${boundWords}`;
  const unit = metricSpec(metric).unit.replace('c', '');
  return `${plainDecimal(value)}${unit} is ${relation} ${plainDecimal(bound)}${unit}`;
}

/** A metric's value with its unit, for a sentence. */
export function valueWords(metric: MetricName, value: number): string {
  const { unit, decimals } = metricSpec(metric);
  if (unit === 'B') return sizeWords(value);
  if (unit === 's') return durationWords(value);
  return unit === '%' ? `${roundedDecimal(belowFull(value), decimals)}%` : roundedDecimal(value, decimals);
}
