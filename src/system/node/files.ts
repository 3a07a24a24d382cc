import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Failed, FileStatus, Files, OpenFor } from '../contract.ts';
import { failureOf } from './failure.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const OPEN_FLAGS: Readonly<Record<OpenFor, number>> = {
  reading: O_RDONLY | O_NONBLOCK,
  'reading-no-link': O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
  directory: O_RDONLY | O_DIRECTORY,
  'directory-no-link': O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  'new-file': O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
};
// Node before 14.17 ignores the option, and throws.
const NO_THROW = { throwIfNoEntry: false } as const;

export const files: Files = {
  open: (path, purpose) => attemptCall(() => openSync(path, OPEN_FLAGS[purpose], 0o600)),
  close: (descriptor) => attemptCall(() => void closeSync(descriptor)),
  read: (descriptor, into, from, length, position) =>
    attemptCall(() => readSync(descriptor, into, from, length, position ?? null)),
  write: (descriptor, bytes, from) => attemptCall(() => writeSync(descriptor, bytes, from)),
  status: (path) => attemptCall(() => statusOf(statSync(path))),
  statusOfLink: (path) => attemptCall(() => statusOf(lstatSync(path))),
  statusOfOpen: (descriptor) => attemptCall(() => statusOf(fstatSync(descriptor))),
  inode: (path) =>
    attemptCall(() => {
      // Typed as optional: the types describe only Node versions that support the option.
      const stats: { readonly ino: number } | undefined = statSync(path, NO_THROW);
      return stats === undefined ? { errno: 'ENOENT' } : stats.ino;
    }),
  readLink: (path) => attemptCall(() => readlinkSync(path)),
  realPath: (path) => attemptCall(() => realpathSync(path)),
  list: (path) => attemptCall(() => readdirSync(path)),
  makeDirectory: (path) => attemptCall(() => void mkdirSync(path, 0o700)),
  rename: (from, to) => attemptCall(() => void renameSync(from, to)),
  remove: (path) => attemptCall(() => void unlinkSync(path)),
};

function attemptCall<T>(call: () => T): T | Failed {
  try {
    return call();
  } catch (error) {
    return failureOf(error);
  }
}

function statusOf(stats: Stats): FileStatus {
  const { uid, mode, size, mtimeMs } = stats;
  return { kind: kindOf(stats), owner: uid, mode: mode & 0o7777, size, modified: mtimeMs };
}

function kindOf(stats: Stats): FileStatus['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isFIFO() ? 'fifo' : 'other';
}
