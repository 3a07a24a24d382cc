// Writes the whole text to stdout, even if stdout is a non-blocking pipe.

import { bytes } from '#system/bytes';
import { clock } from '#system/clock';
import { files } from '#system/files';
import type { Failed } from './contract.ts';

const STDOUT_DESCRIPTOR = 1;
// The reader of a non-blocking pipe may be slow; give up after 2 seconds in total.
const WRITE_RETRY_MILLISECONDS = 5;
const WRITE_TRIES = 400;

/** A text, one character per byte, that stdout did not take whole. */
export interface WriteFailure extends Failed {
  /** Bytes written before the failure. */
  readonly written: number;
}

export function writeText(text: string): WriteFailure | undefined {
  const all = bytes.fromLatin1(text);
  let written = 0;
  for (let tries = 0; written < all.length; tries++) {
    const result = files.write(STDOUT_DESCRIPTOR, all, written);
    if (typeof result === 'number') written += result;
    else if (result.errno !== 'EAGAIN' || tries >= WRITE_TRIES) return { errno: result.errno, written };
    else clock.sleep(WRITE_RETRY_MILLISECONDS);
  }
  return undefined;
}
