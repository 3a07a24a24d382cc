// The other thread that counts a long list: the same program, started with this as its task.

import { newDigest } from '../evaluate/digest.ts';
import { addCounted, beginHelp, type Turns, takeLines } from '../kernel/line-turns.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';

/** What the thread needs to know. */
export interface CountTask {
  readonly turns: Turns;
  readonly endedAt: Int32Array;
}

export function countInTurns({ turns, endedAt }: CountTask): Part {
  const digest = newDigest();
  const piece = new Uint8Array(PIECE);
  beginHelp(turns);
  for (;;) {
    const got = takeLines(turns, piece);
    if (typeof got !== 'number') return { digest, cut: got };
    if (got === 0) return { digest, cut: undefined };
    addCounted(turns, countPiece(digest, piece, got, endedAt));
  }
}
