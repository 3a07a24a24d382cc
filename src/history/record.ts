// The file that holds one table's samples. What is not exactly of this form is not trusted in any part.
//   {"schema":1,"table":"net:4026531840","boot":"<boot_id>","samples":[[uptime,entries,[[drop,…],…]],…]}
// A CPU's counters stand in the order of COUNTERS; null is one that the kernel lacks.

import { COUNTERS, type CpuCounters, type Sample } from '../facts.ts';

const SCHEMA = 1;

export interface Record {
  /** Which table the samples are of: a namespace of this machine, or a tree. */
  readonly table: string;
  /** The boot that the samples' clock counts from. */
  readonly boot: string;
  readonly samples: readonly Sample[];
}

/** Undefined for anything but a record that `formatRecord` may have written. Never throws. */
export function parseRecord(text: string): Record | undefined {
  const parsed = parseJson(text);
  if (!isObject(parsed)) return undefined;
  const { schema, table, boot, samples } = parsed;
  if (schema !== SCHEMA || typeof table !== 'string' || typeof boot !== 'string' || !Array.isArray(samples))
    return undefined;
  const known = samples.map(parseSample);
  return known.every(isDefined) ? { table, boot, samples: known } : undefined;
}

export function formatRecord({ table, boot, samples }: Record): string {
  const rows = samples.map(({ uptime, entries, cpus }) => [uptime, entries, cpus.map(counterRow)]);
  return `${JSON.stringify({ schema: SCHEMA, table, boot, samples: rows })}\n`;
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
  if (!isFigure(uptime) || !isFigure(entries) || !Array.isArray(rows)) return undefined;
  const cpus = rows.map(parseCpu);
  return cpus.every(isDefined) ? { uptime, entries, cpus } : undefined;
}

function parseCpu(row: unknown): CpuCounters | undefined {
  if (!Array.isArray(row) || row.length !== COUNTERS.length) return undefined;
  if (!row.every((cell: unknown) => cell === null || isFigure(cell))) return undefined;
  const counters = COUNTERS.map((name, at) => [name, row[at]] as const);
  return Object.fromEntries(counters.filter(([, value]) => value !== null));
}

function counterRow(cpu: CpuCounters): readonly (number | null)[] {
  return COUNTERS.map((name) => cpu[name] ?? null);
}

function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
