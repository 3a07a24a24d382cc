// Builds what is installed, of both architectures' standalone executables: .deb, .rpm, .tar.gz, an image for containers,
// and the bills of materials, into build/, with SHA256SUMS. `--arch x64` builds those of one. The same commit makes the
// same bytes: all dates are SOURCE_DATE_EPOCH, or the commit's.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { billOfMaterials } from './packages/bill.mjs';
import { releases } from './packages/changelog.mjs';
import { copyright } from './packages/copyright.mjs';
import { debian } from './packages/deb.mjs';
import { missingTools } from './packages/files.mjs';
import { image } from './packages/image.mjs';
import { origin } from './packages/origin.mjs';
import { redHat } from './packages/rpm.mjs';
import { archive } from './packages/tarball.mjs';
import { top } from './top.mjs';

const ARCHITECTURES = ['x64', 'arm64'];
const OURS = /^check-conntrack[_-]|^SHA256SUMS$/;
const build = join(top, 'build');
// Every user must be able to read and run the result, whatever the umask.
process.umask(0o022);
const lasting = { version: versionOfAll(), epoch: epoch(), output: build, ...origin() };

try {
  const missing = missingTools();
  if (missing !== '') throw new Error(`this machine lacks ${missing}`);
  packages(wantedArchitectures());
  console.log(`packages: in ${build}\n${readFileSync(join(build, 'SHA256SUMS'), 'utf8').replace(/^\w+ {2}/gm, '  ')}`);
} catch (error) {
  console.error(`packages: ${error.stderr?.toString().trim() || error.message}`);
  process.exitCode = 1;
}

function wantedArchitectures() {
  const { arch } = parseArgs({ options: { arch: { type: 'string' } } }).values;
  if (arch === undefined) return ARCHITECTURES;
  if (!ARCHITECTURES.includes(arch)) throw new Error(`--arch is one of ${ARCHITECTURES.join(', ')}`);
  return [arch];
}

function packages(architectures) {
  mkdirSync(build, { recursive: true });
  for (const old of readdirSync(build).filter((name) => OURS.test(name))) rmSync(join(build, old));
  for (const arch of architectures) {
    execFileSync(process.execPath, [join(top, '.dev/standalone.mjs'), '--arch', arch], { stdio: 'inherit' });
    packagesOf(arch);
  }
  writeSums();
}

function packagesOf(arch) {
  const work = mkdtempSync(join(tmpdir(), 'check_conntrack-packages-'));
  try {
    const parts = JSON.parse(readFileSync(join(build, `linux-${arch}/parts.json`), 'utf8'));
    const about = { ...lasting, arch, parts, work };
    const bill = join(build, `check-conntrack_${about.version}_linux-${arch}.cdx.json`);
    writeFileSync(bill, billOfMaterials(about));
    writeFileSync(join(work, 'copyright'), copyright(about));
    for (const make of [debian, redHat, archive, image]) make({ ...about, bill });
  } finally {
    rmSync(work, { recursive: true });
  }
}

function writeSums() {
  const names = readdirSync(build).filter((name) => OURS.test(name));
  const sum = (name) =>
    createHash('sha256')
      .update(readFileSync(join(build, name)))
      .digest('hex');
  writeFileSync(
    join(build, 'SHA256SUMS'),
    names
      .sort()
      .map((name) => `${sum(name)}  ${name}\n`)
      .join(''),
  );
}

/** Returns the version, which package.json and the changelog must agree on. */
function versionOfAll() {
  const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
  const [newest] = releases();
  if (newest.version !== version)
    throw new Error(`package.json is version ${version}, but the changelog ends with ${newest.version}`);
  return version;
}

/** Returns seconds since 1970; outside a clone, the changelog's date. */
function epoch() {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given) return Number(given);
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: top, encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    return releases()[0].date.getTime() / 1000;
  }
}
