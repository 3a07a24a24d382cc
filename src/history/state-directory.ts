// Files in our own directory below one that others may write to: DIR/<euid>/check_conntrack, the layout of the Monitoring
// Plugins. No link is followed, no other user's file is trusted, and each step starts from a directory that is held
// open, so that none can be exchanged meanwhile.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import { self } from '#system/self';
import { type FileRead, readDescriptor, systemFault } from '../kernel/file.ts';
import type { Fault, FaultKind } from '../model/fault.ts';
import type { Failed, FileStatus, OpenFor } from '../system/contract.ts';

export const LARGEST_FILE = 1 << 22;
const OTHERS_WRITE = 0o022;
// A writer takes milliseconds; one that was killed leaves its file. A table that is gone leaves its history.
export const LEFTOVER_SECONDS = 60;
const FORGOTTEN_SECONDS = 30 * 24 * 3600;

/** A directory of one user's: DIR/<euid>/check_conntrack. */
export interface OwnPlace {
  readonly dir: string;
  readonly euid: number;
  /** A directory in it. */
  readonly below?: string;
}

/** Returns the path DIR/<euid>/check_conntrack/name. */
export interface StatePath extends OwnPlace {
  readonly name: string;
}

/** A directory that is held open. */
export interface OwnFolder {
  /** For system calls, while it is open. */
  readonly path: string;
  /** For people. */
  readonly source: string;
  readonly euid: number;
}

/** The previous text; `undefined` if there was no file. */
export type Before = FileRead | undefined;

/**
 * Reads the file, lets `change` make its new text, and replaces it atomically. `change` receives a fault in reading; a
 * fault in writing, or a file that cannot be trusted, is returned.
 */
export function exchange(path: StatePath, change: (before: Before) => string): Fault | undefined {
  return inOwnFolder(path, 'made', (folder) => {
    const text = change(readOwn(folder, path.name, LARGEST_FILE));
    clearAway(folder.path);
    return replace(folder, path.name, text);
  });
}

export function pathOf({ name, ...place }: StatePath): string {
  return [ownPath(place), name].join('/');
}

export function ownPath({ dir, ...names }: OwnPlace): string {
  return [dir.replace(/\/+$/, ''), ...namesOf(names)].join('/');
}

function namesOf({ euid, below }: Omit<OwnPlace, 'dir'>): readonly string[] {
  return [String(euid), 'check_conntrack', ...(below === undefined ? [] : [below])];
}

/** Opens the directory while `use` runs; `made` creates missing directories. */
export function inOwnFolder<T>(place: OwnPlace, missing: 'made' | 'fault', use: (folder: OwnFolder) => T): T | Fault {
  const held: number[] = [];
  try {
    const path = openFolder(place, missing, held);
    return typeof path === 'string' ? use({ path, source: ownPath(place), euid: place.euid }) : path;
  } finally {
    held.forEach(files.close);
  }
}

// A path through /proc/self/fd stays with the directory that was opened, whatever happens to its name.
function openFolder({ dir, ...names }: OwnPlace, missing: 'made' | 'fault', held: number[]): string | Fault {
  const given = openHeld(dir, 'directory', held);
  if (typeof given !== 'string') return { ...given, source: dir };
  let folder = given;
  let source = dir.replace(/\/+$/, '');
  for (const name of namesOf(names)) {
    const next = ownFolder(`${folder}/${name}`, names.euid, missing, held);
    source += `/${name}`;
    if (typeof next !== 'string') return { ...next, source };
    folder = next;
  }
  return folder;
}

export type Refusal = { readonly kind: FaultKind; readonly detail?: string };

// Created only if missing: almost always it exists.
function ownFolder(path: string, euid: number, missing: 'made' | 'fault', held: number[]): string | Refusal {
  const there = openHeld(path, 'directory-no-link', held);
  if (typeof there === 'string') return trusted(there, euid, held);
  if (there.kind !== 'missing' || missing === 'fault') return there;
  const refused = files.makeDirectory(path);
  if (refused !== undefined && refused.errno !== 'EEXIST') return { kind: 'not-written', detail: refused.errno };
  const folder = openHeld(path, 'directory-no-link', held);
  return typeof folder === 'string' ? trusted(folder, euid, held) : folder;
}

export function trusted(folder: string, euid: number, held: number[]): string | Refusal {
  const descriptor = held[held.length - 1];
  if (descriptor === undefined) return folder;
  const status = files.statusOfOpen(descriptor);
  return 'errno' in status ? systemFault(status) : (distrust(status, euid) ?? folder);
}

export function openHeld(path: string, purpose: OpenFor, held: number[]): string | Refusal {
  const descriptor = files.open(path, purpose);
  if (typeof descriptor === 'number') {
    held.push(descriptor);
    return `/proc/self/fd/${descriptor}`;
  }
  const { errno } = descriptor;
  return errno === 'ENOTDIR' || errno === 'ELOOP' ? { kind: 'not-directory' } : systemFault(descriptor);
}

function distrust({ owner, mode }: FileStatus, euid: number): Refusal | undefined {
  if (owner !== euid) return { kind: 'foreign' };
  return (mode & OTHERS_WRITE) === 0 ? undefined : { kind: 'others-write' };
}

/** A file of the directory's owner alone; larger than `most` bytes is a fault. */
export function readOwn({ path, euid }: OwnFolder, name: string, most: number): Before {
  const descriptor = files.open(`${path}/${name}`, 'reading-no-link');
  if (typeof descriptor !== 'number') {
    if (descriptor.errno === 'ENOENT') return undefined;
    return descriptor.errno === 'ELOOP' ? { ok: false, kind: 'symlink' } : { ok: false, ...systemFault(descriptor) };
  }
  const before = readOpenState(descriptor, euid, most);
  files.close(descriptor);
  return before;
}

function readOpenState(descriptor: number, euid: number, most: number): Before {
  const status = files.statusOfOpen(descriptor);
  if ('errno' in status) return { ok: false, ...systemFault(status) };
  if (status.kind !== 'file') return { ok: false, kind: 'not-regular' };
  const refusal = distrust(status, euid);
  return refusal === undefined ? readDescriptor(descriptor, most) : { ok: false, ...refusal };
}

// The name is unique: process IDs repeat among containers that share the directory, times hardly do, and an existing file
// is not written to.
export function replace({ path, source }: OwnFolder, name: string, text: string): Fault | undefined {
  const moment = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const temporary = `${path}/${name}.${self.pid}-${moment}.tmp`;
  const refused = writeWhole(temporary, text) ?? files.rename(temporary, `${path}/${name}`);
  if (refused === undefined) return undefined;
  files.remove(temporary);
  return { kind: 'not-written', source: `${source}/${name}`, detail: refused.errno };
}

function writeWhole(path: string, text: string): Failed | undefined {
  const descriptor = files.open(path, 'new-file');
  if (typeof descriptor !== 'number') return descriptor;
  const refused = writeAll(descriptor, bytes.fromLatin1(text));
  return files.close(descriptor) ?? refused;
}

function writeAll(descriptor: number, all: Uint8Array): Failed | undefined {
  for (let written = 0; written < all.length; ) {
    const count = files.write(descriptor, all, written);
    if (typeof count !== 'number') return count;
    written += count;
  }
  return undefined;
}

// A directory that cannot be listed is cleared later.
function clearAway(folder: string): void {
  const names = files.list(folder);
  if ('errno' in names) return;
  for (const name of names) {
    const age = ageOf(`${folder}/${name}`);
    const forgotten = name.endsWith('.json') && age > FORGOTTEN_SECONDS;
    if (isLeftover(name, age) || forgotten) files.remove(`${folder}/${name}`);
  }
}

/** True if a killed run left it. */
export function isLeftover(name: string, age: number): boolean {
  return name.endsWith('.tmp') && age > LEFTOVER_SECONDS;
}

/** Seconds. */
export function ageOf(path: string): number {
  return (Date.now() - modified(path)) / 1000;
}

// Another run may have moved or removed it meanwhile.
function modified(path: string): number {
  const status = files.statusOfLink(path);
  return 'errno' in status ? Date.now() : status.modified;
}
