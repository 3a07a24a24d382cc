// Ctrl-C ends the reading and the waiting of a long command, and what is known by then is told. So does the deadline.

import type { Deadline } from '../kernel/root.ts';

export interface Interruption {
  /** Whether it has come. */
  readonly interrupted: () => boolean;
  /** Resolves when it comes. */
  readonly coming: Promise<'interrupted'>;
  /** Waits, unless it comes before. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
// A timer takes no more.
const LONGEST_PAUSE = 2 ** 31 - 1;

/** From now on; the second signal of a kind ends the program as usual. */
export function interruption({ left }: Deadline): Interruption {
  let came = false;
  const coming = new Promise<'interrupted'>((resolve) => {
    const come = () => {
      came = true;
      resolve('interrupted');
    };
    for (const signal of SIGNALS) process.once(signal, come);
    if (left() <= LONGEST_PAUSE) setTimeout(come, left());
  });
  const pause = async (milliseconds: number): Promise<void> => {
    if (came || milliseconds <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_PAUSE));
    });
    await Promise.race([coming, over]);
    if (timer !== undefined) clearTimeout(timer);
  };
  return { interrupted: () => came, coming, pause };
}
