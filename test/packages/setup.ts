// Builds the packages and the roots that they are installed into, before the tests look at either.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, TOP } from './support.ts';

/** Vitest's global setup. */
export function setup(): void {
  process.stderr.write(
    `CHECK_CONNTRACK_PACKAGES=1: builds ${BUILD}, and installs it into roots of its own, by chroot.\n`,
  );
  for (const recipe of ['packages.mjs', 'roots.mjs'])
    execFileSync(process.execPath, [join(TOP, '.dev', recipe)], { stdio: 'inherit' });
}
