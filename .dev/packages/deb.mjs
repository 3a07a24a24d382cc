// The .deb. It has no maintainer scripts and no conffiles, so that it asks nothing, changes nothing and leaves nothing
// behind.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { date, FAMILIES, listed, stage } from './files.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

export function debian(about) {
  const tree = join(about.work, 'deb');
  stage(FAMILIES.debian, about, tree);
  const overrides = join(tree, 'usr/share/lintian/overrides');
  mkdirSync(overrides, { recursive: true });
  copyFileSync(join(import.meta.dirname, 'lintian-overrides'), join(overrides, 'check-conntrack'));
  const files = listed(tree).filter(({ kind }) => kind === 'file');
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  writeFileSync(join(control, 'control'), controlOf(about, tree, files));
  writeFileSync(join(control, 'md5sums'), sums(tree, files));
  date(tree, about.epoch);
  const { version, epoch, arch, output } = about;
  const file = join(output, `check-conntrack_${version}_${ARCHITECTURES[arch]}.deb`);
  // Ubuntu's dpkg-deb would use zstd, which Debian 11 cannot read. The number of threads changes the output.
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(epoch), DPKG_DEB_THREADS_MAX: '1' };
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], { env, stdio: 'pipe' });
}

function controlOf({ version, arch, parts, maintainer, url }, tree, files) {
  const kibibytes = files.map(({ path }) => Math.ceil(statSync(join(tree, path)).size / 1024));
  const values = {
    VERSION: version,
    ARCHITECTURE: ARCHITECTURES[arch],
    SIZE: kibibytes.reduce((sum, size) => sum + size),
    MUSL: parts.musl,
    MAINTAINER: maintainer,
    URL: url,
  };
  const template = readFileSync(join(import.meta.dirname, 'control'), 'utf8');
  const lines = url === undefined ? template.replace(/^Homepage: .*\n/m, '') : template;
  return lines.replace(/@(\w+)@/g, (_, name) => values[name]);
}

function sums(tree, files) {
  const sum = (path) =>
    createHash('md5')
      .update(readFileSync(join(tree, path)))
      .digest('hex');
  return files.map(({ path }) => `${sum(path)}  ${path.slice(1)}\n`).join('');
}
