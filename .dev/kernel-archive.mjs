// What a kernel is booted with: of a package of Debian's, unpacked, the kernel and an initramfs of the modules that
// connection tracking needs.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const MODULES = ['nf_conntrack', 'nf_conntrack_netlink', 'nf_tables', 'nft_ct', 'nft_chain_nat', 'nft_nat'];

/** Fills the folder from the tree `root` of the release; `instead` are modules of our own, by name. */
export function pack(root, release, folder, instead = {}) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const modules = modulesIn(root, release);
  const kernel = [join(root, 'boot', `vmlinuz-${release}`), join(modules, 'vmlinuz')].find(existsSync);
  renameSync(kernel, join(folder, 'vmlinuz'));
  writeFileSync(join(folder, 'release'), release);
  const tree = mkdtempSync(join(tmpdir(), 'check_conntrack-modules-'));
  const target = join(tree, 'lib/modules', release);
  mkdirSync(target, { recursive: true });
  const found = needed(modules);
  for (const [name, { file, bytes }] of found) writeFileSync(join(target, file), instead[name] ?? bytes);
  const lines = Array.from(found.values(), ({ file, all }) => {
    return `${file}: ${all.map((name) => found.get(name).file).join(' ')}\n`;
  });
  writeFileSync(join(target, 'modules.dep'), lines.join(''));
  archive(tree, join(folder, 'modules.cpio'));
  rmSync(tree, { recursive: true });
}

export function modulesIn(root, release) {
  return ['usr/lib/modules', 'lib/modules'].map((path) => join(root, path, release)).find(existsSync);
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
