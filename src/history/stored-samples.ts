// Samples that checks have kept, only read: DIR/<uid>/check_conntrack/*.json of every user whose files may be read. A
// report usually runs as root, the check as another user.

import { files } from '#system/files';
import type { Fault, Reading } from '../model/fault.ts';
import type { Sample } from '../model/sample.ts';
import { LARGEST_FILE, openHeld, pathOf, type Refusal, readOwn, trusted } from './state-directory.ts';
import { parseStateFile, type StoredState } from './state-file.ts';

export type StoredSamples = ReadonlyMap<string, readonly Sample[]>;

const MOST_USERS = 64;
const MOST_FILES = 256;

/** Returns the samples of one boot by table, oldest first; a fault if there are files but none may be read. */
export function readStoredSamples(dir: string, boot: string): Reading<StoredSamples> {
  const held: number[] = [];
  try {
    const folder = openHeld(dir, 'directory', held);
    if (typeof folder !== 'string') return { ok: false, fault: { ...folder, source: dir } };
    const read = numbersIn(folder).map((uid) => statesOf(folder, dir, uid, held));
    const states = read.flatMap((part) => ('kind' in part ? [] : part));
    const fault = read.find((part): part is Fault => 'kind' in part);
    if (states.length === 0 && fault !== undefined) return { ok: false, fault };
    return { ok: true, value: merged(states.filter((state) => state.boot === boot)), source: dir };
  } finally {
    held.forEach(files.close);
  }
}

function numbersIn(folder: string): readonly number[] {
  return matchingNames(folder, /^\d{1,10}$/)
    .slice(0, MOST_USERS)
    .map(Number);
}

function matchingNames(folder: string, form: RegExp): readonly string[] {
  const names = files.list(folder);
  return 'errno' in names ? [] : names.filter((name) => form.test(name));
}

/** A user without our directory keeps no samples. */
function statesOf(parent: string, dir: string, euid: number, held: number[]): readonly StoredState[] | Fault {
  const source = pathOf({ dir, euid, name: '' });
  const folder = openOwned(`${parent}/${euid}`, euid, held);
  const own = typeof folder === 'string' ? openOwned(`${folder}/check_conntrack`, euid, held) : folder;
  if (typeof own !== 'string') return own.kind === 'missing' ? [] : { ...own, source };
  return matchingNames(own, /\.json$/)
    .slice(0, MOST_FILES)
    .flatMap((name) => {
      const file = readOwn({ path: own, euid, source }, name, LARGEST_FILE);
      const state = file?.ok === true ? parseStateFile(file.text) : 'empty';
      return typeof state === 'string' ? [] : [state];
    });
}

function openOwned(path: string, euid: number, held: number[]): string | Refusal {
  const folder = openHeld(path, 'directory-no-link', held);
  return typeof folder === 'string' ? trusted(folder, euid, held) : folder;
}

/** Checks with different windows keep a table in separate files. */
function merged(states: readonly StoredState[]): StoredSamples {
  const all = new Map<string, Sample[]>();
  for (const { tables } of states) {
    for (const [table, samples] of tables) all.set(table, [...(all.get(table) ?? []), ...samples]);
  }
  for (const samples of all.values()) samples.sort((a, b) => a.uptime - b.uptime);
  return all;
}
