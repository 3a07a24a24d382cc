// What a live test needs of the machine it runs on. Where a part is missing the suite is skipped and
// says so, unless CHECK_CONNTRACK_LIVE=require: then it fails, so that CI cannot pass by skipping.

import { accessSync, constants } from 'node:fs';
import { describe } from 'vitest';

const required = process.env['CHECK_CONNTRACK_LIVE'] === 'require';

/** Runs `body` as a suite when root and every file of `files` is here. */
export function liveSuite(name: string, files: readonly string[], body: () => void): void {
  const missing = missingParts(files);
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = `${name}: missing ${missing.join(', ')} (install with: sudo .dev/install-parts)`;
  if (required) throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  describe.skip(name, body);
}

function missingParts(files: readonly string[]): string[] {
  const missing = files.filter((file) => !usable(file));
  return process.getuid?.() === 0 ? missing : ['root', ...missing];
}

function usable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
