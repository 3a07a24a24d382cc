// Ctrl-C or the deadline ends reading and waiting; the report then prints what is known.

import { clock } from '#system/clock';
import { signals } from '#system/signals';
import type { Deadline } from '../kernel/root.ts';

export interface Interruption {
  /** True once it has come. */
  readonly interrupted: () => boolean;
  /** Resolves when it comes. */
  readonly coming: Promise<'interrupted'>;
  /** Waits until the time has passed or it comes. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Catches signals from now on; a second signal of a kind ends the program as usual. */
export function interruption(deadline: Deadline): Interruption {
  return interruptionBy(deadline, signals.onEnd);
}

/** The same for the deadline only: a signal ends the program. */
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
  // A timer fires late while a long list is being counted.
  const isOver = () => came || left() <= 0;
  const pause = async (milliseconds: number): Promise<void> => {
    if (isOver() || milliseconds <= 0) return;
    let cancel = (): void => undefined;
    const elapsed = new Promise<void>((resolve) => {
      cancel = clock.after(milliseconds, resolve);
    });
    await Promise.race([coming, elapsed]);
    cancel();
  };
  return { interrupted: isOver, coming, pause };
}
