// The samples of this boot that checks have left in a state directory. Nothing is written.

import { type LoweredLimit, loweredLimit } from '../../evaluate/lowered-limit.ts';
import { type PastLosses, pastLosses } from '../../evaluate/past-losses.ts';
import { sampleOf } from '../../evaluate/trend.ts';
import { STATE_DIRECTORIES } from '../../history/all-incidents.ts';
import { readStoredSamples, type StoredSamples } from '../../history/stored-samples.ts';
import { namespaceInode } from '../../kernel/namespaces/namespace.ts';
import { isYoungerThan } from '../../kernel/namespaces/namespace-age.ts';
import type { Root } from '../../kernel/root.ts';
import type { Fault, Reading } from '../../model/fault.ts';
import type { BootClock, Observation } from '../../model/observation.ts';
import type { Table } from '../../model/table.ts';
import { localTime } from './kernel-log.ts';

export interface LoweredThen extends LoweredLimit {
  /** Local time of the samples before and after; undefined for a captured tree. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

export interface Recollection {
  /** By the key of the table; a table without samples of this boot has none. */
  readonly pasts: ReadonlyMap<string, PastLosses>;
  /** Lowered limits by the key of the table. */
  readonly lowered: ReadonlyMap<string, LoweredThen>;
  /** Why the directory that was given shows nothing. */
  readonly fault: Fault | undefined;
}

/** `dir` is the state directory that was given; without one the usual ones are read, on a live machine. */
export function recollect(root: Root, { machine, tables, clock }: Observation, dir: string | undefined): Recollection {
  if (clock?.ok !== true) return { pasts: new Map(), lowered: new Map(), fault: undefined };
  const { boot } = clock.value;
  const readings = directoriesOf(root, dir).map((directory) => readStoredSamples(directory, boot));
  const stored = readings.flatMap((reading) => (reading.ok ? [reading.value] : []));
  const moment = Date.now();
  const timeAgo = (seconds: number) => (root.view === 'captured' ? undefined : localTime(moment - 1000 * seconds));
  const known = tables.map((table) => {
    return { table, now: sampleOf(table, clock.value), samples: samplesOfTable(root, table, stored, clock.value) };
  });
  const pasts = known.flatMap(({ table, now, samples }) => {
    const past = pastLosses(now, samples, machine.release, timeAgo);
    return past === undefined ? [] : [[table.key, past] as const];
  });
  const lowered = known.flatMap(({ table, now, samples }) => {
    const change = loweredLimit(now, samples);
    if (change === undefined) return [];
    return [[table.key, { ...change, first: timeAgo(change.from), last: timeAgo(change.to) }] as const];
  });
  return { pasts: new Map(pasts), lowered: new Map(lowered), fault: dir === undefined ? undefined : faultOf(readings) };
}

function directoriesOf(root: Root, dir: string | undefined): readonly string[] {
  if (dir !== undefined) return [dir];
  return root.view === 'captured' ? [] : STATE_DIRECTORIES.map(root.locate);
}

function samplesOfTable(root: Root, table: Table, stored: readonly StoredSamples[], { uptime }: BootClock) {
  const name = table.isOwn ? ownTableName(root) : table.key;
  const samples = stored.flatMap((tables) => tables.get(name) ?? []);
  const last = samples[samples.length - 1];
  // The kernel gives the inode of a namespace to the next one at once.
  return last === undefined || isYoungerThan(root, table, last.uptime, uptime) ? [] : samples;
}

/** The name that the check keeps our own table under. */
function ownTableName(root: Root): string {
  const inode = namespaceInode(root);
  return typeof inode === 'number' ? `net:${inode}` : `tree:${root.locate('')}`;
}

function faultOf(stored: readonly Reading<unknown>[]): Fault | undefined {
  const [first] = stored;
  return first?.ok === false ? first.fault : undefined;
}
