// Ctrl-C ends the reading and the waiting of a long command, and what is known by then is told. So does the deadline.

import { clock } from '#system/clock';
import { signals } from '#system/signals';
import type { Deadline } from '../kernel/root.ts';

export interface Interruption {
  /** Whether it has come. */
  readonly interrupted: () => boolean;
  /** Resolves when it comes. */
  readonly coming: Promise<'interrupted'>;
  /** Waits, unless it comes before. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** From now on; the second signal of a kind ends the program as usual. */
export function interruption(deadline: Deadline): Interruption {
  return interruptionBy(deadline, signals.onEnd);
}

/** The same by the time alone: a signal ends the program. */
export function timeLimit(deadline: Deadline): Interruption {
  return interruptionBy(deadline, () => undefined);
}

function interruptionBy({ left }: Deadline, onEnd: (call: () => void) => void): Interruption {
  let came = false;
  const coming = new Promise<'interrupted'>((resolve) => {
    const come = () => {
      came = true;
      resolve('interrupted');
    };
    onEnd(come);
    if (left() < Number.POSITIVE_INFINITY) clock.after(left(), come);
  });
  // A timer comes late while pieces of a long list follow one another.
  const isOver = () => came || left() <= 0;
  const pause = async (milliseconds: number): Promise<void> => {
    if (isOver() || milliseconds <= 0) return;
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      cancel = clock.after(milliseconds, resolve);
    });
    await Promise.race([coming, over]);
    cancel();
  };
  return { interrupted: isOver, coming, pause };
}
