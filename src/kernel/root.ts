// The machine that is looked at: ours, or a tree given by `--root`. Every read of the kernel goes through
// here, so that the deadline is tested before it and `-vv` can tell of it.

import { files } from '#system/files';
import type { Fault, FaultKind, ReadAttempt, Reading, View } from '../facts.ts';
import {
  type Enough,
  type FileFault,
  type FileRead,
  pathWithin,
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
  late(): Fault | undefined;
  /** Reads `path` (absolute, as on the machine looked at) and parses it. */
  read<T>(path: string, limit: number, parse: Parse<T>, enough?: Enough): Reading<T>;
  /** Reads a file of the machine we run on, whatever the root: page size and the like. */
  readOwn<T>(path: string, limit: number, parse: Parse<T>): Reading<T>;
  /** Where a file really is that is read piece by piece; a fault if that is out of the root. */
  resolve(path: string): string | Fault;
  /** The path as this process reaches it, for those who stat or show it. */
  locate(path: string): string;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const SMALL = 4096;

/** Opens the machine's own root, or the tree at `dir`; a fault when `dir` is no directory. */
export function openRoot(dir: string, deadline: Deadline): { root: Root } | { fault: Fault } {
  const real = dir === '/' ? dir : realDirectory(dir);
  if (typeof real !== 'string') return { fault: real };
  if (real === '/') return { root: makeRoot('', 'own', deadline, { read: readBounded, resolve: (path) => path }) };
  const within: Access = {
    read: (path, limit, enough) => readBoundedWithin(real, path, limit, enough),
    resolve: (path) => pathWithin(real, path),
  };
  const view = sameBoot(real) ? 'host' : 'captured';
  return { root: makeRoot(dir.replace(/\/+$/, ''), view, deadline, within) };
}

function realDirectory(dir: string): string | Fault {
  const real = files.realPath(dir);
  if (typeof real !== 'string') return { ...systemFault(real), source: dir };
  const status = files.status(real);
  if ('errno' in status) return { ...systemFault(status), source: dir };
  return status.kind === 'directory' ? real : { kind: 'not-directory', source: dir };
}

// A tree with our own boot_id is this machine's, mounted in a container; any other was captured elsewhere.
function sameBoot(real: string): boolean {
  const ours = readBounded(BOOT_ID, SMALL);
  const theirs = readBoundedWithin(real, `${real}${BOOT_ID}`, SMALL);
  return ours.ok && theirs.ok && ours.text !== '' && ours.text === theirs.text;
}

/** How files below the root are reached. */
interface Access {
  readonly read: (path: string, limit: number, enough?: Enough) => FileRead;
  readonly resolve: (path: string) => string | FileFault;
}

function makeRoot(prefix: string, view: View, deadline: Deadline, access: Access): Root {
  const attempts: ReadAttempt[] = [];
  let late: Fault | undefined;
  const expired = (source: string): Fault | undefined => {
    if (deadline.left() > 0) return undefined;
    late = late ?? { kind: 'timeout', source };
    return late;
  };
  const locate = (path: string) => prefix + path;
  const attempt = <T>(source: string, parse: Parse<T>, readText: () => FileRead): Reading<T> => {
    const fault = expired(source);
    if (fault !== undefined) return { ok: false, fault };
    const before = deadline.elapsed();
    const file = readText();
    const reading = interpret(source, file, parse);
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
    late: () => late,
    locate,
    resolve: (path) => {
      const real = access.resolve(locate(path));
      return typeof real === 'string' ? real : { ...real, source: locate(path) };
    },
    read: (path, limit, parse, enough) => attempt(locate(path), parse, () => access.read(locate(path), limit, enough)),
    readOwn: (path, limit, parse) => attempt(path, parse, () => readBounded(path, limit)),
  };
}

function interpret<T>(source: string, file: FileRead, parse: Parse<T>): Reading<T> {
  const parsed = file.ok ? parse(file.text) : file;
  if (parsed.ok) return { ok: true, value: parsed.value, source };
  const { kind, detail } = parsed;
  return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
}
