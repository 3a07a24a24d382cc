// The other thread that counts a long list: the same program, started with this as its task.

import { counting } from '#system/counting';
import type { ThreadTask } from '../../cli/program.ts';
import { countPiece, type Part, PIECE } from './count-piece.ts';
import { type Marks, newDigest } from './digest.ts';
import { addCounted, beginHelp, type SharedLines, takeLines } from './shared-lines.ts';

export interface CountTask extends ThreadTask {
  readonly shared: SharedLines;
  readonly marks: Marks;
}

/** Answers the task that this thread was started with. */
export function countInThread(): void {
  const task = counting.threads?.task<CountTask>();
  if (task !== undefined) counting.threads?.answer(countInTurns(task));
}

function countInTurns({ shared, marks }: CountTask): Part {
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
