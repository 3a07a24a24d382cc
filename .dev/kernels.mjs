// Fetches real kernels, Debian's for clouds, one of each series that the mirror has, into .cache/kernels/: the kernel and
// an initramfs with the modules that connection tracking needs. test/kernels boots them.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromDebian } from './debian.mjs';
import { top } from './parts.mjs';

/** Where each series is; of the newest the first suite that has it. */
const SUITES = [['bullseye'], ['bookworm'], ['trixie'], ['sid', 'forky', 'trixie-backports']];
const FEWEST = 4;
const MODULES = ['nf_conntrack', 'nf_conntrack_netlink', 'nf_tables', 'nft_ct', 'nft_chain_nat', 'nft_nat'];
const cache = join(top, '.cache/kernels');

function fetchAll() {
  mkdirSync(cache, { recursive: true });
  const had = SUITES.filter((suites) => suites.some(fetchKernel));
  if (had.length >= FEWEST) return;
  console.error(`kernels: only ${had.length} could be had`);
  process.exitCode = 1;
}

/** Whether it is here now. */
function fetchKernel(suite) {
  const folder = join(cache, suite);
  if (existsSync(folder)) return true;
  try {
    fromDebian({ suite }, (apt, scratch) => unpack(apt, scratch, folder));
    console.log(`kernels: ${readFileSync(join(folder, 'release'), 'utf8')} of ${suite}`);
    return true;
  } catch (error) {
    console.error(`kernels: none of ${suite}: ${(error.stderr || error.message).trim().split('\n').pop()}`);
    return false;
  }
}

// What was one package is four since 7.1: linux-image needs linux-binary, -modules and -base of its version.
function unpack(apt, scratch, folder) {
  const names = apt('apt-cache', 'pkgnames', 'linux-image-').split('\n');
  const releases = names.flatMap((name) => /^linux-image-(\d.*-cloud-amd64)$/.exec(name)?.[1] ?? []);
  const release = releases.sort(byVersion).pop();
  if (release === undefined) throw new Error('no kernel for clouds');
  const all = ['image', 'binary', 'modules', 'base'].map((part) => `linux-${part}-${release}`);
  const known = new Set(apt('apt-cache', 'pkgnames', 'linux-').split('\n'));
  apt('apt-get', 'download', ...all.filter((name) => known.has(name)));
  for (const file of readdirSync(scratch).filter((name) => name.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', join(scratch, file), join(scratch, 'root')]);
  pack(join(scratch, 'root'), release, `${folder}.unfinished`);
  renameSync(`${folder}.unfinished`, folder);
}

function byVersion(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

function pack(root, release, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const modules = ['usr/lib/modules', 'lib/modules'].map((path) => join(root, path, release)).find(existsSync);
  const kernel = [join(root, 'boot', `vmlinuz-${release}`), join(modules, 'vmlinuz')].find(existsSync);
  renameSync(kernel, join(folder, 'vmlinuz'));
  writeFileSync(join(folder, 'release'), release);
  const tree = mkdtempSync(join(tmpdir(), 'check_conntrack-modules-'));
  const target = join(tree, 'lib/modules', release);
  mkdirSync(target, { recursive: true });
  const found = needed(modules);
  for (const { file, bytes } of found.values()) writeFileSync(join(target, file), bytes);
  const lines = Array.from(found.values(), ({ file, all }) => {
    return `${file}: ${all.map((name) => found.get(name).file).join(' ')}\n`;
  });
  writeFileSync(join(target, 'modules.dep'), lines.join(''));
  archive(tree, join(folder, 'modules.cpio'));
  rmSync(tree, { recursive: true });
}

/** The modules that are not built in, by name, with those that they depend on: each names them, as modinfo(8) tells. */
function needed(modules) {
  const listed = execFileSync('find', [modules, '-name', '*.ko*'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const paths = new Map(listed.split('\n').map((path) => [moduleName(path), path]));
  const found = new Map();
  const waiting = MODULES.filter((name) => paths.has(name));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const bytes = unpacked(paths.get(name));
    const [, depends = ''] = /\0depends=([^\0]*)/.exec(bytes.toString('latin1')) ?? [];
    const needs = depends.split(',').filter(Boolean).map(moduleName);
    found.set(name, { file: `${name}.ko`, bytes, needs });
    waiting.push(...needs);
  }
  // modprobe(8) loads what a line names, from its end on.
  for (const one of found.values())
    one.all = one.needs.reduce((order, name) => inOrder(name, found, order), []).reverse();
  return found;
}

/** Each behind what it needs. */
function inOrder(name, found, order) {
  if (order.includes(name)) return order;
  const before = found.get(name).needs.reduce((so, other) => inOrder(other, found, so), order);
  return [...before, name];
}

function moduleName(path) {
  return basename(path)
    .replace(/\.ko.*$/, '')
    .replace(/-/g, '_');
}

const UNPACK = { xz: ['xz', '-dc'], zst: ['zstd', '-dc'], gz: ['gzip', '-dc'], ko: ['cat'] };

function unpacked(file) {
  const [program, ...args] = UNPACK[file.split('.').pop()];
  return execFileSync(program, [...args, file], { maxBuffer: 1 << 28 });
}

/** An initramfs, to be put behind another one. */
export function archive(tree, file) {
  // Its root is the machine's, which everybody may enter.
  chmodSync(tree, 0o755);
  mkdirSync(dirname(file), { recursive: true });
  execFileSync('sh', ['-c', 'cd "$1" && find . | cpio -o -H newc --quiet >"$2"', 'sh', tree, file]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) fetchAll();
