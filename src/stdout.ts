// Text to stdout, whole, whatever stdout is.

import { writeSync } from 'node:fs';
import { errnoName } from './kernel/file.ts';

// A reader of a non-blocking pipe may be slow, but not for ever: 2 seconds in all.
const WRITE_RETRY_MILLISECONDS = 5;
const WRITE_TRIES = 400;

/** Throws where nobody takes it. process.stdout would cut the text when the process exits, and costs more to load. */
export function writeAll(bytes: Buffer): void {
  let written = 0;
  for (let tries = 0; written < bytes.length && tries < WRITE_TRIES; tries++) written += writeSome(bytes, written);
  if (written < bytes.length) throw new Error('stdout takes nothing');
}

function writeSome(bytes: Buffer, from: number): number {
  try {
    return writeSync(1, bytes, from);
  } catch (error) {
    if (errnoName(error) !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITE_RETRY_MILLISECONDS);
    return 0;
  }
}
