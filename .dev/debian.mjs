// Packages from Debian, through apt, which checks signatures. Uses its own package lists, so that the machine's apt is
// unchanged.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Calls `use` with a function that runs apt's programs for that suite, and the scratch directory that they run in.
 * `otherwise` is a hint for machines whose apt has no Debian sources.
 */
export function fromDebian({ type = 'deb', suite, settings = {}, otherwise = 'a Debian machine' }, use) {
  const { uri, key } = mirror(otherwise);
  const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-apt-'));
  chmodSync(scratch, 0o755); // apt reads it as a separate user
  for (const name of ['parts', 'lists/partial', 'archives/partial'])
    mkdirSync(join(scratch, name), { recursive: true });
  const entry = [`Types: ${type}`, `URIs: ${uri}`, `Suites: ${suite}`, 'Components: main', ...key];
  writeFileSync(join(scratch, 'parts/own.sources'), `${entry.join('\n')}\n`);
  const places = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': join(scratch, 'parts'),
    'Dir::State::Lists': join(scratch, 'lists'),
    'Dir::Cache::archives': join(scratch, 'archives'),
    'Dir::Cache::pkgcache': join(scratch, 'pkgcache.bin'),
    'Dir::Cache::srcpkgcache': '',
  };
  const given = Object.entries({ ...places, ...settings }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const run = { cwd: scratch, stdio: 'pipe', encoding: 'utf8', maxBuffer: 1 << 28 };
  const apt = (program, ...words) => execFileSync(program, [...given, ...words], run);
  try {
    apt('apt-get', 'update');
    return use(apt, scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Returns the codename of the running Debian. */
export function codename() {
  return osRelease('VERSION_CODENAME');
}

/** Returns this machine's Debian mirror and signing key. apt itself parses its files, old and new formats. */
export function mirror(otherwise) {
  const format = ['--format', '$(RELEASE) $(REPO_URI) $(SOURCESENTRY)', 'Created-By: Packages', 'Component: main'];
  const targets =
    osRelease('ID') === 'debian' ? execFileSync('apt-get', ['indextargets', '--no-release-info', ...format]) : '';
  const mirrors = String(targets)
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([suite]) => suite === codename());
  const [, uri, entry] = mirrors.find(([, place]) => /\bdebian\/?$/.test(place)) ?? mirrors[0] ?? [];
  if (uri === undefined) throw new Error(`apt knows no Debian mirror here: needs ${otherwise}`);
  const [, keyring] = /signed-by[:=]\s*(\/[^\s\]]+)/i.exec(readFileSync(entry.replace(/:\d+$/, ''), 'utf8')) ?? [];
  return { uri, keyring, key: keyring === undefined ? [] : [`Signed-By: ${keyring}`] };
}

function osRelease(name) {
  return new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
}
