// A fixture as a live machine: the tree is the root of a process in its own mount namespace. Its /proc has the kernel's
// files for each process. This machine's files and tools are hidden.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fixture, NODE, PLUGIN, RUN, RUNS_ON_NODE, TOP } from '../../e2e/support/plugin.ts';
import { tree } from '../../e2e/support/tree.ts';
import { run } from '../../standalone/support.ts';

export interface Mounted {
  readonly root: string;
  /** Runs the plugin there; returns output and exit code. `env` is the whole environment. */
  readonly live: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<string>;
  /** Runs the plugin with `--root` on the same files, with the same paths. */
  readonly captured: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<string>;
}

/** The real /proc, for /proc/self/fd, which a tree cannot have. */
const REAL = '/real';
const AUXV = join(TOP, fixture('linux-6.18-capture'), 'proc/self/auxv');
const BOOT = '01234567-89ab-cdef-0123-456789abcdef\n';
const MOUNTS = '22 1 0:3 / /proc rw,relatime - proc proc rw\n';
/** Its flags include PF_KTHREAD. */
const KTHREADD = 'S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0\n';

/** The files that Node needs to start, one by one, so that the tree keeps its own /lib/sysctl.d. */
const engine = RUNS_ON_NODE ? [NODE, ...librariesOf(NODE)] : [];
const SCRIPT = [
  'mount --make-rprivate /',
  `mount --rbind /proc "$0${REAL}"`,
  ...engine.map((file) => `mount --bind '${file}' "$0${file}"`),
  'exec chroot "$0" "$@"',
].join(' && ');

export function mounted(name: string): Mounted {
  const root = tree(name);
  complete(root, name);
  for (const folder of [REAL, '/state']) mkdirSync(join(root, folder));
  // A file that the tree lacks is missing on the machine too.
  write(join(root, 'captured'), '');
  for (const file of engine) write(join(root, file), '');
  copyFileSync(PLUGIN, join(root, 'plugin'));
  const line = RUNS_ON_NODE ? [NODE, '/plugin'] : ['/plugin'];
  const outputOf = async (words: readonly string[], env: NodeJS.ProcessEnv) => {
    const { status, stdout, stderr } = await run(['/usr/bin/env', '-i', ...pairs(env), ...words]);
    return `${stdout}${stderr}exit ${status}\n`;
  };
  return {
    root,
    live: (args, env = {}) =>
      outputOf(['/usr/bin/unshare', '-m', '/bin/sh', '-c', SCRIPT, root, ...line, ...args], env),
    captured: async (args, env = {}) => {
      const inTree = args.map((arg) => (arg === '/state' ? join(root, arg) : arg));
      return (await outputOf([...RUN, ...inTree, '--root', root], env)).split(root).join('');
    },
  };
}

function pairs(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.entries({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env }).map(([name, value]) => `${name}=${value}`);
}

function librariesOf(program: string): readonly string[] {
  return execFileSync('ldd', [program], { encoding: 'latin1' }).match(/\/[^ ]+/g) ?? [];
}

// Adds files that every kernel has but that these trees lack.
function complete(root: string, name: string): void {
  const proc = join(root, 'proc');
  const missing = { 'sys/kernel/random/boot_id': BOOT, uptime: '1000.00 1.00\n', 'self/auxv': readFileSync(AUXV) };
  for (const [path, content] of Object.entries(missing))
    if (!existsSync(join(proc, path))) write(join(proc, path), content);
  const release = readFileSync(join(proc, 'sys/kernel/osrelease'), 'latin1');
  if (/^2\.(?:4|6\.18)\b/.test(release)) symlinkSync(`${REAL}/self/fd`, join(proc, 'self/fd'));
  else perProcess(proc, name);
}

// Since 2.6.25 /proc/net is per process.
function perProcess(proc: string, name: string): void {
  for (const [from, to] of [
    ['self', '1'],
    ['net', '1/net'],
  ] as const) {
    mkdirSync(join(proc, to), { recursive: true });
    if (existsSync(join(proc, from))) cpSync(join(proc, from), join(proc, to), { recursive: true });
    rmSync(join(proc, from), { recursive: true, force: true });
  }
  mkdirSync(join(proc, '1/net/stat'), { recursive: true });
  symlinkSync('1', join(proc, 'self'));
  symlinkSync('self/net', join(proc, 'net'));
  symlinkSync(`${REAL}/self/fd`, join(proc, '1/fd'));
  if (!existsSync(join(proc, '1/mountinfo'))) write(join(proc, '1/mountinfo'), MOUNTS);
  // One tree was captured outside the initial namespace, in which the kernel's threads are.
  if (existsSync(join(proc, 'sys/net/nf_conntrack_max'))) {
    write(join(proc, '2/stat'), `2 (${name.startsWith('openvz') ? 'kthreadd/101' : 'kthreadd'}) ${KTHREADD}`);
    symlinkSync('../1/net', join(proc, '2/net'));
  }
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
