// Reads one file safely: a regular file only, at most so many bytes, never blocking on a FIFO or a device,
// never outside the root. What goes wrong is a value.

import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import type { FaultKind } from '../facts.ts';

/** The whole file, one character for each byte, or why it could not be had. */
export type FileRead = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & FileFault);

export interface FileFault {
  readonly kind: FaultKind;
  readonly detail?: string;
}

const CHUNK = 1 << 16;
let scratch = Buffer.allocUnsafeSlow(CHUNK);

/** Whether what has been read so far will do. */
export type Enough = (text: string) => boolean;

/** A file of more than `limit` bytes is a fault, not a part; with `enough` the rest of it may stay unread. */
export function readBounded(path: string, limit: number, enough?: Enough): FileRead {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return fstatSync(fd).isFile() ? readDescriptor(fd, limit, enough) : { ok: false, kind: 'not-regular' };
  } catch (error) {
    return { ok: false, ...systemFault(error) };
  } finally {
    if (fd !== -1) closeSync(fd);
  }
}

/**
 * The same for a small file of the running kernel's /proc/sys or /proc/net: it is ASCII, nobody can put anything else in
 * its place, and one call of Node's costs half of the five above.
 */
export function readKernelFile(path: string, limit: number): FileRead {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > limit ? { ok: false, kind: 'too-large', detail: String(limit) } : { ok: true, text };
  } catch (error) {
    return { ok: false, ...systemFault(error) };
  }
}

/** The same, but a path that a symlink leads out of `root` (a real path) is refused before it is opened. */
export function readBoundedWithin(root: string, path: string, limit: number, enough?: Enough): FileRead {
  const real = pathWithin(root, path);
  return typeof real === 'string' ? readBounded(real, limit, enough) : { ok: false, ...real };
}

/** Where a regular file really is, if that is below `root` (a real path). */
export function pathWithin(root: string, path: string): string | FileFault {
  try {
    const real = realpathSync(path);
    if (!real.startsWith(`${root}/`)) return { kind: 'outside-root' };
    // Opening a device can already have an effect (a watchdog starts), so it must not come to that.
    return statSync(real).isFile() ? real : { kind: 'not-regular' };
  } catch (error) {
    return systemFault(error);
  }
}

/** The rest of an open file. Files of /proc say size 0: the end is where read gives nothing. */
export function readDescriptor(fd: number, limit: number, enough?: Enough): FileRead {
  let length = 0;
  for (;;) {
    const got = readSync(fd, scratch, length, scratch.length - length, null);
    length += got;
    if (length > limit) return { ok: false, kind: 'too-large', detail: String(limit) };
    const done = got === 0 || enough?.(scratch.toString('latin1', 0, length)) === true;
    if (done) return { ok: true, text: scratch.toString('latin1', 0, length) };
    if (length === scratch.length) scratch = Buffer.concat([scratch], 2 * length);
  }
}

/** The errno name of a failed system call, or `EUNKNOWN`. */
export function errnoName(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EUNKNOWN';
}

/** What a failed system call means for whoever wanted the file. */
export function systemFault(error: unknown): FileFault {
  const errno = errnoName(error);
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
