// Thresholds that cannot do what was meant: why, and what to type instead.

import type { MetricName } from './metrics.ts';
import { alerts, formatRange, parseRange, type Range } from './range.ts';

/** Percent. */
const ABSURD_USAGE = 1000;

export const SEVERAL_ARGUMENTS = 'several arguments in one word; leave out the quotes';

/** `-w '80 -c 90'` */
export function severalArguments(text: string): string | undefined {
  return /\s-/.test(text) ? SEVERAL_ARGUMENTS : undefined;
}

/** `-w usage=~:80`, of which a shell makes `usage=/root:80`. */
export function expandedTilde(name: MetricName, text: string): string | undefined {
  const [, end] = /^\/[^:]*:(.*)$/s.exec(text) ?? [];
  const meant = end === undefined ? undefined : parseRange(`~:${end}`, {});
  return meant?.ok ? `the shell made a path of ~; quote it: '${name}=${formatRange(meant.range)}'` : undefined;
}

/** A range that is a slip on this metric. */
export function slipIn(name: MetricName, text: string, range: Range): string | undefined {
  const ends = [range.start, range.end].filter(Number.isFinite);
  if (name === 'usage' && ends.some((end) => end > ABSURD_USAGE))
    return `usage is a percentage; for entries use entries=${formatRange(range)}`;
  const isUpperBound = !text.includes(':') && !range.inside;
  return name === 'time_to_full' && isUpperBound ? `alerts below need a colon: ${text}:` : undefined;
}

/** Each value that `warning` alerts at is one that `critical` alerts at, and there are some. */
export function covers(critical: Range, warning: Range, signed: boolean): boolean {
  const values = tellingValues([warning, critical]).filter((value) => signed || value >= 0);
  const warned = values.filter((value) => alerts(warning, value));
  return warned.length > 0 && warned.every((value) => alerts(critical, value));
}

// Between two neighbouring ends nothing changes: each end, and one value of each stretch, stand for all values.
function tellingValues(ranges: readonly Range[]): readonly number[] {
  const bounds = ranges.flatMap(({ start, end }) => [start, end]);
  const ends = [0, ...bounds].filter(Number.isFinite).sort((a, b) => a - b);
  const between = ends.slice(1).map((end, at) => (end + (ends[at] ?? end)) / 2);
  return [2 * Math.min(...ends) - 1, ...ends, ...between, 2 * Math.max(...ends) + 1];
}
