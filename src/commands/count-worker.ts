// The other thread that counts a long list. The build makes a text of it, which is all that a file without an extension
// can start a thread with.

import { parentPort, workerData } from 'node:worker_threads';
import { newDigest } from '../evaluate/digest.ts';
import { addCounted, beginHelp, type Turns, takeLines } from '../kernel/line-turns.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';

/** This module as the text of a script. */
export declare const workerSource: string;

const { turns, endedAt }: { readonly turns: Turns; readonly endedAt: Int32Array } = workerData;
parentPort?.postMessage(countInTurns());

function countInTurns(): Part {
  const digest = newDigest();
  const piece = Buffer.allocUnsafeSlow(PIECE);
  beginHelp(turns);
  for (;;) {
    const got = takeLines(turns, piece);
    if (typeof got !== 'number') return { digest, cut: got };
    if (got === 0) return { digest, cut: undefined };
    addCounted(turns, countPiece(digest, piece, got, endedAt));
  }
}
