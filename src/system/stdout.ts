// Text to stdout, whole, whatever stdout is.

import { bytes } from '#system/bytes';
import { clock } from '#system/clock';
import { files } from '#system/files';
import type { Failed } from './contract.ts';

const STDOUT_DESCRIPTOR = 1;
// A reader of a non-blocking pipe may be slow, but not for ever: 2 seconds in all.
const WRITE_RETRY_MILLISECONDS = 5;
const WRITE_TRIES = 400;

/** Each character is a byte. What stdout did not take, and why; undefined where it took everything. */
export interface Untold extends Failed {
  /** Bytes that it did take. */
  readonly written: number;
}

export function writeText(text: string): Untold | undefined {
  const all = bytes.fromLatin1(text);
  let written = 0;
  for (let tries = 0; written < all.length; tries++) {
    const more = files.write(STDOUT_DESCRIPTOR, all, written);
    if (typeof more === 'number') written += more;
    else if (more.errno !== 'EAGAIN' || tries >= WRITE_TRIES) return { errno: more.errno, written };
    else clock.sleep(WRITE_RETRY_MILLISECONDS);
  }
  return undefined;
}
