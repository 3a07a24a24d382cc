// A list that several threads read in turns, each a piece of whole lines: while the kernel makes up the next piece for
// one of them, another one looks at its own.

import { files } from '#system/files';
import { systemFault } from '../../kernel/file.ts';
import type { Fault } from '../../model/fault.ts';
import type { Failed } from '../../system/contract.ts';

/** State that the threads share. The descriptor belongs to the process, and so does its position in the file. */
export interface SharedLines {
  readonly fd: number;
  readonly source: string;
  /** In shared memory: see the places below. */
  readonly control: Int32Array;
  /** In shared memory: the beginning of a line whose end has not been read. */
  readonly rest: Uint8Array;
}

const LOCK = 0;
const REST_LENGTH = 1;
const ENDED_AT = 2;
const COUNTED_AT = 3;
const STOPPED = 4;
const HELPED = 5;
const HEADER_WORDS = 6;
/** Bytes of a line; the longest that the kernel writes has 400. */
const LONGEST_LINE = 1 << 16;
const LINE_END_BYTE = 10;

export function newSharedLines(fd: number, source: string): SharedLines {
  const control = new Int32Array(new SharedArrayBuffer(4 * HEADER_WORDS));
  return { fd, source, control, rest: new Uint8Array(new SharedArrayBuffer(LONGEST_LINE)) };
}

/** Bytes of whole lines put into `into`; 0 at the end, or where it was stopped. The last line needs no end. */
export function takeLines(shared: SharedLines, into: Uint8Array): number | Fault {
  const { control } = shared;
  while (Atomics.compareExchange(control, LOCK, 0, 1) !== 0) Atomics.wait(control, LOCK, 1);
  const got = Atomics.load(control, STOPPED) === 1 ? 0 : nextLines(shared, into);
  Atomics.store(control, LOCK, 0);
  Atomics.notify(control, LOCK, 1);
  return typeof got === 'number' ? got : { ...systemFault(got), source: shared.source };
}

function nextLines({ fd, control, rest }: SharedLines, into: Uint8Array): number | Failed {
  const kept = Atomics.exchange(control, REST_LENGTH, 0);
  into.set(rest.subarray(0, kept));
  const got = control[ENDED_AT] === 1 ? 0 : readWhole(fd, into, kept);
  if (typeof got !== 'number') return got;
  const length = kept + got;
  // The kernel gives less than was asked for only at the end.
  if (length < into.length) {
    control[ENDED_AT] = 1;
    return length;
  }
  const end = linesEnd(into, length);
  rest.set(into.subarray(end, length));
  Atomics.store(control, REST_LENGTH, length - end);
  return end;
}

// A page at a time is what the kernel gives of its own lists.
function readWhole(fd: number, into: Uint8Array, from: number): number | Failed {
  let at = from;
  for (let got: number | Failed = -1; got !== 0 && at < into.length; at += got) {
    got = files.read(fd, into, at, into.length - at);
    if (typeof got !== 'number') return got;
  }
  return at - from;
}

/** The end of the last whole line. A line that is too long is passed on as it is. */
export function linesEnd(piece: Uint8Array, length: number): number {
  const end = piece.lastIndexOf(LINE_END_BYTE, length - 1) + 1;
  return end < length - LONGEST_LINE ? length : end;
}

/** Adds to what all threads have counted so far; gives that. */
export function addCounted({ control }: SharedLines, lines: number): number {
  return Atomics.add(control, COUNTED_AT, lines) + lines;
}

/** From here on what another thread has taken is missing where that thread does not tell. */
export function beginHelp({ control }: SharedLines): void {
  Atomics.store(control, HELPED, 1);
}

export function wasHelped({ control }: SharedLines): boolean {
  return Atomics.load(control, HELPED) === 1;
}

/** No thread gets another piece. */
export function stopSharedLines({ control }: SharedLines): void {
  Atomics.store(control, STOPPED, 1);
}
