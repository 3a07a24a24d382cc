// The .tar.gz for systems that are neither Debian nor Red Hat, or as old as CentOS 5. It has the layout of the project,
// from which an administrator copies files.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { date, FAMILIES, sourceOf, table } from './files.mjs';

const NAMES = {
  PROGRAM: 'check_conntrack',
  CHANGELOG: 'CHANGELOG',
  BILL: 'check-conntrack.cdx.json',
  COPYRIGHT: 'LICENSES',
  '.github/SECURITY.md': 'SECURITY.md',
};
const README = { from: 'README.md' };
// It describes the paths of the other packages.
const LEFT_OUT = '.dev/packages/README';

export function archive(about) {
  const name = `check-conntrack_${about.version}_linux-${about.arch}`;
  const folder = join(about.work, name);
  const rows = table(FAMILIES.debian).filter(({ from }) => from !== LEFT_OUT);
  for (const { from, mode = 0o644 } of [...rows, README]) {
    const target = join(folder, NAMES[from] ?? from);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(sourceOf(about, from), target);
    chmodSync(target, mode);
  }
  date(folder, about.epoch);
  const tar = ['--sort=name', '--format=ustar', '--owner=root:0', '--group=root:0', '-C', about.work, '-cf-', name];
  const input = execFileSync('tar', tar, { maxBuffer: 1 << 27 });
  writeFileSync(join(about.output, `${name}.tar.gz`), execFileSync('gzip', ['-9nc'], { input, maxBuffer: 1 << 27 }));
}
