// Makes real roots of Debian releases in .cache/roots/ with mmdebstrap(1); test/packages installs the packages into copies
// of them. Existing roots are kept. Without arguments it makes those that the gate needs; `roots.mjs forky` adds another
// one, which is tested too while it exists.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirror } from './debian.mjs';
import { top } from './top.mjs';

const DAEMONS = ['icinga2-bin', 'icinga2-common', 'munin-node', 'nagios-nrpe-plugin', 'nagios-nrpe-server'];
const EXTRA = { bookworm: DAEMONS };
// Ansible's modules are Python, and the sudo form needs the other two.
const EACH = ['man-db', 'python3-apt', 'sudo', 'conntrack'];
const USUAL = ['bullseye', 'bookworm', 'trixie'];
// Ten thousand small files are put together in memory, of which nothing is left, whatever happens.
const IN_MEMORY = 'mount -t tmpfs -o mode=1777 none "$0" && TMPDIR=$0 exec mmdebstrap "$@"';
const cache = join(top, '.cache/roots');

mkdirSync(cache, { recursive: true });
const wanted = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
const lacking = wanted.filter((suite) => !makeRoot(suite));
if (lacking.length > 0) process.exitCode = 1;

/** Returns true if the root exists now. */
function makeRoot(suite) {
  const file = join(cache, `${suite}.tar.zst`);
  if (existsSync(file)) return true;
  const memory = mkdtempSync(join(tmpdir(), 'check_conntrack-memory-'));
  try {
    const unfinished = join(cache, `unfinished-${process.pid}.tar.zst`);
    execFileSync('unshare', ['--mount', 'sh', '-c', IN_MEMORY, memory, ...words(suite, unfinished)], { stdio: 'pipe' });
    renameSync(unfinished, file);
    console.log(`roots: ${suite}`);
    return true;
  } catch (error) {
    console.error(`roots: none of ${suite}: ${(error.stderr?.toString() || error.message).trim().split('\n').pop()}`);
    return false;
  } finally {
    rmdirSync(memory);
  }
}

function words(suite, file) {
  const { uri, keyring } = mirror('a Debian machine');
  const signed = keyring === undefined ? [] : [`--keyring=${keyring}`];
  const include = `--include=${[...EACH, ...(EXTRA[suite] ?? [])].join(',')}`;
  return ['--variant=minbase', '--mode=root', '--components=main', include, ...signed, suite, file, uri];
}
