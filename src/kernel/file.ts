// Reads one file safely: a regular file only, at most so many bytes, never blocking on a FIFO or a device,
// never outside the root. What goes wrong is a value.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import type { FaultKind } from '../model/fault.ts';
import type { Failed } from '../system/contract.ts';

/** The whole file, one character for each byte, or why it could not be had. */
export type FileRead = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & FileFault);

export interface FileFault {
  readonly kind: FaultKind;
  readonly detail?: string;
}

const CHUNK = 1 << 16;
const scratch = new Uint8Array(CHUNK);

/** Whether these lines, the last of them perhaps a part, are all that is wanted of a file. */
export type Enough = (lines: string) => boolean;

/** Of a line that goes on, so much is looked at again: none that is looked for is longer. */
const LONGEST_SCANNED_LINE = 4096;

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

/** The same, but a path that a symlink leads out of the tree at `root` is refused before it is opened. */
export function readBoundedWithin(root: string, path: string, limit: number, enough?: Enough): FileRead {
  const found = fileWithin(root, path);
  return typeof found === 'string' ? readBounded(found, limit, enough) : { ok: false, ...found };
}

/** Where a regular file really is, if that is in the tree at `root`. */
export function fileWithin(root: string, path: string): string | FileFault {
  const found = placeWithin(root, path);
  if (typeof found !== 'string') return found;
  // Opening a device can already have an effect (a watchdog starts), so it must not come to that.
  const status = files.status(found);
  if ('errno' in status) return systemFault(status);
  return status.kind === 'file' ? found : { kind: 'not-regular' };
}

/** As many as the kernel follows. */
const MOST_LINKS = 40;

/**
 * Where `path`, which begins with `root`, leads to without a link. Name by name, since what is before them may be a magic
 * link (`/proc/<pid>/root`), which reads as another place than it leads to.
 */
export function placeWithin(root: string, path: string): string | FileFault {
  const walk: Walk = { root, waiting: namesIn(path.slice(root.length)).reverse(), place: [], links: 0 };
  for (let name = walk.waiting.pop(); name !== undefined; name = walk.waiting.pop()) {
    const fault = name === '..' ? goUp(walk) : goDown(walk, name);
    if (fault !== undefined) return fault;
  }
  return [root, ...walk.place].join('/');
}

interface Walk {
  readonly root: string;
  /** Names that are still to be gone through, the next one last. */
  readonly waiting: string[];
  /** Where the walk is, below the root. */
  readonly place: string[];
  links: number;
}

const OUTSIDE: FileFault = { kind: 'outside-root' };

function namesIn(path: string): string[] {
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
  walk.waiting.push(...namesIn(below).reverse());
  return undefined;
}

/** What an absolute link leads to in the tree; undefined where it leads out of it. */
function belowRoot(root: string, target: string): string | undefined {
  const real = files.realPath(root);
  const base = [root, real].find((dir) => typeof dir === 'string' && dir !== '/' && target.startsWith(`${dir}/`));
  return typeof base === 'string' ? target.slice(base.length) : undefined;
}

/** The rest of an open file. Files of /proc say size 0: the end is where read gives nothing. */
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
