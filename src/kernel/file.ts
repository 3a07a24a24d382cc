// Reads one file safely: a regular file only, at most so many bytes, never blocking on a FIFO or a device,
// never outside the root. What goes wrong is a value.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import type { FaultKind } from '../facts.ts';
import type { Failed } from '../system/contract.ts';

/** The whole file, one character for each byte, or why it could not be had. */
export type FileRead = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & FileFault);

export interface FileFault {
  readonly kind: FaultKind;
  readonly detail?: string;
}

const CHUNK = 1 << 16;
let scratch = new Uint8Array(CHUNK);

/** Whether what has been read so far will do. */
export type Enough = (text: string) => boolean;

/** A file of more than `limit` bytes is a fault, not a part; with `enough` the rest of it may stay unread. */
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

/** The same, but a path that a symlink leads out of `root` (a real path) is refused before it is opened. */
export function readBoundedWithin(root: string, path: string, limit: number, enough?: Enough): FileRead {
  const real = pathWithin(root, path);
  return typeof real === 'string' ? readBounded(real, limit, enough) : { ok: false, ...real };
}

/** Where a regular file really is, if that is below `root` (a real path). */
export function pathWithin(root: string, path: string): string | FileFault {
  const real = files.realPath(path);
  if (typeof real !== 'string') return systemFault(real);
  if (!real.startsWith(`${root}/`)) return { kind: 'outside-root' };
  // Opening a device can already have an effect (a watchdog starts), so it must not come to that.
  const status = files.status(real);
  if ('errno' in status) return systemFault(status);
  return status.kind === 'file' ? real : { kind: 'not-regular' };
}

/** The rest of an open file. Files of /proc say size 0: the end is where read gives nothing. */
export function readDescriptor(descriptor: number, limit: number, enough?: Enough): FileRead {
  let length = 0;
  for (;;) {
    const got = files.read(descriptor, scratch, length, scratch.length - length);
    if (typeof got !== 'number') return { ok: false, ...systemFault(got) };
    length += got;
    if (length > limit) return { ok: false, kind: 'too-large', detail: String(limit) };
    const done = got === 0 || enough?.(bytes.toLatin1(scratch, 0, length)) === true;
    if (done) return { ok: true, text: bytes.toLatin1(scratch, 0, length) };
    if (length === scratch.length) growScratch();
  }
}

function growScratch(): void {
  const larger = new Uint8Array(2 * scratch.length);
  larger.set(scratch);
  scratch = larger;
}

/** Whether the path leads to something. What the kernel will not tell counts as there: the next call says why. */
export function exists(path: string): boolean {
  const found = files.inode(path);
  return typeof found === 'number' || (found.errno !== 'ENOENT' && found.errno !== 'ENOTDIR');
}

/** What a failed system call means for whoever wanted the file. */
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
