// V8 compiles the loop over a list's bytes; a second thread halves the time.

import { readFileSync } from 'node:fs';
import type { Counting } from '../contract.ts';

/** The second thread's only argument. */
const THREAD = '--thread';

export const counting: Counting = {
  mostLines: Number.POSITIVE_INFINITY,
  threads: {
    start: (task) =>
      new Promise((resolve, reject) => {
        const { Worker } = workerThreads();
        const program = readFileSync(__filename, 'latin1');
        /*! `eval` runs the text of this file itself, and of nothing else, in a second thread. A path would do, but Node
            before 16.9 rejects one without an extension. */
        const worker = new Worker(program, { eval: true, argv: [THREAD], workerData: task });
        worker.once('message', resolve).once('error', reject).once('exit', reject);
      }),
    // A user may type the argument too, so this also tests for the second thread.
    task: () => (process.argv[2] !== THREAD || workerThreads().isMainThread ? undefined : workerThreads().workerData),
    answer: (result) => workerThreads().parentPort?.postMessage(result),
  },
};

// Takes 1.7 ms to load.
function workerThreads(): typeof import('node:worker_threads') {
  return require('node:worker_threads');
}
