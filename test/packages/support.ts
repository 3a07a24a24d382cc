// The built packages, and roots to install them into: each a copy of its own, in namespaces of its own, that goes when the
// tests are over.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { version } from '../../package.json';

export const TOP = resolve(__dirname, '../..');
export const BUILD = join(TOP, 'build');
const ROOTS = join(TOP, '.cache/roots');

export const DEB = join(BUILD, `check-conntrack_${version}_amd64.deb`);
export const RPM = join(BUILD, `check-conntrack-${version}-1.x86_64.rpm`);
export const TARBALL = join(BUILD, `check-conntrack_${version}_linux-x64.tar.gz`);
export const IMAGE = join(BUILD, `check-conntrack_${version}_linux-x64.oci.tar`);

/** The same for the other architecture. */
export function forArm(path: string): string {
  return path.replace('amd64', 'arm64').replace('x86_64', 'aarch64').replace('x64', 'arm64');
}

/** The Debian releases whose roots could be had. */
export const SUITES = existsSync(ROOTS)
  ? readdirSync(ROOTS).flatMap((name) => /^(\w+)\.tar\.zst$/.exec(name)?.[1] ?? [])
  : [];

export interface Folder {
  readonly path: string;
  readonly remove: () => void;
}

// Ten thousand small files: in memory where there is some, which takes a tenth of the time.
const MEMORY = '/dev/shm';
const ENOUGH = 2 ** 31;

function roomy(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > ENOUGH ? MEMORY : tmpdir();
}

export function folder(): Folder {
  const path = mkdtempSync(join(roomy(), 'check_conntrack-root-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A copy of a release's root. Its /dev comes when something runs in it. */
export function rootOf(suite: string): Folder {
  const root = folder();
  run('tar', '--zstd', '-xf', join(ROOTS, `${suite}.tar.zst`), '-C', root.path, '--exclude=./dev/*');
  return root;
}

export function run(file: string, ...args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28, timeout: 290_000 });
}

// A table of its own, which the kernel keeps where something asks for the state of connections; whatever is started in
// there ends with the shell.
const ENTER = `
ip link set lo up
nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new accept'
mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
exec chroot "$1" /bin/sh -ec "$2"`;

/** Returns the output of a script that runs in a root as its process 1; throws if it fails. */
export function inRoot(root: string, script: string): string {
  for (const name of ['proc', 'dev']) mkdirSync(join(root, name), { recursive: true });
  const own = ['--mount', '--pid', '--net', '--fork', '--kill-child'];
  return run('unshare', ...own, 'sh', '-c', ENTER, 'sh', root, script);
}

/** Every file of a root with what it is, but what changes by itself and a package manager's books. */
export function listing(root: string): readonly string[] {
  const skipped = ['proc', 'dev', 'tmp', 'run', 'var/cache', 'var/log', 'var/lib/dpkg', 'var/lib/apt', 'var/lib/rpm'];
  const prune = skipped.flatMap((name) => ['-path', join(root, name), '-o']).slice(0, -1);
  const printed = ['(', '-type', 'd', '-printf', '/%P %M %u\\n', ')', '-o', '-printf', '/%P %M %u %s %T@ %l\\n'];
  const lines = run('find', root, '(', ...prune, ')', '-prune', '-o', ...printed).trimEnd();
  return lines.split('\n').sort();
}

export function paths(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/ .*/, ''));
}

export function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}
