import type { Signals } from '../contract.ts';

export const signals: Signals = {
  onEnd: (call) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, call);
  },
};
