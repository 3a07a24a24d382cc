// Counts a piece of a list, in each thread.

import type { Fault } from '../../model/fault.ts';
import { isFresh } from './begun.ts';
import type { Digest, Marks } from './digest.ts';
import { countYoung, digestEntry } from './digest-entry.ts';
import { parseEntries } from './entry-list.ts';

/** Bytes. */
export const PIECE = 1 << 18;

/** The count of one thread, and why it stopped. */
export interface Part {
  readonly digest: Digest;
  readonly cut: Fault | undefined;
}

/** Returns the number of entries in the first `length` bytes, which are whole lines. */
export function countPiece(digest: Digest, piece: Uint8Array, length: number, marks: Marks): number {
  const { endedAt, given } = marks;
  const { fresh } = digest;
  const before = digest.entries;
  digest.unknown += parseEntries(piece, 0, length, (entry) => {
    digestEntry(digest, entry, endedAt);
    countYoung(digest, entry, given);
    if (fresh !== undefined && isFresh(entry, marks)) digestEntry(fresh, entry, endedAt);
  });
  return digest.entries - before;
}
