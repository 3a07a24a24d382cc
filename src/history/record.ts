// The file that holds the samples of one or more tables. What is not exactly of this form is not trusted in any part.
//   {"schema":2,"boot":"<boot_id>","tables":{"net:4026531840":[[uptime,entries,[[drop,…],…]],…],…}}
// A CPU's counters stand in the order of COUNTERS; null is one that the kernel lacks, and 0 for all stands for zeros.

import { COUNTERS, type CpuCounters, type Sample } from '../facts.ts';

const SCHEMA = 2;
/** Of a table; more are never written. Enough to outvote odd ones; each pair of them is a slope to work out. */
export const MOST_SAMPLES = 16;
/** The most that Linux can be built for. */
const MOST_CPUS = 8192;
const LARGEST_COUNTER = 2 ** 32 - 1;
// Three centuries.
const LARGEST_UPTIME = 1e10;
const ALL_ZERO = Object.fromEntries(COUNTERS.map((name) => [name, 0]));

export interface Record {
  /** The boot that the samples' clock counts from. */
  readonly boot: string;
  /** Samples in the order of time, by table: a namespace of this machine, or a tree. */
  readonly tables: ReadonlyMap<string, readonly Sample[]>;
}

/** Undefined for anything but a record that `formatRecord` may have written. Never throws. */
export function parseRecord(text: string): Record | undefined {
  const parsed = parseJson(text);
  if (!isObject(parsed)) return undefined;
  const { schema, boot, tables } = parsed;
  if (schema !== SCHEMA || typeof boot !== 'string' || !isObject(tables)) return undefined;
  const known = new Map<string, readonly Sample[]>();
  for (const [table, rows] of Object.entries(tables)) {
    const samples = Array.isArray(rows) && rows.length <= MOST_SAMPLES ? rows.map(parseSample) : [undefined];
    if (!samples.every(isDefined)) return undefined;
    known.set(table, samples);
  }
  return { boot, tables: known };
}

export function formatRecord({ boot, tables }: Record): string {
  const rows = Array.from(tables, ([table, samples]) => [table, samples.map(sampleRow)]);
  return `${JSON.stringify({ schema: SCHEMA, boot, tables: Object.fromEntries(rows) })}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseSample(row: unknown): Sample | undefined {
  if (!Array.isArray(row) || row.length !== 3) return undefined;
  const [uptime, entries, rows]: readonly unknown[] = row;
  if (!isFigure(uptime) || uptime > LARGEST_UPTIME || !isCounter(entries)) return undefined;
  if (!Array.isArray(rows) || rows.length > MOST_CPUS) return undefined;
  const cpus = rows.map(parseCpu);
  return cpus.every(isDefined) ? { uptime, entries, cpus } : undefined;
}

function parseCpu(row: unknown): CpuCounters | undefined {
  if (row === 0) return ALL_ZERO;
  if (!Array.isArray(row) || row.length !== COUNTERS.length) return undefined;
  if (!row.every((cell: unknown) => cell === null || isCounter(cell))) return undefined;
  const counters = COUNTERS.map((name, at) => [name, row[at]] as const);
  return Object.fromEntries(counters.filter(([, value]) => value !== null));
}

function sampleRow({ uptime, entries, cpus }: Sample): readonly unknown[] {
  return [uptime, entries, cpus.map(counterRow)];
}

// Most namespaces lose nothing, on machines of many CPUs.
function counterRow(cpu: CpuCounters): readonly (number | null)[] | 0 {
  return COUNTERS.every((name) => cpu[name] === 0) ? 0 : COUNTERS.map((name) => cpu[name] ?? null);
}

function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** As the kernel counts: 32 bits. */
function isCounter(value: unknown): value is number {
  return isFigure(value) && Number.isInteger(value) && value <= LARGEST_COUNTER;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
