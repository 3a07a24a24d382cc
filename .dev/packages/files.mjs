// The contents of a package and their destinations: one table for every kind of package. Each file in the table must
// exist.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { top } from '../top.mjs';
import { changelog } from './changelog.mjs';

const OWN = '/usr/share/check-conntrack';
const DOC = '/usr/share/doc/check-conntrack';
const EXAMPLES = `${DOC}/examples`;
const EXAMPLE_FILES = ['check_conntrack.cfg', 'icinga2-service-conntrack.conf', 'nrpe_check_conntrack.cfg'];
EXAMPLE_FILES.push('sudoers-check_conntrack');
const OWN_FILES = ['check_conntrack.schema.json', 'prometheus/check_conntrack.rules.yml'];
OWN_FILES.push(
  'grafana/check_conntrack.json',
  'icinga-director/conntrack.json',
  ...below('ansible'),
  ...below('kubernetes'),
);

/** The differences between the two families. */
export const FAMILIES = {
  debian: {
    plugins: '/usr/lib/nagios/plugins',
    zsh: '/usr/share/zsh/vendor-completions',
    licence: `${DOC}/copyright`,
    // /usr/sbin is not on the PATH of Debian's users.
    links: ['/usr/sbin', '/usr/bin'],
    users: 'nagios',
    state: '/var/lib/nagios',
  },
  redHat: {
    plugins: '/usr/lib64/nagios/plugins',
    zsh: '/usr/share/zsh/site-functions',
    licence: '/usr/share/licenses/check-conntrack/LICENSES',
    links: ['/usr/sbin'],
    users: 'nrpe, nagios, icinga',
    state: '/var/lib/nrpe',
  },
};

// A file that a daemon would read without further action, and that changes what it does, is installed as an example:
// NRPE's snippets, Nagios' and Icinga's services, sudoers. Munin's plugins do nothing until they are linked, Icinga's
// library until it is included by name, systemd's units until they are enabled. Each file of nagios/ keeps its name, so
// that the comments in it stay right.
export function table({ plugins, zsh, licence }) {
  const alike = (folder, names) =>
    names.map((name) => ({ from: `nagios/${name}`, to: `${folder}/${name}`, mode: modeOf(`nagios/${name}`) }));
  return [
    { from: 'PROGRAM', to: `${plugins}/check_conntrack`, mode: 0o755 },
    { from: 'nagios/check_conntrack_host', to: `${plugins}/check_conntrack_host`, mode: 0o755 },
    { from: 'nagios/check_conntrack.8', to: '/usr/share/man/man8/check_conntrack.8.gz' },
    { from: 'nagios/completion/check_conntrack', to: '/usr/share/bash-completion/completions/check_conntrack' },
    { from: 'nagios/completion/_check_conntrack', to: `${zsh}/_check_conntrack` },
    {
      from: 'nagios/completion/check_conntrack.fish',
      to: '/usr/share/fish/vendor_completions.d/check_conntrack.fish',
    },
    { from: 'nagios/munin/conntrack', to: '/usr/share/munin/plugins/conntrack', mode: 0o755 },
    ...['service', 'timer'].map((kind) => ({
      from: `nagios/prometheus/check_conntrack.${kind}`,
      to: `/usr/lib/systemd/system/check_conntrack.${kind}`,
    })),
    ...alike('/usr/share/icinga2/include', ['icinga2-command-conntrack.conf']),
    ...alike(EXAMPLES, EXAMPLE_FILES),
    ...alike(OWN, OWN_FILES),
    { from: 'nagios/capture', to: `${OWN}/capture`, mode: 0o755 },
    { from: '.dev/packages/README', to: `${DOC}/README` },
    { from: '.github/SECURITY.md', to: `${DOC}/SECURITY.md` },
    { from: 'CHANGELOG', to: `${DOC}/changelog.gz` },
    { from: 'BILL', to: `${DOC}/check-conntrack.cdx.json` },
    { from: 'COPYRIGHT', to: licence },
  ];
}

/** Whatever the umask was when the project was cloned. */
function modeOf(path) {
  return (statSync(join(top, path)).mode & 0o100) === 0 ? 0o644 : 0o755;
}

/** The files of a folder of nagios/. */
function below(folder) {
  const entries = readdirSync(join(top, 'nagios', folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => relative(join(top, 'nagios'), path)).sort();
}

/** Puts everything where it goes below `tree`; every date is that of `epoch`. */
export function stage(family, about, tree) {
  for (const { from, to, mode = 0o644 } of table(family)) {
    const target = join(tree, to);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents(family, about, from, to));
    chmodSync(target, mode);
  }
  for (const folder of family.links) link(tree, `${folder}/check_conntrack`, `${family.plugins}/check_conntrack`);
  date(tree, about.epoch);
}

function link(tree, from, to) {
  mkdirSync(join(tree, dirname(from)), { recursive: true });
  symlinkSync(relative(dirname(from), to), join(tree, from));
}

function contents(family, about, from, to) {
  const bytes = readFileSync(sourceOf(about, from));
  // The role runs on another host than those it sets up.
  if (from === 'PROGRAM' || from.startsWith('nagios/ansible/')) return bytes;
  if (to.endsWith('.gz')) return execFileSync('gzip', ['-9nc'], { input: bytes });
  return Buffer.from(adapted(family, bytes.toString('utf8')));
}

export function sourceOf({ arch, work, bill }, from) {
  const made = {
    PROGRAM: join(top, `build/linux-${arch}/check_conntrack`),
    CHANGELOG: changelog,
    BILL: bill,
    COPYRIGHT: join(work, 'copyright'),
  };
  return made[from] ?? join(top, from);
}

/** Files for administrators are written for Debian; this adapts them. The first user is NRPE's. */
function adapted({ plugins, users, state }, text) {
  return text
    .replaceAll(`${FAMILIES.debian.plugins}/check_conntrack`, `${plugins}/check_conntrack`)
    .replaceAll(FAMILIES.debian.state, state)
    .replaceAll('install -d -o nagios ', `install -d -o ${users.split(',')[0]} `)
    .replace(/^nagios(?= ALL=)/gm, users);
}

/** Sets the date of every file, and modes that do not depend on the umask. */
export function date(folder, epoch) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) date(path, epoch);
    else lutimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
}

/** Returns every path below a directory, as `/usr/bin`, with its type, sorted. */
export function listed(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const paths = entries.map((entry) => {
    const kind = entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'file';
    return { path: `/${relative(folder, join(entry.parentPath, entry.name))}`, kind };
  });
  return paths.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Returns the missing tools, with the package of each. */
export function missingTools(needed = { 'dpkg-deb': 'dpkg', rpmbuild: 'rpm', gzip: 'gzip', tar: 'tar' }) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = Object.keys(needed).filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  return missing.map((tool) => `${tool} (apt-get install ${needed[tool]})`).join(', ');
}
