// Counts the entries of a list, piece by piece, so that a signal can end it in between: a long one with another thread,
// or where there is none and the engine is slow, an even random sample of it.

import { clock } from '#system/clock';
import { counting } from '#system/counting';
import type { Fault } from '../../model/fault.ts';
import type { Interruption } from '../interruption.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';
import type { CountTask } from './count-worker.ts';
import { addDigest, type Digest, type Marks, newDigest, scaleDigest } from './digest.ts';
import type { EntryFeed } from './entry-feed.ts';
import type { Sampled } from './holders.ts';
import { type LineSample, newLineSample, takeSample, thinTo } from './line-sample.ts';
import { addCounted, type SharedLines, stopSharedLines, wasHelped } from './shared-lines.ts';

/** The count of a list, or of an even random sample of it. */
export interface Counted {
  readonly source: string;
  readonly digest: Digest;
  /** Undefined if every line was counted. */
  readonly sample: Sampled | undefined;
  /** Why the end was not reached. */
  readonly cut: Cut;
}

type Cut = 'stopped' | Fault | undefined;

// A thread takes some 20 ms to begin.
const WORTH_A_THREAD = 100_000;
const PIECES_AT_ONCE = 16;

/** Shows the progress of the reading, and can stop it. */
export interface Watcher {
  readonly stop: Interruption;
  /** Called with the entries so far after each piece. */
  readonly step: (entries: number) => void;
  /** Lines that are enough if the list is sampled; undefined for the engine's default. */
  readonly enough?: number | undefined;
  /** Ends the counting of sampled lines: those counted by then are a sample too. */
  readonly isLate?: (() => boolean) | undefined;
}

export async function countEntries(feed: EntryFeed, marks: Marks, watcher: Watcher): Promise<Counted> {
  const { source, shared, expected = 0 } = feed;
  const { mostLines, threads } = counting;
  try {
    if (mostLines < Number.POSITIVE_INFINITY) return await countSample(feed, marks, watcher);
    const digest = newDigest(newDigest());
    if (threads === undefined || shared === undefined || expected < WORTH_A_THREAD) {
      return { source, digest, sample: undefined, cut: await countAll(feed, digest, marks, watcher) };
    }
    const helped = helper(shared, marks);
    const cut = await countAll(feed, digest, marks, watcher);
    // It gives back what it has.
    if (cut !== undefined) stopSharedLines(shared);
    const other = await helped;
    addDigest(digest, other.digest);
    return { source, digest, sample: undefined, cut: cut ?? other.cut };
  } finally {
    feed.close();
  }
}

function countAll(feed: EntryFeed, digest: Digest, marks: Marks, watcher: Watcher): Promise<Cut> {
  const { shared } = feed;
  return eachPiece(feed, watcher, (piece, length) => {
    const lines = countPiece(digest, piece, length, marks);
    watcher.step(shared === undefined ? digest.entries : addCounted(shared, lines));
  });
}

async function countSample(feed: EntryFeed, marks: Marks, watcher: Watcher): Promise<Counted> {
  const enough = watcher.enough ?? counting.mostLines;
  const taken = newLineSample(enough);
  const cut = await eachPiece(feed, watcher, (piece, length) => {
    takeSample(taken, piece, length);
    watcher.step(taken.lines);
  });
  thinTo(taken, enough);
  const digest = newDigest(newDigest());
  const held = countBlocks(taken, digest, marks, watcher);
  const { lines } = taken;
  if (held === lines) return { source: feed.source, digest, sample: undefined, cut };
  scaleDigest(digest, lines / held);
  return { source: feed.source, digest, sample: { held, lines }, cut };
}

/** Returns how many of the sampled lines were counted. */
function countBlocks(taken: LineSample, digest: Digest, marks: Marks, { isLate }: Watcher): number {
  for (const { bytes, length } of taken.blocks) {
    if (digest.entries > 0 && isLate?.() === true) return digest.entries + digest.unknown;
    countPiece(digest, bytes, length, marks);
  }
  return taken.held;
}

/** Why it went no further. */
export function eachPiece(feed: EntryFeed, watcher: Watcher, look: LookAtPiece): Promise<Cut> {
  return watcher.stop.during(() => everyPiece(feed, watcher, look));
}

type LookAtPiece = (piece: Uint8Array, length: number) => void;

async function everyPiece(feed: EntryFeed, watcher: Watcher, look: LookAtPiece): Promise<Cut> {
  const piece = new Uint8Array(PIECE);
  let pieces = 0;
  for (;;) {
    const got = await nextPiece(feed, piece, watcher);
    if (typeof got !== 'number') return got;
    if (got === 0) return undefined;
    look(piece, got);
    pieces += 1;
    // Signals come only between events.
    if (pieces % PIECES_AT_ONCE === 0) await new Promise<void>((resolve) => void clock.after(0, resolve));
  }
}

/** Bytes of whole lines, 0 at the end, or why there are none. */
export async function nextPiece(
  feed: EntryFeed,
  piece: Uint8Array,
  { stop }: Pick<Watcher, 'stop'>,
): Promise<number | Fault | 'stopped'> {
  const taken = feed.take(piece);
  const got = taken instanceof Promise ? await Promise.race([taken, stop.coming]) : taken;
  // A child gets the same signal, and fails by it.
  return stop.interrupted() || got === 'interrupted' ? 'stopped' : got;
}

/** The count of another thread for the same list; empty if no thread can start. */
async function helper(shared: SharedLines, marks: Marks): Promise<Part> {
  try {
    if (counting.threads !== undefined)
      return await counting.threads.start<CountTask, Part>({ command: 'report', shared, marks });
  } catch {
    // The lines that it has taken are lost.
  }
  const lost: Fault = { kind: 'io', source: shared.source, detail: 'a thread ended' };
  return { digest: newDigest(newDigest()), cut: wasHelped(shared) ? lost : undefined };
}
