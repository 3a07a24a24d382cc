// The kernel's per-CPU conntrack counters: `/proc/net/stat/nf_conntrack` (CentOS 6 to today) and
// `/proc/net/stat/ip_conntrack` (CentOS 5), where CONFIG_NF_CONNTRACK_PROCFS is on.
// Printed by ct_cpu_seq_show() in net/netfilter/nf_conntrack_standalone.c. Columns by kernel:
//   up to 2.6.34   entries searched found new invalid ignore delete delete_list insert insert_failed drop
//                  early_drop icmp_error expect_new expect_create expect_delete
//   2.6.35         and search_restart
//   5.10           searched is clashres
//   5.15           delete_list is chainlength

import { COUNTERS, type CpuCounters, type Statistics } from '../facts.ts';
import type { Parsed } from './root.ts';

const MALFORMED = { ok: false, kind: 'malformed' } as const;

/** Reads the header for the columns' places: they moved before and will move again. */
export function parseStatistics(bytes: Buffer): Parsed<Statistics> {
  const [header = '', ...lines] = bytes.toString('latin1').trim().split('\n');
  if (header === '') return { ok: false, kind: 'empty' };
  const names = header.trim().split(/\s+/);
  const rows = lines.map((line) => line.trim().split(/\s+/));
  if (rows.length === 0 || !rows.every((row) => isRow(row, names.length))) return MALFORMED;

  const entries = column(names, rows[0] ?? [], 'entries');
  const cpus = rows.map((row) => cpuCounters(names, row));
  if (entries === undefined || cpus[0]?.drop === undefined) return MALFORMED;
  return { ok: true, value: { entries, cpus } };
}

function isRow(row: readonly string[], columns: number): boolean {
  return row.length === columns && row.every((cell) => /^[0-9a-f]{8}$/.test(cell));
}

function column(names: readonly string[], row: readonly string[], name: string): number | undefined {
  const cell = row[names.indexOf(name)];
  return cell === undefined ? undefined : Number.parseInt(cell, 16);
}

function cpuCounters(names: readonly string[], row: readonly string[]): CpuCounters {
  const found = COUNTERS.map((name) => [name, column(names, row, name)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
