// Makes a signed apt repository and a signed yum repository of the packages in build/:
//
//   npm run repository -- --key ID --out DIR [--url https://HOST/PATH]
//
// ID is a secret key that gpg(1) has: a fingerprint or an address. DIR gets apt/ and yum/, for any web server; --url is
// written to check-conntrack.sources and check-conntrack.repo, which hosts copy. Copies of the .rpm are signed too, so
// they
// differ from SHA256SUMS.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { missingTools } from './packages/files.mjs';
import { top } from './top.mjs';

const SUITE = 'stable';
const NEEDED = {
  'apt-ftparchive': 'apt-utils',
  createrepo_c: 'createrepo-c',
  gpg: 'gnupg',
  gzip: 'gzip',
  rpmsign: 'rpm',
};
const ARCHITECTURES = ['amd64', 'arm64'];
const KEYRING = 'check-conntrack.gpg';

try {
  const text = { type: 'string' };
  const { key, out, url = 'https://HOST/PATH' } = parseArgs({ options: { key: text, out: text, url: text } }).values;
  if (!key || !out) throw new Error('--key ID and --out DIR are needed');
  const missing = missingTools(NEEDED);
  if (missing !== '') throw new Error(`this machine lacks ${missing}`);
  const fingerprint = fingerprintOf(key);
  aptRepository(join(resolve(out), 'apt'), fingerprint, url);
  yumRepository(join(resolve(out), 'yum'), fingerprint, url);
  console.log(`repository: in ${resolve(out)}, signed by ${fingerprint}`);
} catch (error) {
  console.error(`repository: ${error.stderr?.toString().trim() || error.message}`);
  process.exitCode = 1;
}

function fingerprintOf(key) {
  const listed = run('gpg', ['--batch', '--with-colons', '--list-secret-keys', key]);
  return /^fpr:+([\dA-F]+):/m.exec(listed)[1];
}

function aptRepository(folder, key, url) {
  const pool = fresh(folder, 'pool');
  copyPackages('.deb', pool);
  const suite = fresh(folder, `dists/${SUITE}`);
  for (const arch of ARCHITECTURES) {
    const place = join(suite, `main/binary-${arch}`);
    mkdirSync(place, { recursive: true });
    const packages = run('apt-ftparchive', ['--arch', arch, 'packages', 'pool'], folder);
    writeFileSync(join(place, 'Packages'), packages);
    writeFileSync(join(place, 'Packages.gz'), execFileSync('gzip', ['-9nc'], { input: packages }));
  }
  const fields = { Suite: SUITE, Codename: SUITE, Components: 'main', Architectures: ARCHITECTURES.join(' ') };
  const given = Object.entries({ ...fields, Origin: 'check_conntrack', Label: 'check_conntrack' });
  const options = given.flatMap(([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]);
  writeFileSync(join(suite, 'Release'), run('apt-ftparchive', [...options, 'release', suite]));
  sign(key, ['--clearsign', '-o', join(suite, 'InRelease'), join(suite, 'Release')]);
  sign(key, ['--armor', '--detach-sign', '-o', join(suite, 'Release.gpg'), join(suite, 'Release')]);
  writeFileSync(join(folder, KEYRING), execFileSync('gpg', ['--batch', '--export', key]));
  const source = ['Types: deb', `URIs: ${url}/apt`, `Suites: ${SUITE}`, 'Components: main'];
  source.push(`Signed-By: /usr/share/keyrings/${KEYRING}`);
  writeFileSync(join(folder, 'check-conntrack.sources'), `${source.join('\n')}\n`);
}

function yumRepository(folder, key, url) {
  const packages = fresh(folder, 'packages');
  copyPackages('.rpm', packages);
  const signed = readdirSync(packages).map((name) => join(packages, name));
  // Debian's rpm runs gpg2.
  const gpg = run('sh', ['-c', 'command -v gpg']).trim();
  run('rpmsign', ['--define', `__gpg ${gpg}`, '--define', `_gpg_name ${key}`, '--addsign', ...signed]);
  run('createrepo_c', ['--quiet', folder]);
  const index = join(folder, 'repodata/repomd.xml');
  sign(key, ['--armor', '--detach-sign', '-o', `${index}.asc`, index]);
  writeFileSync(join(folder, 'RPM-GPG-KEY-check-conntrack'), run('gpg', ['--batch', '--armor', '--export', key]));
  const entry = ['[check-conntrack]', 'name=check_conntrack', `baseurl=${url}/yum`, 'gpgcheck=1', 'repo_gpgcheck=1'];
  entry.push(`gpgkey=${url}/yum/RPM-GPG-KEY-check-conntrack`);
  writeFileSync(join(folder, 'check-conntrack.repo'), `${entry.join('\n')}\n`);
}

/** Creates an empty directory. */
function fresh(folder, name) {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

function copyPackages(kind, folder) {
  const build = join(top, 'build');
  const sums = readFileSync(join(build, 'SHA256SUMS'), 'utf8');
  const names = Array.from(sums.matchAll(/ {2}(.+)$/gm), ([, name]) => name).filter((name) => name.endsWith(kind));
  if (names.length === 0) throw new Error(`no ${kind} in ${build}: npm run packages`);
  for (const name of names) copyFileSync(join(build, name), join(folder, name));
}

function sign(key, words) {
  run('gpg', ['--batch', '--yes', '--local-user', key, '--digest-algo', 'SHA256', ...words]);
}

function run(file, words, cwd) {
  return execFileSync(file, words, { cwd, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 27 });
}
