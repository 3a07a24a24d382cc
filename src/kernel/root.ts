// The machine that is looked at: ours, or a tree given by `--root`. Every read of the kernel goes through
// here, so that the deadline is tested before it and `-vv` can tell of it.

import { files } from '#system/files';
import type { Fault, FaultKind, ReadAttempt, Reading } from '../model/fault.ts';
import type { View } from '../model/machine.ts';
import {
  type Enough,
  type FileFault,
  type FileRead,
  fileWithin,
  placeWithin,
  readBounded,
  readBoundedWithin,
  systemFault,
} from './file.ts';

/** Milliseconds until the plugin must have answered; not positive once that is over. */
export interface Deadline {
  left(): number;
  /** Milliseconds since the program began. */
  elapsed(): number;
}

/** Turns a file's text (latin1) into its figure; a fault's `detail` may hold a size, never the text. */
type Parse<T> = (text: string) => Parsed<T>;
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly kind: FaultKind; readonly detail?: string };

export interface Root {
  readonly view: View;
  readonly deadline: Deadline;
  /** What has been read so far, in order. */
  readonly attempts: readonly ReadAttempt[];
  /** Adds to `attempts` what was asked by other means than a file. */
  record(attempt: ReadAttempt): void;
  /** The fault of asking `source` now, if the deadline has passed; the first one is kept as `late`. */
  expired(source: string): Fault | undefined;
  /** That fault, or if only now there is no time left, that of what was read last. */
  late(): Fault | undefined;
  /** Reads `path` (absolute, as on the machine looked at) and parses it. */
  read<T>(path: string, limit: number, parse: Parse<T>, enough?: Enough): Reading<T>;
  /** Reads a file of the machine we run on, whatever the root: page size and the like. */
  readOwn<T>(path: string, limit: number, parse: Parse<T>): Reading<T>;
  /** Where a file really is that is read piece by piece; a fault if that is out of the root. */
  resolve(path: string): string | Fault;
  /** The names in a directory. */
  list(path: string): readonly string[] | Fault;
  /** The path as this process reaches it, for those who stat or show it. */
  locate(path: string): string;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const BOOT_ID_LIMIT = 4096;

/** Opens the machine's own root, or the tree at `dir`; a fault when `dir` is no directory. */
export function openRoot(dir: string, deadline: Deadline): { root: Root } | { fault: Fault } {
  if (OWN_ROOT.test(dir)) return { root: makeRoot('', 'own', deadline, OURS) };
  const status = files.status(dir);
  if ('errno' in status) return { fault: { ...systemFault(status), source: dir } };
  if (status.kind !== 'directory') return { fault: { kind: 'not-directory', source: dir } };
  const prefix = dir.replace(/\/+$/, '');
  const within: Access = {
    read: (path, limit, enough) => readBoundedWithin(prefix, path, limit, enough),
    resolve: (path) => fileWithin(prefix, path),
    list: (path) => listWithin(prefix, path),
  };
  return { root: makeRoot(prefix, sameBoot(prefix) ? 'host' : 'captured', deadline, within) };
}

/** What is the root by its name alone: a link that leads to it, as /proc/<pid>/root may seem to, is a tree. */
const OWN_ROOT = /^\/(?:\.{0,2}\/)*\.{0,2}$/;

const OURS: Access = { read: readBounded, resolve: (path) => path, list: listDirectory };

function listDirectory(path: string): readonly string[] | FileFault {
  const found = files.list(path);
  return 'errno' in found ? systemFault(found) : found;
}

function listWithin(prefix: string, path: string): readonly string[] | FileFault {
  const place = placeWithin(prefix, path);
  return typeof place === 'string' ? listDirectory(place) : place;
}

// A tree with our own boot_id is this machine's, mounted in a container; any other was captured elsewhere.
function sameBoot(prefix: string): boolean {
  const ours = readBounded(BOOT_ID, BOOT_ID_LIMIT);
  const theirs = readBoundedWithin(prefix, `${prefix}${BOOT_ID}`, BOOT_ID_LIMIT);
  return ours.ok && theirs.ok && ours.text !== '' && ours.text === theirs.text;
}

/** How files below the root are reached. */
interface Access {
  readonly read: (path: string, limit: number, enough?: Enough) => FileRead;
  readonly resolve: (path: string) => string | FileFault;
  readonly list: (path: string) => readonly string[] | FileFault;
}

function makeRoot(prefix: string, view: View, deadline: Deadline, access: Access): Root {
  const attempts: ReadAttempt[] = [];
  let late: Fault | undefined;
  const expired = (source: string): Fault | undefined => {
    if (deadline.left() > 0) return undefined;
    late = late ?? { kind: 'timeout', source };
    return late;
  };
  const overdue = (): Fault | undefined => {
    const { source } = attempts[attempts.length - 1] ?? { source: prefix || '/' };
    return deadline.left() > 0 ? undefined : { kind: 'timeout', source, detail: 'after' };
  };
  const locate = (path: string) => prefix + path;
  const attempt = <T>(source: string, parse: Parse<T>, readText: () => FileRead): Reading<T> => {
    const fault = expired(source);
    if (fault !== undefined) return { ok: false, fault };
    const before = deadline.elapsed();
    const file = readText();
    const reading = interpretFile(source, file, parse);
    attempts.push({
      source,
      bytes: file.ok ? file.text.length : 0,
      milliseconds: deadline.elapsed() - before,
      ...(reading.ok ? {} : { fault: reading.fault }),
    });
    return reading;
  };
  return {
    view,
    deadline,
    attempts,
    record: (made) => void attempts.push(made),
    expired,
    late: () => late ?? overdue(),
    locate,
    resolve: (path) => {
      const real = access.resolve(locate(path));
      return typeof real === 'string' ? real : { ...real, source: locate(path) };
    },
    list: (path) => {
      const found = access.list(locate(path));
      return 'kind' in found ? { ...found, source: locate(path) } : found;
    },
    read: (path, limit, parse, enough) => attempt(locate(path), parse, () => access.read(locate(path), limit, enough)),
    readOwn: (path, limit, parse) => attempt(path, parse, () => readBounded(path, limit)),
  };
}

function interpretFile<T>(source: string, file: FileRead, parse: Parse<T>): Reading<T> {
  const parsed = file.ok ? parse(file.text) : file;
  if (parsed.ok) return { ok: true, value: parsed.value, source };
  const { kind, detail } = parsed;
  return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
}
