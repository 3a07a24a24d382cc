// One file in a directory of our own below one that others may write to: DIR/<euid>/check_conntrack, the layout of
// the Monitoring Plugins. No link is followed, nobody else's file is trusted, and each step is taken from a directory
// that is held open, so that none can be exchanged underneath.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import { self } from '#system/self';
import { type FileRead, readDescriptor, systemFault } from '../kernel/file.ts';
import type { Fault, FaultKind } from '../model/fault.ts';
import type { Failed, FileStatus, OpenFor } from '../system/contract.ts';

export const LARGEST_FILE = 1 << 22;
const OTHERS_WRITE = 0o022;
// A writer takes milliseconds; one that was killed leaves its file behind. A table that is gone leaves its history.
const LEFTOVER_SECONDS = 60;
const FORGOTTEN_SECONDS = 30 * 24 * 3600;

/** Where the file is: DIR/<euid>/check_conntrack/name. */
export interface StatePath {
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
export function exchange(path: StatePath, change: (before: Before) => string): Fault | undefined {
  const held: number[] = [];
  try {
    const folder = openFolder(path, held);
    if (typeof folder !== 'string') return folder;
    const text = change(readOwn(`${folder}/${path.name}`, path.euid));
    clearAway(folder);
    return replace(folder, path, text);
  } finally {
    held.forEach(files.close);
  }
}

export function pathOf({ dir, euid, name }: StatePath): string {
  return [dir.replace(/\/+$/, ''), euid, 'check_conntrack', name].join('/');
}

// A path through /proc/self/fd stays with the directory that was opened, whatever happens to its name.
function openFolder(path: StatePath, held: number[]): string | Fault {
  const { dir, euid } = path;
  const given = openHeld(dir, 'directory', held);
  if (typeof given !== 'string') return { ...given, source: dir };
  let folder = given;
  let source = dir.replace(/\/+$/, '');
  for (const name of [String(euid), 'check_conntrack']) {
    const next = ownFolder(`${folder}/${name}`, euid, held);
    source += `/${name}`;
    if (typeof next !== 'string') return { ...next, source };
    folder = next;
  }
  return folder;
}

export type Refusal = { readonly kind: FaultKind; readonly detail?: string };

// Made only where it is not: almost always it is.
function ownFolder(path: string, euid: number, held: number[]): string | Refusal {
  const there = openHeld(path, 'directory-no-link', held);
  if (typeof there === 'string') return trusted(there, euid, held);
  if (there.kind !== 'missing') return there;
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

export function readOwn(path: string, euid: number): Before {
  const descriptor = files.open(path, 'reading-no-link');
  if (typeof descriptor !== 'number') {
    if (descriptor.errno === 'ENOENT') return undefined;
    return descriptor.errno === 'ELOOP' ? { ok: false, kind: 'symlink' } : { ok: false, ...systemFault(descriptor) };
  }
  const before = readOpenState(descriptor, euid);
  files.close(descriptor);
  return before;
}

function readOpenState(descriptor: number, euid: number): Before {
  const status = files.statusOfOpen(descriptor);
  if ('errno' in status) return { ok: false, ...systemFault(status) };
  if (status.kind !== 'file') return { ok: false, kind: 'not-regular' };
  const refusal = distrust(status, euid);
  return refusal === undefined ? readDescriptor(descriptor, LARGEST_FILE) : { ok: false, ...refusal };
}

// The name is nobody else's: process numbers repeat among containers that share the directory, moments hardly do, and a
// file that is there is not written to.
function replace(folder: string, path: StatePath, text: string): Fault | undefined {
  const moment = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const temporary = `${folder}/${path.name}.${self.pid}-${moment}.tmp`;
  const refused = writeWhole(temporary, text) ?? files.rename(temporary, `${folder}/${path.name}`);
  if (refused === undefined) return undefined;
  files.remove(temporary);
  return { kind: 'not-written', source: pathOf(path), detail: refused.errno };
}

function writeWhole(path: string, text: string): Failed | undefined {
  const descriptor = files.open(path, 'new-file');
  if (typeof descriptor !== 'number') return descriptor;
  const refused = writeAll(descriptor, bytes.fromLatin1(text));
  return files.close(descriptor) ?? refused;
}

function writeAll(descriptor: number, all: Uint8Array): Failed | undefined {
  for (let written = 0; written < all.length; ) {
    const more = files.write(descriptor, all, written);
    if (typeof more !== 'number') return more;
    written += more;
  }
  return undefined;
}

// What cannot be listed is cleared away another time.
function clearAway(folder: string): void {
  const names = files.list(folder);
  if ('errno' in names) return;
  for (const name of names) {
    const age = (Date.now() - modified(`${folder}/${name}`)) / 1000;
    const leftover = name.endsWith('.tmp') && age > LEFTOVER_SECONDS;
    const forgotten = name.endsWith('.json') && age > FORGOTTEN_SECONDS;
    if (leftover || forgotten) files.remove(`${folder}/${name}`);
  }
}

// Another run may have moved or removed it in between.
function modified(path: string): number {
  const status = files.statusOfLink(path);
  return 'errno' in status ? Date.now() : status.modified;
}
