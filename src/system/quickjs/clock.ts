import * as os from 'qjs:os';
import type { Clock } from '../contract.ts';

const began = os.now();
// The engine keeps a timer's time in 32 bits.
const LONGEST = 2 ** 31 - 1;

export const clock: Clock = {
  elapsed: () => os.now() - began,
  sleep: (milliseconds) => void os.sleep(milliseconds),
  after: (milliseconds, call) => {
    const timer = os.setTimeout(call, Math.min(milliseconds, LONGEST));
    return () => os.clearTimeout(timer);
  },
};
