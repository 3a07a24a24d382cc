// QuickJS calls the handlers when the event loop turns.

import * as os from 'qjs:os';
import { isSignalled } from 'qjs:own';
import { CHILD_GRACE, type Signals } from '../contract.ts';

const ENDING = [1, 2, 15]; // SIGHUP, SIGINT, SIGTERM

let until = Number.POSITIVE_INFINITY;

export const signals: Signals = {
  onEnd: (call) => {
    const handle = (): void => {
      until = Math.min(until, os.now() + CHILD_GRACE);
      release();
      call();
    };
    const caught = until === Number.POSITIVE_INFINITY ? ENDING : [];
    for (const signal of caught) os.signal(signal, handle);
    const release = (): void => {
      for (const signal of caught) os.signal(signal, null);
    };
    return () => {
      if (isSignalled()) handle();
      else release();
    };
  },
  left: () => until - os.now(),
};
