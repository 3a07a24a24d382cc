// The same counters from conntrack(8), for kernels built without CONFIG_NF_CONNTRACK_PROCFS (Ubuntu's). It queries
// nf_conntrack_netlink (IPCTNL_MSG_CT_GET_STATS_CPU), which needs CAP_NET_ADMIN.

import { COLUMN_NAMES, type ColumnName, type Counters, type Statistics, toolKeys } from '../../model/counters.ts';
import type { Fault, Reading } from '../../model/fault.ts';
import type { Parsed, Root } from '../root.ts';
import { type Answer, runTool } from '../run-tool.ts';
import { TOOLS } from '../tools.ts';

const COMMAND = 'conntrack -S';

const KEYS: ReadonlyMap<string, ColumnName> = new Map(
  COLUMN_NAMES.flatMap((name) => toolKeys(name).map((key) => [key, name] as const)),
);

/** Runs `conntrack -S` in the namespace that `enter` enters. */
export function readToolStatistics(root: Root, enter: readonly string[] = []): Reading<Statistics> {
  return runTool(root, { tool: TOOLS.counters, source: COMMAND, enter }, interpretAnswer);
}

const CAPTURED_LIMIT = 1 << 22;

/** Returns the counters from the output of `conntrack -S` in a captured tree; undefined if it has none. */
export function readCapturedStatistics(root: Root): Reading<Statistics> | undefined {
  const reading = root.read('/conntrack-S', CAPTURED_LIMIT, parseToolStatistics);
  return !reading.ok && reading.fault.kind === 'missing' ? undefined : reading;
}

// Refused for want of privilege, it still prints something to stdout: only success counts.
function interpretAnswer({ failure, stdout }: Answer): Reading<Statistics> {
  if (failure !== undefined) return brokenAnswer({ kind: 'tool-failed', source: COMMAND, detail: failure });
  const parsed = parseToolStatistics(stdout);
  if (parsed.ok) return { ok: true, value: parsed.value, source: COMMAND };
  return brokenAnswer({ kind: parsed.kind, source: COMMAND });
}

/** Parses lines such as `cpu=0 found=0 invalid=0 … drop=0 early_drop=0 error=0`; skips unknown keys. */
export function parseToolStatistics(text: string): Parsed<Statistics> {
  const lines = text.split('\n').filter((line) => line.startsWith('cpu='));
  const cpus = lines.map(parseToolCpu);
  if (cpus.length === 0 || cpus.some((cpu) => cpu.drop === undefined)) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { cpus } };
}

function parseToolCpu(line: string): Counters {
  const counters: Partial<Record<ColumnName, number>> = {};
  for (const word of line.split(' ')) {
    const [key = '', digits = ''] = word.trim().split('=');
    const name = KEYS.get(key);
    if (name !== undefined && /^\d{1,10}$/.test(digits) && Number(digits) < 2 ** 32) counters[name] = Number(digits);
  }
  return counters;
}

function brokenAnswer(fault: Fault): Reading<Statistics> {
  return { ok: false, fault };
}
