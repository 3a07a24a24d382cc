import * as os from 'qjs:os';
import { fstat, inode } from 'qjs:own';
import type { Failed, FileStatus, Files, OpenFor } from '../contract.ts';
import { failed, settled, uninterrupted } from './errno.ts';

// include/uapi/asm-generic/fcntl.h; two of them differ on arm64: arch/arm64/include/uapi/asm/fcntl.h.
const [O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NONBLOCK] = [0, 0o1, 0o100, 0o200, 0o4000];
const [O_DIRECTORY, O_NOFOLLOW] = BUILD_ARCHITECTURE === 'arm64' ? [0o40000, 0o100000] : [0o200000, 0o400000];
const SEEK_SET = 0;

const FLAGS: Readonly<Record<OpenFor, number>> = {
  reading: O_RDONLY | O_NONBLOCK,
  'reading-no-link': O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
  directory: O_RDONLY | O_DIRECTORY,
  'directory-no-link': O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  'new-file': O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
};

export const files: Files = {
  open: (path, purpose) => uninterrupted(() => os.open(path, FLAGS[purpose], 0o600)),
  close: (descriptor) => refusal(os.close(descriptor)),
  read: (descriptor, into, from, length, position) => {
    const sought = position === undefined ? 0 : settled(os.seek(descriptor, position, SEEK_SET));
    if (typeof sought !== 'number') return sought;
    return uninterrupted(() => os.read(descriptor, into.buffer, into.byteOffset + from, length));
  },
  write: (descriptor, bytes, from) =>
    uninterrupted(() => os.write(descriptor, bytes.buffer, bytes.byteOffset + from, bytes.length - from)),
  status: (path) => valued(os.stat(path), statusOf),
  statusOfLink: (path) => valued(os.lstat(path), statusOf),
  statusOfOpen: (descriptor) => {
    const status = fstat(descriptor);
    return typeof status === 'number' ? failed(-status) : statusOf(status);
  },
  inode: (path) => {
    const number = inode(path);
    return number < 0 ? failed(-number) : number;
  },
  readLink: (path) => valued(os.readlink(path), (target) => target),
  realPath: (path) => valued(os.realpath(path), (real) => real),
  list: (path) => valued(os.readdir(path), (names) => names.filter((name) => name !== '.' && name !== '..')),
  makeDirectory: (path) => refusal(os.mkdir(path, 0o700)),
  rename: (from, to) => refusal(os.rename(from, to)),
  remove: (path) => refusal(os.remove(path)),
};

function valued<T, U>([value, errno]: Settled<T | null>, convert: (value: T) => U): U | Failed {
  return errno !== 0 || value === null ? failed(errno) : convert(value);
}

function refusal(result: number): Failed | undefined {
  return result < 0 ? failed(-result) : undefined;
}

const [S_IFMT, S_IFIFO, S_IFDIR, S_IFREG] = [0o170000, 0o10000, 0o40000, 0o100000];
const KINDS: ReadonlyMap<number, FileStatus['kind']> = new Map([
  [S_IFREG, 'file'],
  [S_IFDIR, 'directory'],
  [S_IFIFO, 'fifo'],
]);

function statusOf({ mode, uid, size, mtime }: OpenStat): FileStatus {
  const kind = KINDS.get(mode & S_IFMT) ?? 'other';
  return { kind, owner: uid, mode: mode & 0o7777, size, modified: mtime };
}
