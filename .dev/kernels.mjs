// Fetches real kernels, Debian's for clouds, into .cache/kernels/: those on both sides of each visible change in
// connection
// tracking, if the mirror has them. test/kernels boots them.
//   npm run kernels                    fetches and boots those that the gate boots; builds the executables first
//   npm run kernels -- 6.1 newest      these; also 6.1-no-procfs, 6.1-arm64, and any series that a suite has
//   npm run kernels -- all             each series that a suite has
//   npm run kernels -- fetch [NAME...] fetches only

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromDebian } from './debian.mjs';
import { userland } from './foreign-userland.mjs';
import { modulesIn, pack } from './kernel-archive.mjs';
import { withoutProcfs } from './kernel-module.mjs';
import { top } from './top.mjs';

const BACKPORTS = 'trixie-backports';
/** By directory name. The series equals the name unless given; `newest` comes from the first suite that answers. */
const WANTED = [
  { name: '5.10', suites: ['bullseye'] },
  // 5.15 brought chainlength, 5.19 the object of 256 bytes: the oldest available kernel after both.
  { name: '6.1-no-procfs', series: '6.1', suites: ['bookworm'], own: withoutProcfs },
  { name: '6.1-arm64', series: '6.1', suites: ['bookworm'], architecture: 'arm64' },
  { name: '6.12', suites: ['trixie'] },
  // The two sides of the change that refuses a limit of 0.
  { name: '6.18', suites: [BACKPORTS] },
  { name: '6.19', suites: [BACKPORTS] },
  { name: 'newest', series: undefined, suites: [BACKPORTS, 'experimental', 'sid', 'forky'] },
].map((kernel) => ({ architecture: 'amd64', series: kernel.name, ...kernel }));
const SUITES = [...new Set(WANTED.flatMap(({ suites }) => suites))];
const FEWEST = 4;
const cache = join(top, '.cache/kernels');
const given = process.argv.slice(2);
const onlyFetches = given[0] === 'fetch';
const names = onlyFetches ? given.slice(1) : given;
const isAll = names.includes('all');

/** Reasons for kernels that could not be fetched, by attempt. */
const why = new Map();

const folderOf = ({ name }) => join(cache, name);
const isHere = (kernel) => existsSync(folderOf(kernel));

function fetchAll() {
  mkdirSync(cache, { recursive: true });
  const listed = WANTED.filter(({ name }) => isAll || names.length === 0 || names.includes(name));
  const others = names.filter((name) => /^\d/.test(name) && !WANTED.some((kernel) => kernel.name === name));
  const wanted = [...listed, ...others.map((name) => ({ ...seriesOnly(name), suites: SUITES }))];
  const places = wanted.flatMap(({ suites, architecture }) => suites.map((suite) => `${suite} ${architecture}`));
  for (const place of new Set(places)) fetchFrom(...place.split(' '), wanted);
  for (const kernel of wanted) {
    // Printed in the table of the run.
    const reasons = kernel.suites.map(
      (suite) => why.get(`${kernel.name} of ${suite}`) ?? why.get(suite) ?? `not of ${suite}`,
    );
    const note = `${folderOf(kernel)}.missing`;
    rmSync(note, { force: true });
    if (!isHere(kernel)) writeFileSync(note, reasons.join('; '));
  }
  if (names.length > 0 || wanted.filter(isHere).length >= FEWEST) return;
  throw new Error(`kernels: fewer than ${FEWEST} could be had`);
}

function fetchFrom(suite, architecture, wanted) {
  const isFrom = (kernel) => kernel.architecture === architecture && kernel.suites.includes(suite);
  const missing = wanted.filter((kernel) => isFrom(kernel) && !isHere(kernel));
  if (missing.length === 0 && !isAll) return;
  attempt(suite, () => {
    fromDebian({ suite, settings: settingsFor(architecture) }, (apt, scratch) => {
      const releases = releasesIn(apt, architecture);
      const extra = isAll && architecture === 'amd64' ? everySeries(releases) : [];
      for (const kernel of [...missing, ...extra].filter((each) => !isHere(each)))
        attempt(`${kernel.name} of ${suite}`, () => fetchOne(apt, scratch, releases, kernel));
    });
  });
}

function settingsFor(architecture) {
  if (architecture === 'amd64') return {};
  return { 'APT::Architecture': architecture, 'APT::Architectures': architecture, 'Dir::State::status': '/dev/null' };
}

/** Reports a kernel that cannot be fetched, and continues with the others. */
function attempt(label, fetch) {
  try {
    fetch();
  } catch (error) {
    const reason = `${label}: ${(error.stderr || error.message).trim().split('\n').pop()}`;
    why.set(label, reason);
    console.error(`kernels: ${reason}`);
  }
}

function releasesIn(apt, architecture) {
  const packages = apt('apt-cache', 'pkgnames', 'linux-image-').split('\n');
  const pattern = new RegExp(`^linux-image-(\\d.*-cloud-${architecture})$`);
  return packages.flatMap((name) => pattern.exec(name)?.[1] ?? []).sort(byVersion);
}

function byVersion(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

function seriesOf(release) {
  return /^\d+\.\d+/.exec(release)[0];
}

function everySeries(releases) {
  return [...new Set(releases.map(seriesOf))].map(seriesOnly);
}

function seriesOnly(series) {
  return { name: series, series, architecture: 'amd64' };
}

// The index may still list the image of a release whose modules are gone: then use the previous release.
function fetchOne(apt, scratch, releases, kernel) {
  const ofSeries = releases.filter((name) => kernel.series === undefined || seriesOf(name) === kernel.series);
  const release = ofSeries.reverse().find((name) => unpacked(apt, scratch, name));
  if (release === undefined) throw new Error('no kernel for clouds with all of its packages');
  const root = join(scratch, 'root');
  const instead = kernel.own?.(apt, scratch, root, release);
  const unfinished = `${folderOf(kernel)}.unfinished`;
  pack(root, release, unfinished, instead);
  if (kernel.architecture !== 'amd64') userland(apt, scratch, join(unfinished, 'userland'));
  renameSync(unfinished, folderOf(kernel));
  console.log(`kernels: ${kernel.name} is ${release}`);
}

/**
 * True if all packages of the release are available; they are then unpacked in the directory `root` of the scratch
 * directory.
 */
function unpacked(apt, scratch, release) {
  const root = join(scratch, 'root');
  rmSync(root, { recursive: true, force: true });
  for (const file of packageFiles(apt, scratch, release)) execFileSync('dpkg-deb', ['-x', file, root]);
  return modulesIn(root, release) !== undefined;
}

// Since 7.1 the package is split in four: linux-image depends on linux-binary, -modules and -base of its version.
function packageFiles(apt, scratch, release) {
  const all = ['image', 'binary', 'modules', 'base'].map((part) => `linux-${part}-${release}`);
  const available = new Set(apt('apt-cache', 'pkgnames', 'linux-').split('\n'));
  const parts = all.filter((name) => available.has(name));
  apt('apt-get', 'download', ...parts);
  const isOfIt = (file) => parts.some((name) => file.startsWith(`${name}_`));
  return readdirSync(scratch)
    .filter(isOfIt)
    .map((file) => join(scratch, file));
}

function bootThem() {
  const env = { ...process.env, CHECK_CONNTRACK_KERNELS: isAll || names.length === 0 ? '1' : names.join(',') };
  const run = (...words) => {
    const { status } = spawnSync(words[0], words.slice(1), { cwd: top, env, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  };
  run('npm', 'run', '-s', 'build');
  run('npm', 'run', '-s', 'standalone');
  run('npm', 'run', '-s', 'standalone', '--', '--arch', 'arm64');
  run('npx', 'vitest', 'run', '--config', 'test/vitest.config.mts', '--project', 'kernels');
}

fetchAll();
if (!onlyFetches) bootThem();
