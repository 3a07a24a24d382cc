// The .rpm for every Red Hat since 6, which therefore uses no feature of a newer rpm. Its one scriptlet is for SELinux.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { releases } from './changelog.mjs';
import { FAMILIES, listed, stage } from './files.mjs';

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
// Directories of the system. Every other directory is also owned by this package, so that none is left behind.
const OF_THE_SYSTEM = new Set([
  ...['/usr', '/usr/bin', '/usr/lib', '/usr/lib64', '/usr/sbin', '/usr/share', '/usr/share/doc', '/usr/share/licenses'],
  ...['/usr/share/man', '/usr/share/man/man8'],
]);

export function redHat(about) {
  const tree = join(about.work, 'rpm-tree');
  stage(FAMILIES.redHat, about, tree);
  const list = join(about.work, 'rpm-files');
  writeFileSync(list, `${listed(tree).flatMap(lineOf).join('\n')}\n`);
  writeFileSync(join(about.work, 'rpm-changelog'), changes());
  const made = join(about.work, 'rpm-made');
  mkdirSync(made);
  build(about, { staged: tree, staged_list: list, _rpmdir: made });
  for (const name of readdirSync(made))
    cpSync(join(made, name), join(about.output, name), { preserveTimestamps: true });
}

function build({ version, epoch, arch, work, parts, maintainer, vendor, url }, places) {
  const macros = {
    ...places,
    our_version: version,
    our_vendor: vendor,
    our_packager: maintainer,
    ...(url === undefined ? {} : { our_url: url }),
    musl_version: parts.musl,
    staged_changes: join(work, 'rpm-changelog'),
    _topdir: join(work, 'rpm-top'),
    _dbpath: join(work, 'rpm-db'),
    _rpmfilename: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
  };
  const given = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(epoch) };
  const spec = join(import.meta.dirname, 'check-conntrack.spec');
  execFileSync('rpmbuild', ['-bb', '--target', `${ARCHITECTURES[arch]}-linux`, ...given, spec], { env, stdio: 'pipe' });
}

function lineOf({ path, kind }) {
  if (kind === 'directory') return OF_THE_SYSTEM.has(path) ? [] : [`%dir "${path}"`];
  const marks = [
    ['/usr/share/doc/', '%doc '],
    ['/usr/share/licenses/', '%license '],
  ];
  const [, mark = ''] = marks.find(([under]) => path.startsWith(under)) ?? [];
  return [`${mark}"${path}"`];
}

/** Returns the changelog in rpm's format. */
function changes() {
  const day = (date) => date.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4');
  const items = (text) => text.replace(/^ {2}\* /gm, '- ').replace(/%/g, '%%');
  return releases()
    .map(({ version, text, who, date }) => `* ${day(date)} ${who} - ${version}-1\n${items(text)}\n`)
    .join('\n');
}
