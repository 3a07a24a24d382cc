// Figures and foreign text in words, safe on a Nagios line.

import { roundedDecimal } from '../evaluate/decimal.ts';
import { type MetricName, metricSpec } from '../evaluate/metrics.ts';

const FOREIGN_BYTES = 64;
const NOT_PLAIN = /[^A-Za-z0-9 _.:/@+,()=%~-]/gu;

/** Text from outside: only harmless ASCII is kept, the rest becomes `?`; at most 64 bytes, the end cut off. */
export function foreign(text: string): string {
  const plain = text.replace(NOT_PLAIN, '?');
  return plain.length > FOREIGN_BYTES ? `${plain.slice(0, FOREIGN_BYTES - 3)}...` : plain;
}

/** A path below `/proc`, whole; of a root that was given before it, the last 64 bytes. */
export function foreignPath(path: string): string {
  const plain = path.replace(NOT_PLAIN, '?');
  const own = plain.lastIndexOf('/proc/');
  const given = own === -1 ? plain : plain.slice(0, own);
  const shown = given.length > FOREIGN_BYTES ? `...${given.slice(3 - FOREIGN_BYTES)}` : given;
  return own === -1 ? shown : shown + plain.slice(own);
}

/** One decimal; what is below 100 % is never shown as 100.0 %. */
export function percentWords(percent: number): string {
  const shown = percent < 100 ? Math.min(percent, 99.9) : percent;
  return `${shown.toFixed(1)}%`;
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes with one decimal in the largest unit of which there is one: `19.7 MiB`. */
export function sizeWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), SIZES.length - 1);
  const unit = SIZES[power] ?? 'B';
  return power === 0 ? `${bytes} ${unit}` : `${(bytes / 2 ** (10 * power)).toFixed(1)} ${unit}`;
}

/** A metric's value as a sentence wants it. */
export function valueWords(metric: MetricName, value: number): string {
  const { unit, decimals } = metricSpec(metric);
  if (unit === 'B') return sizeWords(value);
  return unit === '%' ? `${roundedDecimal(value, decimals)}%` : roundedDecimal(value, decimals);
}
