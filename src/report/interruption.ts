// Ctrl-C or the deadline ends reading and waiting; the report then prints what is known.

import { clock } from '#system/clock';
import { signals } from '#system/signals';
import type { Deadline } from '../kernel/root.ts';
import type { Signals } from '../system/contract.ts';

export interface Interruption {
  /** True once it has come. */
  readonly interrupted: () => boolean;
  /** Resolves when it comes. */
  readonly coming: Promise<'interrupted'>;
  /** Waits until the time has passed or it comes. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Runs `work`, which a signal interrupts, and no other such work within it. At other times it ends the program. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
}

export function interruption(deadline: Deadline): Interruption {
  return interruptionBy(deadline, signals.onEnd);
}

/** The same for the deadline only: a signal ends the program. */
export function timeLimit(deadline: Deadline): Interruption {
  return interruptionBy(deadline, () => () => undefined);
}

function interruptionBy({ left }: Deadline, onEnd: Signals['onEnd']): Interruption {
  let came = false;
  let come = (): void => undefined;
  const coming = new Promise<'interrupted'>((resolve) => {
    come = () => {
      came = true;
      resolve('interrupted');
    };
    if (left() < Number.POSITIVE_INFINITY) clock.after(left(), come);
  });
  // A timer fires late while a long list is being counted.
  const isOver = () => came || left() <= 0;
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = onEnd(come);
    return work().finally(release);
  };
  const pause = async (milliseconds: number): Promise<void> => {
    if (isOver() || milliseconds <= 0) return;
    let cancel = (): void => undefined;
    const elapsed = new Promise<void>((resolve) => {
      cancel = clock.after(milliseconds, resolve);
    });
    await during(() => Promise.race([coming, elapsed]));
    cancel();
  };
  return { interrupted: isOver, coming, pause, during };
}
