// A machine with a clock and counters that a test sets: a captured tree, whose files give the time.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Answer, command, ENV, RUN } from './plugin.ts';
import { scratch, tree } from './tree.ts';

export interface Moment {
  /** Seconds since boot. */
  readonly uptime: number;
  readonly entries?: number;
  /** One value per CPU. */
  readonly drop?: readonly number[];
  readonly early_drop?: readonly number[];
  readonly insert_failed?: readonly number[];
  readonly chainlength?: readonly number[];
  readonly clashres?: readonly number[];
  readonly icmp_error?: readonly number[];
  readonly invalid?: readonly number[];
  readonly boot?: string;
}

const COLUMNS = [
  'entries',
  'clashres',
  'invalid',
  'icmp_error',
  'chainlength',
  'insert_failed',
  'drop',
  'early_drop',
] as const;
const BOOT = '11111111-2222-3333-4444-555555555555';

export interface Machine {
  readonly root: string;
  readonly state: string;
  /** Sets the files to this moment, and runs the check with a state directory. */
  readonly check: (moment: Moment, ...args: readonly string[]) => Answer;
  /** The same for the report. */
  readonly report: (moment: Moment, ...args: readonly string[]) => Answer;
}

/** At most 262144 entries; each machine has its own state directory. */
export function machine(): Machine {
  const root = tree('debian-12-synthetic');
  const state = scratch();
  const check = (moment: Moment, ...args: readonly string[]): Answer => {
    set(root, moment);
    return command(ENV, [...RUN, '--root', root, '--state-dir', state, ...args]);
  };
  const report = (moment: Moment, ...args: readonly string[]): Answer => {
    set(root, moment);
    return command(ENV, [...RUN, 'report', '--root', root, ...args]);
  };
  return { root, state, check, report };
}

function set(root: string, moment: Moment): void {
  const { uptime, entries = 1000, boot = BOOT } = moment;
  const cpus = Math.max(...COLUMNS.map((name) => (name === 'entries' ? 1 : (moment[name] ?? []).length)));
  const cell = (name: (typeof COLUMNS)[number], cpu: number): number =>
    name === 'entries' ? entries : (moment[name]?.[cpu] ?? 0);
  const rows = Array.from({ length: cpus }, (_, cpu) =>
    COLUMNS.map((name) => cell(name, cpu).toString(16).padStart(8, '0')).join(' '),
  );
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true });
  write('proc/uptime', `${uptime.toFixed(2)} 1.00\n`);
  write('proc/sys/kernel/random/boot_id', `${boot}\n`);
  write('proc/sys/net/netfilter/nf_conntrack_count', `${entries}\n`);
  write('proc/net/stat/nf_conntrack', `${COLUMNS.join(' ')}\n${rows.join('\n')}\n`);
}

/** Returns the directory of the user's state files. */
export function folder({ state }: Machine): string {
  return join(state, String(process.geteuid?.()), 'check_conntrack');
}

/** Returns the only state file. */
export function onlyFile(here: Machine): string {
  const [name = '', ...others] = readdirSync(folder(here));
  expect(others).toEqual([]);
  return join(folder(here), name);
}

/** Returns the element of a label in the performance data. */
export function perfdata({ stdout }: Answer, label: string): string | undefined {
  return new RegExp(` ${label}=([^ \n]*)`).exec(stdout)?.[1];
}
