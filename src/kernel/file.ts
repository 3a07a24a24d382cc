// Reads one file safely: only a regular file, at most `limit` bytes, never blocking on a FIFO or a device, never
// outside the root. Failures are values.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import type { FaultKind } from '../model/fault.ts';
import type { Failed } from '../system/contract.ts';

/** The whole file, one character per byte, or the fault. */
export type FileRead = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & FileFault);

export interface FileFault {
  readonly kind: FaultKind;
  readonly detail?: string;
}

const CHUNK = 1 << 16;
const scratch = new Uint8Array(CHUNK);

/** Returns true once these lines, the last of which may be partial, are all that the caller needs. */
export type Enough = (lines: string) => boolean;

/** Carry over at most this much of a partial line; no line we search for is longer. */
const LONGEST_SCANNED_LINE = 4096;

/**
 * Reads a whole file. More than `limit` bytes is a fault, never a truncated text; with `enough` the rest may stay
 * unread.
 */
export function readBounded(path: string, limit: number, enough?: Enough): FileRead {
  const descriptor = files.open(path, 'reading');
  if (typeof descriptor !== 'number') return { ok: false, ...systemFault(descriptor) };
  const read = readOpen(descriptor, limit, enough);
  files.close(descriptor);
  return read;
}

function readOpen(descriptor: number, limit: number, enough?: Enough): FileRead {
  const status = files.statusOfOpen(descriptor);
  if ('errno' in status) return { ok: false, ...systemFault(status) };
  return status.kind === 'file' ? readDescriptor(descriptor, limit, enough) : { ok: false, kind: 'not-regular' };
}

/** The same, but a path that a symlink leads out of the tree at `root` is refused before it is opened. */
export function readBoundedWithin(root: string, path: string, limit: number, enough?: Enough): FileRead {
  const resolved = fileWithin(root, path);
  return typeof resolved === 'string' ? readBounded(resolved, limit, enough) : { ok: false, ...resolved };
}

/** Returns the resolved path of a regular file in the tree at `root`. */
export function fileWithin(root: string, path: string): string | FileFault {
  const resolved = placeWithin(root, path);
  if (typeof resolved !== 'string') return resolved;
  // Opening a device can have an effect (a watchdog starts), so it is refused before.
  const status = files.status(resolved);
  if ('errno' in status) return systemFault(status);
  return status.kind === 'file' ? resolved : { kind: 'not-regular' };
}

/** The kernel's own limit. */
const MOST_LINKS = 40;

/**
 * Resolves `path`, which begins with `root`, to a path without links. Resolves name by name, because a parent may be a
 * magic link (`/proc/<pid>/root`), whose text differs from its target.
 */
export function placeWithin(root: string, path: string): string | FileFault {
  const walk: Walk = { root, waiting: pathNames(path.slice(root.length)).reverse(), place: [], links: 0 };
  for (let name = walk.waiting.pop(); name !== undefined; name = walk.waiting.pop()) {
    const fault = name === '..' ? goUp(walk) : goDown(walk, name);
    if (fault !== undefined) return fault;
  }
  return [root, ...walk.place].join('/');
}

interface Walk {
  readonly root: string;
  /** Names still to be resolved, the next one last. */
  readonly waiting: string[];
  /** Names resolved so far, below the root. */
  readonly place: string[];
  links: number;
}

const OUTSIDE: FileFault = { kind: 'outside-root' };

function pathNames(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function goUp({ place }: Walk): FileFault | undefined {
  return place.pop() === undefined ? OUTSIDE : undefined;
}

function goDown(walk: Walk, name: string): FileFault | undefined {
  const target = files.readLink([walk.root, ...walk.place, name].join('/'));
  if (typeof target === 'string') return follow(walk, target);
  if (target.errno !== 'EINVAL') return systemFault(target);
  walk.place.push(name);
  return undefined;
}

function follow(walk: Walk, target: string): FileFault | undefined {
  walk.links += 1;
  if (walk.links > MOST_LINKS) return { kind: 'io', detail: 'ELOOP' };
  const isAbsolute = target.startsWith('/');
  const below = isAbsolute ? belowRoot(walk.root, target) : target;
  if (below === undefined) return OUTSIDE;
  if (isAbsolute) walk.place.length = 0;
  walk.waiting.push(...pathNames(below).reverse());
  return undefined;
}

/** Returns the part of an absolute link's target below the root; undefined if the target is outside. */
function belowRoot(root: string, target: string): string | undefined {
  const real = files.realPath(root);
  const base = [root, real].find((dir) => typeof dir === 'string' && dir !== '/' && target.startsWith(`${dir}/`));
  return typeof base === 'string' ? target.slice(base.length) : undefined;
}

/** Reads the rest of an open file, until read returns 0 bytes: files of /proc report size 0. */
export function readDescriptor(descriptor: number, limit: number, enough?: Enough): FileRead {
  let [text, lines] = ['', ''];
  for (;;) {
    const got = files.read(descriptor, scratch, 0, scratch.length);
    if (typeof got !== 'number') return { ok: false, ...systemFault(got) };
    const piece = bytes.toLatin1(scratch, 0, got);
    text += piece;
    if (text.length > limit) return { ok: false, kind: 'too-large', detail: String(limit) };
    if (enough !== undefined) lines = lines.slice(lines.lastIndexOf('\n') + 1).slice(-LONGEST_SCANNED_LINE) + piece;
    if (got === 0 || enough?.(lines) === true) return { ok: true, text };
  }
}

/**
 * True if the path leads to a file. Any error other than a missing file counts as present: the next call reports it.
 */
export function exists(path: string): boolean {
  const inode = files.inode(path);
  return typeof inode === 'number' || (inode.errno !== 'ENOENT' && inode.errno !== 'ENOTDIR');
}

/** Returns the fault that a failed system call means for the file. */
export function systemFault({ errno }: Failed): FileFault {
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'missing' };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'denied' };
    case 'EISDIR':
    case 'ENXIO':
      return { kind: 'not-regular' };
    default:
      return { kind: 'io', detail: errno };
  }
}
