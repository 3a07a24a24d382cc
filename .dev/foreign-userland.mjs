// The programs for booting a machine of another architecture, from that architecture's Debian packages: the ones that
// test/kernels otherwise takes from this machine.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const WITH_WHAT_THEY_NEED = ['nftables', 'conntrack', 'jq'];
// Their dependencies are not needed by the programs that are used here.
const ALONE = ['busybox-static', 'util-linux', 'libcap-ng0'];

/** Unpacks them into the directory. */
export function userland(apt, scratch, folder) {
  const archives = join(scratch, 'archives');
  apt('apt-get', 'install', '--download-only', '--yes', '--no-install-recommends', ...WITH_WHAT_THEY_NEED);
  mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(scratch));
  apt('apt-get', 'download', ...ALONE);
  const own = readdirSync(scratch).filter((name) => name.endsWith('.deb') && !before.has(name));
  const others = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  for (const file of [...own, ...others.map((name) => join('archives', name))])
    execFileSync('dpkg-deb', ['-x', join(scratch, file), folder]);
  for (const unused of ['usr/share', 'usr/lib/aarch64-linux-gnu/gconv'])
    rmSync(join(folder, unused), { recursive: true, force: true });
}
