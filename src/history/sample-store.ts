// Samples between runs: those remembered of each table, and those kept for the next run.

import { samplesAroundLowering } from '../evaluate/lowered-limit.ts';
import type { Fault, Reading } from '../model/fault.ts';
import type { History, NoPast, Sample } from '../model/sample.ts';
import { fingerprint } from './fingerprint.ts';
import { type Before, exchange, LARGEST_FILE, pathOf } from './state-directory.ts';
import { formatState, MOST_SAMPLES, parseStateFile, type StoredState } from './state-file.ts';

/** A table that a run reads, with its sample. */
export interface Subject {
  /** `net:<inode>` for a namespace of this machine, `tree:<path>` for a captured one. */
  readonly table: string;
  readonly now: Sample;
  /** True if the table is known to be younger than that many seconds since boot. */
  readonly isYounger: (uptime: number) => boolean;
}

/** A run: its tables, boot and window. */
export interface HistoryRun {
  /** The subject of the file's name: the table, or `all:<own table>`. */
  readonly name: string;
  /** The boot that samples are counted from. */
  readonly boot: string;
  readonly window: number;
  readonly subjects: readonly Subject[];
}

/**
 * Recalls each subject's earlier samples and adds this run's, which replaces untrusted ones. Tables that the run did not
 * read are forgotten.
 */
export function remember(dir: string, euid: number, run: HistoryRun): readonly Reading<History>[] {
  const path = { dir, euid, name: fileName(run) };
  const source = pathOf(path);
  const past: Past = { broken: undefined, ofSubjects: [] };
  const unwritten = exchange(path, (before) => {
    const recalled = recallState(before, source);
    const state = recalled.ok ? recalled.value : undefined;
    if (!recalled.ok) past.broken = recalled.fault;
    past.ofSubjects = run.subjects.map((subject) => pastOf(state, run, subject));
    return fittingText(run, past.ofSubjects);
  });
  const fault = unwritten ?? past.broken;
  return run.subjects.map((_, at) => {
    if (fault !== undefined) return { ok: false, fault };
    return { ok: true, value: { past: past.ofSubjects[at] ?? 'first run since boot', window: run.window }, source };
  });
}

interface Past {
  broken: Fault | undefined;
  ofSubjects: readonly History['past'][];
}

function recallState(before: Before, source: string): Reading<StoredState | undefined> {
  if (before === undefined) return { ok: true, value: undefined, source };
  if (!before.ok) {
    const { kind, detail } = before;
    return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
  }
  const state = parseStateFile(before.text);
  if (state === 'malformed') return { ok: false, fault: { kind: 'malformed', source } };
  return { ok: true, value: state === 'empty' ? undefined : state, source };
}

function pastOf(
  state: StoredState | undefined,
  { boot }: HistoryRun,
  { table, isYounger }: Subject,
): readonly Sample[] | NoPast {
  const samples = state?.tables.get(table);
  // The name has only a fingerprint of the boot.
  if (samples === undefined || state?.boot !== boot) return 'first run since boot';
  const last = samples[samples.length - 1];
  // The kernel gives a namespace's inode to the next one at once.
  return last !== undefined && isYounger(last.uptime) ? 'the network namespace is new' : samples;
}

// Many namespaces on many CPUs: the more there are, the fewer samples of each are kept, at last not of all.
function fittingText(run: HistoryRun, pasts: readonly History['past'][], most = MOST_SAMPLES): string {
  const tables = run.subjects.map(
    (subject, at) => [subject.table, keptSamples(pasts[at], subject, run, most)] as const,
  );
  const text = formatState({ boot: run.boot, tables: new Map(tables) });
  if (text.length <= LARGEST_FILE || tables.length < 2) return text;
  if (most > 1) return fittingText(run, pasts, Math.floor(most / 2));
  return fittingText({ ...run, subjects: run.subjects.slice(0, Math.floor(tables.length / 2)) }, pasts, most);
}

/** Seconds that the samples around a lowered limit are kept. */
const LOWERING_KEPT = 86_400;

// Samples within the window, the newest one before it, and those around a lowered limit.
function keptSamples(
  past: History['past'] | undefined,
  { now }: Subject,
  { window }: HistoryRun,
  most: number,
): readonly Sample[] {
  if (past === undefined || typeof past === 'string') return [now];
  const earlier = past.filter(({ uptime }) => uptime < now.uptime);
  const isInside = ({ uptime }: Sample) => now.uptime - uptime <= window;
  const lowering = samplesAroundLowering([...earlier, now]).filter(({ uptime }) => now.uptime - uptime < LOWERING_KEPT);
  const [before] = earlier.filter((sample) => !isInside(sample)).slice(-1);
  const kept = earlier.filter((sample) => sample === before || isInside(sample) || lowering.includes(sample));
  return thinned([...kept, now], most);
}

// Many runs by hand must not push out the samples they are compared with: the sample with the nearest neighbours goes, of
// two the older.
function thinned(samples: readonly Sample[], most: number): readonly Sample[] {
  const left = samples.slice();
  while (left.length > most) left.splice(mostCrowded(left), 1);
  return left;
}

function mostCrowded(samples: readonly Sample[]): number {
  const gaps = samples.slice(2).map((next, at) => next.uptime - (samples[at]?.uptime ?? 0));
  return gaps.indexOf(Math.min(...gaps)) + 1;
}

// Each boot has its own file: hosts that share the directory have namespaces with the same inode numbers. So has each
// window: a short one must not remove the samples of a long one.
function fileName({ name, boot, window }: HistoryRun): string {
  const [, kind = '', what = ''] = /^(\w+):(.*)$/s.exec(name) ?? [];
  return `${kind}-${/^\d+$/.test(what) ? what : fingerprint(what)}-${fingerprint(boot)}-${window}.json`;
}
