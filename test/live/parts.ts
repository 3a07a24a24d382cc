// Parts that a live test needs on the machine. It fails if one is missing, so that a test that did not run is not
// mistaken for one that passed.

import { accessSync, constants } from 'node:fs';
import { describe } from 'vitest';

/** Runs `body` as a suite if the user is root and every file of `files` exists. */
export function liveSuite(name: string, files: readonly string[], body: () => void): void {
  const missing = files.filter((file) => !usable(file));
  if (process.getuid?.() !== 0) missing.unshift('root');
  if (missing.length > 0)
    throw new Error(`${name}: missing ${missing.join(', ')} (install with: sudo .dev/install-parts)`);
  describe(name, body);
}

function usable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
