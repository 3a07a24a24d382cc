// Files by node:fs.

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

const FLAGS: Readonly<Record<OpenFor, number>> = {
  reading: O_RDONLY | O_NONBLOCK,
  'reading-no-link': O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
  directory: O_RDONLY | O_DIRECTORY,
  'directory-no-link': O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  'new-file': O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
};
// Node before 14.17 does not know the option, and throws.
const QUIET = { throwIfNoEntry: false } as const;

export const files: Files = {
  open: (path, purpose) => attempt(() => openSync(path, FLAGS[purpose], 0o600)),
  close: (descriptor) => attempt(() => void closeSync(descriptor)),
  read: (descriptor, into, from, length, position) =>
    attempt(() => readSync(descriptor, into, from, length, position ?? null)),
  write: (descriptor, bytes, from) => attempt(() => writeSync(descriptor, bytes, from)),
  status: (path) => attempt(() => statusOf(statSync(path))),
  statusOfLink: (path) => attempt(() => statusOf(lstatSync(path))),
  statusOfOpen: (descriptor) => attempt(() => statusOf(fstatSync(descriptor))),
  inode: (path) =>
    attempt(() => {
      // Read as an option of any Node's: the types know only those that have it.
      const stats: { readonly ino: number } | undefined = statSync(path, QUIET);
      return stats === undefined ? { errno: 'ENOENT' } : stats.ino;
    }),
  readLink: (path) => attempt(() => readlinkSync(path)),
  realPath: (path) => attempt(() => realpathSync(path)),
  list: (path) => attempt(() => readdirSync(path)),
  makeDirectory: (path) => attempt(() => void mkdirSync(path, 0o700)),
  rename: (from, to) => attempt(() => void renameSync(from, to)),
  remove: (path) => attempt(() => void unlinkSync(path)),
};

function attempt<T>(call: () => T): T | Failed {
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
