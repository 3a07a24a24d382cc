// Counts the entries of a list, piece by piece, so that a signal can end it in between: a long one with another thread.

import { Worker } from 'node:worker_threads';
import { addDigest, type Digest, newDigest } from '../evaluate/digest.ts';
import type { Fault } from '../facts.ts';
import type { EntryFeed } from '../kernel/entry-feed.ts';
import { addCounted, stopTurns, type Turns, wasHelped } from '../kernel/line-turns.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';
import { workerSource } from './count-worker.ts' with { type: 'worker' };
import type { Interruption } from './interruption.ts';

/** What a list came to. */
export interface Counted {
  readonly source: string;
  readonly digest: Digest;
  /** Why the end was not reached. */
  readonly cut: 'stopped' | Fault | undefined;
}

// A thread takes some 20 ms to begin.
const WORTH_A_THREAD = 100_000;
const PIECES_AT_ONCE = 16;

/** Who wants to know how far it is, and can end it. */
export interface Watcher {
  readonly stop: Interruption;
  /** Is told the entries so far after each piece. */
  readonly step: (entries: number) => void;
}

export async function countEntries(feed: EntryFeed, endedAt: Int32Array, watcher: Watcher): Promise<Counted> {
  const { turns, expected = 0 } = feed;
  try {
    if (turns === undefined || expected < WORTH_A_THREAD) return await countAlone(feed, endedAt, watcher);
    const helped = helper(turns, endedAt);
    const own = await countAlone(feed, endedAt, watcher);
    // It gives back what it has.
    if (own.cut !== undefined) stopTurns(turns);
    const other = await helped;
    addDigest(own.digest, other.digest);
    return { ...own, cut: own.cut ?? other.cut };
  } finally {
    feed.close();
  }
}

async function countAlone(feed: EntryFeed, endedAt: Int32Array, watcher: Watcher): Promise<Counted> {
  const digest = newDigest();
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const { source, turns } = feed;
  let pieces = 0;
  for (;;) {
    const got = await nextPiece(feed, piece, watcher);
    if (typeof got !== 'number') return { source, digest, cut: got };
    if (got === 0) return { source, digest, cut: undefined };
    const more = countPiece(digest, piece, got, endedAt);
    watcher.step(turns === undefined ? digest.entries : addCounted(turns, more));
    pieces += 1;
    // Signals come only between events.
    if (pieces % PIECES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function nextPiece(feed: EntryFeed, piece: Buffer, { stop }: Watcher): Promise<number | Fault | 'stopped'> {
  const taken = feed.take(piece);
  const got = taken instanceof Promise ? await Promise.race([taken, stop.coming]) : taken;
  // A child gets the same signal, and fails by it.
  return stop.interrupted() || got === 'interrupted' ? 'stopped' : got;
}

/** What another thread has counted of the same list; nothing, where there can be none. */
function helper(turns: Turns, endedAt: Int32Array): Promise<Part> {
  return new Promise((resolve) => {
    const failed = () => {
      const lost: Fault = { kind: 'io', source: turns.source, detail: 'a thread ended' };
      resolve({ digest: newDigest(), cut: wasHelped(turns) ? lost : undefined });
    };
    try {
      const worker = new Worker(workerSource, { eval: true, workerData: { turns, endedAt } });
      worker.once('message', resolve).once('error', failed).once('exit', failed);
    } catch {
      failed();
    }
  });
}
