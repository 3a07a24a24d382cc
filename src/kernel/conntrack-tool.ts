// The same counters from conntrack(8), for kernels built without CONFIG_NF_CONNTRACK_PROCFS (Ubuntu's).
// It asks nf_conntrack_netlink (IPCTNL_MSG_CT_GET_STATS_CPU), which needs CAP_NET_ADMIN.

import { COLUMN_NAMES, type ColumnName, type Counters, type Statistics, toolKeys } from '../observation/counters.ts';
import type { Fault, Reading } from '../observation/fault.ts';
import { type Answer, runTool } from './child.ts';
import { exists } from './file.ts';
import type { Parsed, Root } from './root.ts';

const PLACES = ['/usr/sbin/conntrack', '/sbin/conntrack', '/usr/bin/conntrack'] as const;
const COMMAND = 'conntrack -S';
const MODULES_LIMIT = 1 << 20;

const KEYS: ReadonlyMap<string, ColumnName> = new Map(
  COLUMN_NAMES.flatMap((name) => toolKeys(name).map((key) => [key, name] as const)),
);

/** How to run a command inside of another namespace: the program and arguments that go before it. */
export type Enter = readonly string[];

/** Where conntrack(8) is. */
export function findConntrackTool(): string | undefined {
  return PLACES.find((place) => exists(place));
}

/** Runs `conntrack -S`, unless that would load a module: a check changes nothing on the machine. */
export function readToolStatistics(root: Root, enter: Enter = []): Reading<Statistics> {
  if (wouldLoadModule(root)) return broken({ kind: 'would-load-module', source: COMMAND });
  return runTool(root, COMMAND, commandLines(enter), interpret);
}

// nsenter(1) has its own way to say that a command is not there, so inside of a namespace it must be known before.
function commandLines(enter: Enter): readonly (readonly string[])[] {
  if (enter.length === 0) return PLACES.map((place) => [place, '-S']);
  return PLACES.filter((place) => exists(place)).map((place) => [...enter, place, '-S']);
}

// Refused for want of privilege, it still prints something to stdout: only success counts.
function interpret({ failure, stdout }: Answer): Reading<Statistics> {
  if (failure !== undefined) return broken({ kind: 'tool-failed', source: COMMAND, detail: failure });
  const parsed = parseToolStatistics(stdout);
  if (parsed.ok) return { ok: true, value: parsed.value, source: COMMAND };
  return broken({ kind: parsed.kind, source: COMMAND });
}

/** Lines of `cpu=0 found=0 invalid=0 … drop=0 early_drop=0 error=0`; unknown keys are passed over. */
export function parseToolStatistics(text: string): Parsed<Statistics> {
  const lines = text.split('\n').filter((line) => line.startsWith('cpu='));
  const cpus = lines.map(parseCpu);
  if (cpus.length === 0 || cpus.some((cpu) => cpu.drop === undefined)) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { cpus } };
}

function parseCpu(line: string): Counters {
  const counters: Partial<Record<ColumnName, number>> = {};
  for (const word of line.split(' ')) {
    const [key = '', digits = ''] = word.trim().split('=');
    const name = KEYS.get(key);
    if (name !== undefined && /^\d{1,10}$/.test(digits) && Number(digits) < 2 ** 32) counters[name] = Number(digits);
  }
  return counters;
}

// A table that is there does not mean that nf_conntrack_netlink is, and asking would load it. Built-in
// parts are not listed: only a list that has the one without the other tells.
export function wouldLoadModule(root: Root): boolean {
  const modules = root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: text }));
  return (
    modules.ok && /^(?:nf|ip)_conntrack /m.test(modules.value) && !/^(?:nf|ip)_conntrack_netlink /m.test(modules.value)
  );
}

function broken(fault: Fault): Reading<Statistics> {
  return { ok: false, fault };
}
