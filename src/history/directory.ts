// One file in a directory of our own below one that others may write to: DIR/<euid>/check_conntrack, the layout of
// the Monitoring Plugins. No link is followed, nobody else's file is trusted, and each step is taken from a directory
// that is held open, so that none can be exchanged underneath.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Fault, FaultKind } from '../facts.ts';
import { errnoName, type FileRead, readDescriptor, systemFault } from '../kernel/file.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
export const LARGEST_FILE = 1 << 22;
const OTHERS_WRITE = 0o022;
// A writer takes milliseconds; one that was killed leaves its file behind. A table that is gone leaves its history.
const LEFTOVER_SECONDS = 60;
const FORGOTTEN_SECONDS = 30 * 24 * 3600;

/** Where the file is: DIR/<euid>/check_conntrack/name. */
export interface Place {
  readonly dir: string;
  readonly euid: number;
  readonly name: string;
}

/** What was in the file before; `undefined` when there was none. */
export type Before = FileRead | undefined;

/**
 * Reads the file, lets `change` make its new text, and puts that in its place at once and whole. What could not be
 * read is told to `change`; what could not be written, or not be trusted, is the fault that is returned.
 */
export function exchange(place: Place, change: (before: Before) => string): Fault | undefined {
  const held: number[] = [];
  try {
    const folder = openFolder(place, held);
    if (typeof folder !== 'string') return folder;
    const text = change(readOwn(`${folder}/${place.name}`, place.euid));
    clearAway(folder, place.name);
    return replace(folder, place, text);
  } finally {
    held.forEach(closeSync);
  }
}

export function pathOf({ dir, euid, name }: Place): string {
  return [dir.replace(/\/+$/, ''), euid, 'check_conntrack', name].join('/');
}

// A path through /proc/self/fd stays with the directory that was opened, whatever happens to its name.
function openFolder(place: Place, held: number[]): string | Fault {
  const { dir, euid } = place;
  const given = hold(dir, O_RDONLY | O_DIRECTORY, held);
  if (typeof given !== 'string') return { ...given, source: dir };
  let folder = given;
  for (const name of [String(euid), 'check_conntrack']) {
    const next = ownFolder(`${folder}/${name}`, euid, held);
    if (typeof next !== 'string') return { ...next, source: pathOf({ ...place, name: '' }).slice(0, -1) };
    folder = next;
  }
  return folder;
}

type Refusal = { readonly kind: FaultKind; readonly detail?: string };

// Made only where it is not: almost always it is.
function ownFolder(path: string, euid: number, held: number[]): string | Refusal {
  const there = hold(path, FOLDER, held);
  if (typeof there === 'string') return trusted(there, euid, held);
  if (there.kind !== 'missing') return there;
  const made = makeFolder(path);
  if (made !== undefined) return made;
  const folder = hold(path, FOLDER, held);
  return typeof folder === 'string' ? trusted(folder, euid, held) : folder;
}

function trusted(folder: string, euid: number, held: number[]): string | Refusal {
  const descriptor = held[held.length - 1];
  return descriptor === undefined ? folder : (distrust(fstatSync(descriptor), euid) ?? folder);
}

function makeFolder(path: string): Refusal | undefined {
  try {
    mkdirSync(path, 0o700);
    return undefined;
  } catch (error) {
    const errno = errnoName(error);
    return errno === 'EEXIST' ? undefined : { kind: 'not-written', detail: errno };
  }
}

function hold(path: string, flags: number, held: number[]): string | Refusal {
  try {
    const descriptor = openSync(path, flags);
    held.push(descriptor);
    return `/proc/self/fd/${descriptor}`;
  } catch (error) {
    const errno = errnoName(error);
    return errno === 'ENOTDIR' || errno === 'ELOOP' ? { kind: 'not-directory' } : systemFault(error);
  }
}

function distrust({ uid, mode }: Stats, euid: number): Refusal | undefined {
  if (uid !== euid) return { kind: 'foreign' };
  return (mode & OTHERS_WRITE) === 0 ? undefined : { kind: 'others-write' };
}

function readOwn(path: string, euid: number): Before {
  let descriptor = -1;
  try {
    descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { ok: false, kind: 'not-regular' };
    const refusal = distrust(stats, euid);
    return refusal === undefined ? readDescriptor(descriptor, LARGEST_FILE) : { ok: false, ...refusal };
  } catch (error) {
    const errno = errnoName(error);
    if (errno === 'ENOENT') return undefined;
    return errno === 'ELOOP' ? { ok: false, kind: 'symlink' } : { ok: false, ...systemFault(error) };
  } finally {
    if (descriptor !== -1) closeSync(descriptor);
  }
}

// The name is nobody else's: process numbers repeat among containers that share the directory, moments do not.
function replace(folder: string, place: Place, text: string): Fault | undefined {
  const temporary = `${folder}/${place.name}.${process.pid}-${process.hrtime().join('-')}.tmp`;
  try {
    writeWhole(temporary, text);
    renameSync(temporary, `${folder}/${place.name}`);
    return undefined;
  } catch (error) {
    remove(temporary);
    return { kind: 'not-written', source: pathOf(place), detail: errnoName(error) };
  }
}

function writeWhole(path: string, text: string): void {
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const bytes = Buffer.from(text, 'latin1');
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  } finally {
    closeSync(descriptor);
  }
}

function clearAway(folder: string, ours: string): void {
  for (const name of readdirSync(folder).filter((other) => other !== ours)) {
    const age = (Date.now() - modified(`${folder}/${name}`)) / 1000;
    const leftover = name.endsWith('.tmp') && age > LEFTOVER_SECONDS;
    const forgotten = name.endsWith('.json') && age > FORGOTTEN_SECONDS;
    if (leftover || forgotten) remove(`${folder}/${name}`);
  }
}

// Another run may have moved or removed it in between.
function modified(path: string): number {
  try {
    return lstatSync(path).mtimeMs;
  } catch {
    return Date.now();
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or somebody else has cleared it away.
  }
}
