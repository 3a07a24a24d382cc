import type { Clock } from '../contract.ts';

// The largest delay that a timer accepts, in milliseconds.
const LONGEST_TIMER = 2 ** 31 - 1;

export const clock: Clock = {
  elapsed: () => 1000 * process.uptime(),
  sleep: (milliseconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, Math.min(milliseconds, LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};
