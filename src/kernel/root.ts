// The observed machine: ours, or a tree given by `--root`. Every read goes through here, so that the deadline is tested
// first and `-vv` can list it.

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

/** Milliseconds until the plugin must have answered; zero or negative afterwards. */
export interface Deadline {
  left(): number;
  /** Milliseconds since the program started. */
  elapsed(): number;
}

/** Parses a file's text (latin1). The `detail` of a fault may hold a size, never the text. */
type Parse<T> = (text: string) => Parsed<T>;
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly kind: FaultKind; readonly detail?: string };

export interface Root {
  readonly view: View;
  readonly deadline: Deadline;
  /** Files read so far, in order. */
  readonly attempts: readonly ReadAttempt[];
  /** Adds to `attempts` something that was not read from a file. */
  record(attempt: ReadAttempt): void;
  /** Returns the fault of reading `source` now, if the deadline has passed; the first one is kept as `late`. */
  expired(source: string): Fault | undefined;
  /** Returns that fault; if the deadline has passed only now, the fault of the last file read. */
  late(): Fault | undefined;
  /** Reads `path` (absolute, on the observed machine) and parses it. */
  read<T>(path: string, limit: number, parse: Parse<T>, enough?: Enough): Reading<T>;
  /** Reads a file of the machine we run on, whatever the root: page size and so on. */
  readOwn<T>(path: string, limit: number, parse: Parse<T>): Reading<T>;
  /** Returns the resolved path of a file that is read in pieces; a fault if it is outside the root. */
  resolve(path: string): string | Fault;
  /** Returns the names in a directory. */
  list(path: string): readonly string[] | Fault;
  /** Returns the path as this process can open it. */
  locate(path: string): string;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const BOOT_ID_LIMIT = 4096;

/** Opens the machine's own root, or the tree at `dir`; a fault if `dir` is not a directory. */
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

/** Matches the root by name only: a link that leads to it, as /proc/<pid>/root may, is treated as a tree. */
const OWN_ROOT = /^\/(?:\.{0,2}\/)*\.{0,2}$/;

const OURS: Access = { read: readBounded, resolve: (path) => path, list: listDirectory };

function listDirectory(path: string): readonly string[] | FileFault {
  const names = files.list(path);
  return 'errno' in names ? systemFault(names) : names;
}

function listWithin(prefix: string, path: string): readonly string[] | FileFault {
  const place = placeWithin(prefix, path);
  return typeof place === 'string' ? listDirectory(place) : place;
}

// A tree with our own boot_id is this machine, mounted in a container; any other was captured elsewhere.
function sameBoot(prefix: string): boolean {
  const ours = readBounded(BOOT_ID, BOOT_ID_LIMIT);
  const theirs = readBoundedWithin(prefix, `${prefix}${BOOT_ID}`, BOOT_ID_LIMIT);
  return ours.ok && theirs.ok && ours.text !== '' && ours.text === theirs.text;
}

/** Access to files below the root. */
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
      const names = access.list(locate(path));
      return 'kind' in names ? { ...names, source: locate(path) } : names;
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
