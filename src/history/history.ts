// Samples between runs: what is remembered of a table, and what is kept for the next run.

import type { History, NoPast, Reading, Sample } from '../facts.ts';
import { type Before, exchange, pathOf } from './directory.ts';
import { formatRecord, parseRecord, type Record } from './record.ts';

/** The table that a run looks at, and what it saw. */
export interface Subject {
  /** `net:<inode>` for a namespace of this machine, `tree:<path>` for a captured one. */
  readonly table: string;
  /** The boot that `now` is counted from. */
  readonly boot: string;
  readonly now: Sample;
  /** Seconds since boot when the namespace's eldest process started, where that can tell its age. */
  readonly eldest: number | undefined;
  readonly window: number;
}

// Enough to outvote odd ones; each pair of them is a slope to work out.
const MOST_SAMPLES = 16;

/** Recalls the table's earlier samples and adds this run's. What is not to be trusted is replaced by it. */
export function remember(dir: string, euid: number, subject: Subject): Reading<History> {
  const place = { dir, euid, name: fileName(subject) };
  const source = pathOf(place);
  const { table, boot, now, window } = subject;
  let recalled: Reading<History['past']> = { ok: true, value: 'first run', source };
  const fault = exchange(place, (before) => {
    recalled = recall(before, subject, source);
    return formatRecord({ table, boot, samples: kept(recalled, subject) });
  });
  if (fault !== undefined) return { ok: false, fault };
  return recalled.ok ? { ok: true, value: { now, past: recalled.value, window }, source } : recalled;
}

function recall(before: Before, subject: Subject, source: string): Reading<History['past']> {
  if (before === undefined) return { ok: true, value: 'first run', source };
  if (!before.ok) {
    const { kind, detail } = before;
    return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
  }
  const record = parseRecord(before.text);
  if (record === undefined) return { ok: false, fault: { kind: 'malformed', source } };
  return { ok: true, value: strangeTo(record, subject) ?? record.samples, source };
}

function strangeTo({ table, boot, samples }: Record, subject: Subject): NoPast | undefined {
  if (table !== subject.table) return 'first run';
  if (boot !== subject.boot) return 'the machine was rebooted';
  const last = samples[samples.length - 1];
  // The kernel gives a namespace's inode to the next one at once.
  const reused = last !== undefined && subject.eldest !== undefined && subject.eldest > last.uptime;
  return reused ? 'the network namespace is new' : undefined;
}

// As far back as the window reaches, and the newest sample before it.
function kept(recalled: Reading<History['past']>, { now, window }: Subject): readonly Sample[] {
  if (!recalled.ok || typeof recalled.value === 'string') return [now];
  const earlier = recalled.value.filter(({ uptime }) => uptime < now.uptime);
  const before = earlier.filter(({ uptime }) => now.uptime - uptime > window).slice(-1);
  const inside = earlier.filter(({ uptime }) => now.uptime - uptime <= window);
  return thinned([...before, ...inside, now]);
}

// Many runs by hand must not push out what they are compared with: what goes is what has the nearest neighbours.
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const left = samples.slice();
  while (left.length > MOST_SAMPLES) left.splice(mostCrowded(left), 1);
  return left;
}

function mostCrowded(samples: readonly Sample[]): number {
  const gaps = samples.slice(2).map((next, at) => next.uptime - (samples[at]?.uptime ?? 0));
  return gaps.indexOf(Math.min(...gaps)) + 1;
}

// Each window has a file of its own, so that a short one does not throw away what a long one looks back at.
function fileName({ table, window }: Subject): string {
  const [, kind = '', name = ''] = /^(\w+):(.*)$/s.exec(table) ?? [];
  return `${kind}-${/^\d+$/.test(name) ? name : fingerprint(name)}-${window}.json`;
}

// FNV-1a. A path is no file name; should two ever share one, the record says which table it is of.
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
