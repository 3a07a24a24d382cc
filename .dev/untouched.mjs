// Runs a command: `untouched.mjs npm cit`. Fails if any process below it tried to change the machine, or to write a
// file that is neither the project's nor temporary. Uses strace(1), which sees every process.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { top } from './top.mjs';

const OPENING = ['open', 'openat', 'openat2', 'creat'];
const CHANGING = [
  'rename',
  'renameat',
  'renameat2',
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'link',
  'linkat',
];
CHANGING.push(
  'symlink',
  'symlinkat',
  'mknod',
  'mknodat',
  'truncate',
  'chmod',
  'fchmodat',
  'chown',
  'lchown',
  'fchownat',
);
const OF_THE_MACHINE = ['mount', 'umount2', 'unshare', 'setns', 'sethostname', 'init_module', 'finit_module'];
OF_THE_MACHINE.push('delete_module', 'settimeofday', 'clock_settime', 'swapon', 'reboot', 'bpf');
const WRITES = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND/;

const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-untouched-'));
const log = join(scratch, 'calls');
// npm has a log and a cache of its own, and queries its terminal.
const npmCache = execFileSync('npm', ['config', 'get', 'cache', '--silent'], { encoding: 'utf8' }).trim();
const ownFolders = [top, tmpdir(), npmCache].map((folder) => `${folder}/`);
const ownDevices = /^\/dev\/(null|tty|full|pts\/\d+)$|^\/proc\/(self|thread-self|\d+)\//;

const calls = [...OPENING, ...CHANGING, ...OF_THE_MACHINE, 'chdir', 'fchdir'].join(',');
/** The directory that each process has changed to: mkdir -p makes one name after the other. */
const workingDirectories = new Map();
const options = ['-f', '--seccomp-bpf', '-qqq', '-y', '-s', '4096', '-e', 'signal=none', '-e', `trace=${calls}`];
const { status } = spawnSync('strace', [...options, '-o', log, ...process.argv.slice(2)], { stdio: 'inherit' });
const lines = readFileSync(log, 'latin1').split('\n');
const complaints = new Set(lines.map(complaint).filter(Boolean));
rmSync(scratch, { recursive: true });
for (const line of [...complaints].slice(0, 20)) console.error(`untouched: ${line}`);
console.error(`untouched: ${lines.length} calls traced, ${complaints.size} of them outside the project`);
process.exitCode = status !== 0 || complaints.size > 0 || lines.length < 1000 ? 1 : 0;

/** Undefined for a call that is allowed. */
function complaint(line) {
  const [, pid, name, rest = ''] = /^(\d+) +(\w+)\((.*)/.exec(line) ?? [];
  if (name === 'chdir' || name === 'fchdir') return changeDirectory(pid, name, rest);
  const cwd = workingDirectories.get(pid) ?? '';
  if (OF_THE_MACHINE.includes(name)) return `${name}(${rest}`;
  if (OPENING.includes(name) && name !== 'creat' && !WRITES.test(rest.replace(/"(?:[^"\\]|\\.)*"/g, '')))
    return undefined;
  // The target of a link is irrelevant.
  const paths = name?.startsWith('symlink') ? pathsIn(rest, cwd).slice(1) : pathsIn(rest, cwd);
  const foreign = paths.filter((path) => !isOwn(path));
  return name !== undefined && foreign.length > 0 ? `${name}(${rest}` : undefined;
}

function changeDirectory(pid, name, rest) {
  const cwd = workingDirectories.get(pid) ?? '';
  const [to = ''] = name === 'chdir' ? pathsIn(rest, cwd) : [/<([^>]*)>/.exec(rest)?.[1]];
  if (!rest.includes(' = -1 ')) workingDirectories.set(pid, to);
  return undefined;
}

/** `AT_FDCWD</cwd>, "name"`, `3</folder>, "name"`, or a name alone. */
function pathsIn(text, cwd) {
  const names = text.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"/g);
  return Array.from(names, ([, folder = cwd, name]) => (name.startsWith('/') ? name : join(folder, name)));
}

function isOwn(path) {
  return ownDevices.test(path) || ownFolders.some((folder) => `${path}/`.startsWith(folder));
}
