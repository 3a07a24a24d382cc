// Tables of names and counts, two next to each other if they fit.

import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';

/** How many entries each of some has. */
export interface Column {
  readonly title: string;
  readonly rows: readonly (readonly [string, number])[];
  readonly notes: readonly string[];
}

export const NO_COLUMN: Column = { title: '', rows: [], notes: [] };

const GAP = 2;
const NAMES_WIDTH = 18;
const COUNTS_WIDTH = 10;
const LISTING_WIDTH = 2 + NAMES_WIDTH + COUNTS_WIDTH + 7;

function shareOf(count: number, all: number): string {
  return percentWords((100 * count) / all).padStart(7);
}

// One below the other where a name is too wide, as IPv6 addresses are.
export function sideBySide(left: Column, right: Column, all: number): readonly string[] {
  const names = [...left.rows, ...right.rows].map(([words]) => words.length);
  const widest = Math.max(NAMES_WIDTH, ...names);
  const [first, second] = [left, right].map((column) => columnLines(column, widest, all));
  const lines = widest > NAMES_WIDTH ? [...(first ?? []), ...(second ?? [])] : zipped(first ?? [], second ?? []);
  return lines.map((line) => `  ${line}`.trimEnd());
}

function columnLines({ title, rows, notes }: Column, width: number, all: number): readonly string[] {
  const row = ([words, count]: Column['rows'][number]) =>
    `  ${words.padEnd(width)}${grouped(count).padStart(COUNTS_WIDTH)}${shareOf(count, all)}`;
  return title === '' ? [] : [title, ...rows.map(row), ...notes];
}

function zipped(left: readonly string[], right: readonly string[]): readonly string[] {
  return Array.from(
    { length: Math.max(left.length, right.length) },
    (_, at) => `${(left[at] ?? '').padEnd(LISTING_WIDTH + GAP)}${right[at] ?? ''}`,
  );
}
