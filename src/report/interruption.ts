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
export function interruption({ left }: Deadline): Interruption {
  let came = false;
  const coming = new Promise<'interrupted'>((resolve) => {
    const come = () => {
      came = true;
      resolve('interrupted');
    };
    signals.onEnd(come);
    if (left() < Number.POSITIVE_INFINITY) clock.after(left(), come);
  });
  const pause = async (milliseconds: number): Promise<void> => {
    if (came || milliseconds <= 0) return;
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      cancel = clock.after(milliseconds, resolve);
    });
    await Promise.race([coming, over]);
    cancel();
  };
  return { interrupted: () => came, coming, pause };
}
