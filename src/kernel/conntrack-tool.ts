// The same counters from conntrack(8), for kernels built without CONFIG_NF_CONNTRACK_PROCFS (Ubuntu's).
// It asks nf_conntrack_netlink (IPCTNL_MSG_CT_GET_STATS_CPU), which needs CAP_NET_ADMIN.

import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import type { CounterName, CpuCounters, Fault, ReadAttempt, Reading, Statistics } from '../facts.ts';
import { errnoName } from './file.ts';
import type { Parsed, Root } from './root.ts';

const PLACES = ['/usr/sbin/conntrack', '/sbin/conntrack', '/usr/bin/conntrack'] as const;
const COMMAND = 'conntrack -S';
const MODULES_LIMIT = 1 << 20;
const SPAWN: SpawnSyncOptionsWithStringEncoding = {
  killSignal: 'SIGKILL',
  encoding: 'latin1',
  env: { LC_ALL: 'C' },
  stdio: ['ignore', 'pipe', 'ignore'],
  maxBuffer: 1 << 20,
};

// conntrack(8) has its own names for some of the kernel's counters, and had the kernel's before.
const KEYS: ReadonlyMap<string, CounterName> = new Map([
  ['drop', 'drop'],
  ['early_drop', 'early_drop'],
  ['insert_failed', 'insert_failed'],
  ['chaintoolong', 'chainlength'],
  ['chainlength', 'chainlength'],
]);

/** Runs `conntrack -S`, unless that would load a module: a check changes nothing on the machine. */
export function readToolStatistics(root: Root): Reading<Statistics> {
  if (wouldLoadModule(root)) return broken({ kind: 'would-load-module', source: COMMAND });
  for (const place of PLACES) {
    const late = root.expired(COMMAND);
    if (late !== undefined) return broken(late);
    const before = root.deadline.left();
    const child = spawnSync(place, ['-S'], { ...SPAWN, timeout: childTime(before) });
    const errno = child.error === undefined ? undefined : errnoName(child.error);
    if (errno === 'ENOENT') continue;
    const reading = interpret(root, errno, child.status, child.stdout);
    root.record(attempted(reading, child.stdout, before - root.deadline.left()));
    return reading;
  }
  return broken({ kind: 'tool-missing', source: COMMAND });
}

function attempted(reading: Reading<Statistics>, stdout: string | null, milliseconds: number): ReadAttempt {
  const fault = reading.ok ? {} : { fault: reading.fault };
  return { source: COMMAND, bytes: stdout === null ? 0 : stdout.length, milliseconds, ...fault };
}

// Refused for want of privilege, it still prints something to stdout: only success counts.
function interpret(root: Root, errno: string | undefined, status: number | null, stdout: string): Reading<Statistics> {
  const late = errno === 'ETIMEDOUT' ? root.expired(COMMAND) : undefined;
  if (late !== undefined) return broken(late);
  if (status !== 0) return broken({ kind: 'tool-failed', source: COMMAND, detail: errno ?? `exit status ${status}` });
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

function parseCpu(line: string): CpuCounters {
  const counters: Partial<Record<CounterName, number>> = {};
  for (const [, key = '', digits] of line.matchAll(/(\w+)=(\d{1,10})(?!\S)/g)) {
    const name = KEYS.get(key);
    if (name !== undefined && Number(digits) < 2 ** 32) counters[name] = Number(digits);
  }
  return counters;
}

// A table that is there does not mean that nf_conntrack_netlink is, and asking would load it. Built-in
// parts are not listed: only a list that has the one without the other tells.
function wouldLoadModule(root: Root): boolean {
  const modules = root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: text }));
  return modules.ok && /^nf_conntrack /m.test(modules.value) && !/^nf_conntrack_netlink /m.test(modules.value);
}

// spawnSync takes 0 for no limit, and warns above 2^31.
function childTime(left: number): number {
  return Math.min(Math.max(Math.ceil(left), 1), 2 ** 31 - 1);
}

function broken(fault: Fault): Reading<Statistics> {
  return { ok: false, fault };
}
