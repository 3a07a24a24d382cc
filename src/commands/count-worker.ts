// The other thread that counts a long list: the same program, started with this as its task.

import { type Marks, newDigest } from '../evaluate/digest.ts';
import { addCounted, beginHelp, type SharedLines, takeLines } from '../kernel/shared-lines.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';

/** What the thread needs to know. */
export interface CountTask {
  readonly shared: SharedLines;
  readonly marks: Marks;
}

export function countInTurns({ shared, marks }: CountTask): Part {
  const digest = newDigest(newDigest());
  const piece = new Uint8Array(PIECE);
  beginHelp(shared);
  for (;;) {
    const got = takeLines(shared, piece);
    if (typeof got !== 'number') return { digest, cut: got };
    if (got === 0) return { digest, cut: undefined };
    addCounted(shared, countPiece(digest, piece, got, marks));
  }
}
