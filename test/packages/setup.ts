// Builds the packages and the roots that they are installed into, before the tests look at either.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, TOP } from './support.ts';

const PARTS = ['/usr/bin/rpmbuild', '/usr/bin/lintian', '/usr/bin/rpmlint', '/usr/bin/mmdebstrap', '/usr/sbin/nft'];
PARTS.push('/usr/bin/unshare', '/usr/bin/zstd', '/bin/busybox', '/usr/bin/cpio');
PARTS.push(
  '/usr/bin/apt-ftparchive',
  '/usr/bin/createrepo_c',
  '/usr/bin/dnf',
  '/usr/bin/gpg',
  '/usr/bin/ansible-playbook',
);

/** Vitest's global setup. */
export function setup(): void {
  const missing = PARTS.filter((file) => !existsSync(file));
  if (process.getuid?.() !== 0) missing.unshift('root');
  if (missing.length > 0) throw new Error(`missing ${missing.join(', ')} (install with: sudo .dev/install-parts)`);
  process.stderr.write(
    `CHECK_CONNTRACK_PACKAGES=1: builds ${BUILD}, and installs it in roots of its own, by chroot.\n`,
  );
  for (const recipe of ['packages.mjs', 'roots.mjs'])
    execFileSync(process.execPath, [join(TOP, '.dev', recipe)], { stdio: 'inherit' });
}
