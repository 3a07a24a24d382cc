// The text of a state file: the samples of one or more tables, the counters by name. A text of another form is not
// trusted in any part, unless another version wrote it: then the counters that both have are used.
//   {"schema":4,"boot":"<boot_id>","counters":["drop",…],"tables":{"net:4026531840":[[uptime,entries,[[0,…],…],limit],…],…}}
// A CPU's figures are in the order of `counters`; null is a counter that the kernel lacks, and 0 stands for a row of zeros.
// Before schema 4 a sample has no limit.

import { COLUMN_NAMES, type ColumnName, type Counters, isColumnName } from '../model/counters.ts';
import type { Sample } from '../model/sample.ts';

const SCHEMA = 4;
/** Schema 2 had these, and did not name them. */
const UNNAMED = ['drop', 'early_drop', 'insert_failed', 'chainlength'];
/** Samples of a table; more are never written. Enough to outvote odd ones; each pair gives a slope to compute. */
export const MOST_SAMPLES = 16;
/** More than any kernel has. */
const MOST_COUNTERS = 64;
/** The most that Linux can be built for. */
const MOST_CPUS = 8192;
// Three centuries.
const LARGEST_UPTIME = 1e10;

export interface StoredState {
  /** The boot that the samples' clock counts from. */
  readonly boot: string;
  /** Samples by table (a namespace of this machine, or a tree), oldest first. */
  readonly tables: ReadonlyMap<string, readonly Sample[]>;
}

/** `empty`: another version's, without anything usable. `malformed`: not a state file. Never throws. */
export function parseStateFile(text: string): StoredState | 'empty' | 'malformed' {
  const parsed = parseJson(text);
  if (!isObject(parsed)) return 'malformed';
  const { schema, boot, tables, counters = UNNAMED } = parsed;
  const isOurs = schema === SCHEMA;
  if (!isOurs && !isCounter(schema)) return 'malformed';
  const columns = parseColumns(counters);
  const known = columns === undefined || !isObject(tables) ? undefined : parseTables(tables, columns);
  if (typeof boot === 'string' && known !== undefined) return { boot, tables: known };
  return isOurs ? 'malformed' : 'empty';
}

export function formatState({ boot, tables }: StoredState): string {
  const rows = Array.from(tables, ([table, samples]) => [table, samples.map(sampleRow)]);
  return `${JSON.stringify({ schema: SCHEMA, boot, counters: COLUMN_NAMES, tables: Object.fromEntries(rows) })}\n`;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The counters that each CPU's row has; undefined for one that only another version knows. */
interface Columns {
  readonly names: readonly (ColumnName | undefined)[];
  /** The row that 0 stands for. */
  readonly zeros: Counters;
}

function parseColumns(names: unknown): Columns | undefined {
  if (!Array.isArray(names) || names.length > MOST_COUNTERS || !names.every(isText)) return undefined;
  const known = names.map((name) => (isColumnName(name) ? name : undefined));
  return { names: known, zeros: Object.fromEntries(names.filter(isColumnName).map((name) => [name, 0])) };
}

function parseTables(tables: Json, columns: Columns): StoredState['tables'] | undefined {
  const known = new Map<string, readonly Sample[]>();
  for (const [table, rows] of Object.entries(tables)) {
    if (!Array.isArray(rows) || rows.length > MOST_SAMPLES) return undefined;
    const samples = rows.map((row) => parseSample(row, columns));
    if (!samples.every(isParsed)) return undefined;
    known.set(table, samples);
  }
  return known;
}

function parseSample(row: unknown, columns: Columns): Sample | undefined {
  if (!Array.isArray(row) || row.length < 3 || row.length > 4) return undefined;
  const [uptime, entries, rows, limit]: readonly unknown[] = row;
  const known = row.length === 3 ? {} : isCounter(limit) ? { limit } : undefined;
  if (!isFigure(uptime) || uptime > LARGEST_UPTIME || !isCounter(entries)) return undefined;
  if (known === undefined || !Array.isArray(rows) || rows.length > MOST_CPUS) return undefined;
  const cpus = rows.map((cells) => parseCpu(cells, columns));
  return cpus.every(isParsed) ? { uptime, entries, ...known, cpus } : undefined;
}

function parseCpu(row: unknown, { names, zeros }: Columns): Counters | undefined {
  if (row === 0) return zeros;
  if (!Array.isArray(row) || row.length !== names.length) return undefined;
  const counters: Partial<Record<ColumnName, number>> = {};
  for (let at = 0; at < names.length; at++) {
    const name = names[at];
    const cell: unknown = row[at];
    if (cell === null) continue;
    if (!isCounter(cell)) return undefined;
    if (name !== undefined) counters[name] = cell;
  }
  return counters;
}

function sampleRow({ uptime, entries, cpus, limit }: Sample): readonly unknown[] {
  return [uptime, entries, cpus.map(counterRow), ...(limit === undefined ? [] : [limit])];
}

// Most namespaces lose nothing, on machines of many CPUs.
function counterRow(cpu: Counters): readonly (number | null)[] | 0 {
  return COLUMN_NAMES.every((name) => cpu[name] === 0) ? 0 : COLUMN_NAMES.map((name) => cpu[name] ?? null);
}

function isFigure(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

/** The kernel counts in 32 bits. */
function isCounter(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export type Json = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isParsed<T>(value: T | undefined): value is T {
  return value !== undefined;
}
