// Reads one file safely: a regular file only, at most so many bytes, never blocking on a FIFO or a device,
// never outside the root. What goes wrong is a value.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { FaultKind } from '../facts.ts';

export type FileRead =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly kind: FaultKind; readonly detail?: string };

/** The whole file as bytes; a file of more than `limit` bytes is a fault, not a part. */
export function readBounded(path: string, limit: number): FileRead {
  return withoutThrowing(() => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return fstatSync(fd).isFile() ? readAll(fd, limit) : { ok: false, kind: 'not-regular' };
    } finally {
      closeSync(fd);
    }
  });
}

/** The same, but a path that a symlink leads out of `root` (a real path) is refused before it is opened. */
export function readBoundedWithin(root: string, path: string, limit: number): FileRead {
  return withoutThrowing(() => {
    const real = realpathSync(path);
    if (!real.startsWith(`${root}/`)) return { ok: false, kind: 'outside-root' };
    // Opening a device can already have an effect (a watchdog starts), so it must not come to that.
    return statSync(real).isFile() ? readBounded(real, limit) : { ok: false, kind: 'not-regular' };
  });
}

function withoutThrowing(read: () => FileRead): FileRead {
  try {
    return read();
  } catch (error) {
    return { ok: false, ...faultOf(errnoName(error)) };
  }
}

// Files of /proc say size 0: the end is where read gives nothing.
function readAll(fd: number, limit: number): FileRead {
  let buffer = Buffer.allocUnsafe(Math.min(4096, limit + 1));
  let length = 0;
  for (;;) {
    const got = readSync(fd, buffer, length, buffer.length - length, null);
    if (got === 0) return { ok: true, bytes: buffer.subarray(0, length) };
    length += got;
    if (length > limit) return { ok: false, kind: 'too-large', detail: String(limit) };
    if (length === buffer.length) buffer = grown(buffer, limit);
  }
}

function grown(buffer: Buffer, limit: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(Math.min(buffer.length * 4, limit + 1));
  buffer.copy(larger);
  return larger;
}

/** The errno name of a failed system call, or `EUNKNOWN`. */
export function errnoName(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EUNKNOWN';
}

function faultOf(errno: string): { kind: FaultKind; detail?: string } {
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
