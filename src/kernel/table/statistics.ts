// The kernel's per-CPU conntrack counters: `/proc/net/stat/nf_conntrack` (CentOS 6 to today) and
// `/proc/net/stat/ip_conntrack` (CentOS 5), if CONFIG_NF_CONNTRACK_PROCFS is on.
// Printed by ct_cpu_seq_show() in net/netfilter/nf_conntrack_standalone.c. Columns by kernel:
//   up to 2.6.34   entries searched found new invalid ignore delete delete_list insert insert_failed drop
//                  early_drop icmp_error expect_new expect_create expect_delete
//   2.6.35         and search_restart
//   5.10           searched is clashres
//   5.15           delete_list is chainlength

import { COLUMN_NAMES, type ColumnName, type Counters, type Statistics } from '../../model/counters.ts';
import type { Reading } from '../../model/fault.ts';
import type { Parsed } from '../root.ts';

const MALFORMED = { ok: false, kind: 'malformed' } as const;

/** Finds the columns by the header, because their positions differ between kernels. */
export function parseStatistics(text: string): Parsed<Statistics> {
  const [header = '', ...lines] = text.trim().split('\n');
  if (header === '') return { ok: false, kind: 'empty' };
  const names = wordsOf(header);
  const cells = lines.map(wordsOf);
  if (!cells.every((row) => row.every(isHexCounter))) return MALFORMED;

  const entries = columnValue(names, cells[0], 'entries');
  if (entries === undefined || !names.includes('drop')) return MALFORMED;
  if (cells.some((row) => row.length !== names.length)) return MALFORMED;
  return { ok: true, value: { entries, cpus: cells.map((row) => cpuCounters(names, row)) } };
}

// Kernels print spaces; a pattern for other white space is compiled again in each run.
function wordsOf(line: string): readonly string[] {
  const parts = line.includes('\t') ? line.split(/\s/) : line.split(' ');
  return parts.filter(Boolean);
}

/** The kernel prints "%08x". */
function isHexCounter(cell: string): boolean {
  return cell.length === 8 && Number.parseInt(cell, 16).toString(16).padStart(8, '0') === cell;
}

function columnValue(names: readonly string[], row: readonly string[] = [], name: string): number | undefined {
  const cell = row[names.indexOf(name)];
  return cell === undefined ? undefined : Number.parseInt(cell, 16);
}

function cpuCounters(names: readonly string[], row: readonly string[]): Counters {
  const counters: Partial<Record<ColumnName, number>> = {};
  for (const name of COLUMN_NAMES) {
    const value = columnValue(names, row, name);
    if (value !== undefined) counters[name] = value;
  }
  return counters;
}

/** Returns the entries column of the counters. */
export function entriesOf(statistics: Reading<Statistics>): Reading<number> {
  if (!statistics.ok) return statistics;
  const { entries } = statistics.value;
  if (entries !== undefined) return { ok: true, value: entries, source: statistics.source };
  return { ok: false, fault: { kind: 'malformed', source: statistics.source } };
}
