// Node calls the handlers when the event loop turns. While a child is waited for it cannot, so handlers are kept only
// while the program waits for events; at any other time a signal ends Node at once.

import { CHILD_GRACE, type Signals } from '../contract.ts';
import { clock } from './clock.ts';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let until = Number.POSITIVE_INFINITY;

export const signals: Signals = {
  onEnd: (call) => {
    const handle = (): void => {
      until = Math.min(until, clock.elapsed() + CHILD_GRACE);
      call();
    };
    for (const signal of until === Number.POSITIVE_INFINITY ? ENDING : []) process.once(signal, handle);
    return () => {
      for (const signal of ENDING) process.removeListener(signal, handle);
    };
  },
  left: () => until - clock.elapsed(),
};
