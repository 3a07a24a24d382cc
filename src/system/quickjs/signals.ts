// QuickJS delivers signals when the event loop turns.

import * as os from 'qjs:os';
import type { Signals } from '../contract.ts';

const [SIGHUP, SIGINT, SIGTERM] = [1, 2, 15];

export const signals: Signals = {
  onEnd: (call) => {
    for (const signal of [SIGHUP, SIGINT, SIGTERM])
      os.signal(signal, () => {
        os.signal(signal, null);
        call();
      });
  },
};
