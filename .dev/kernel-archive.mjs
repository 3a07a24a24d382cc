// The boot files of an unpacked Debian kernel package: the kernel, and an initramfs with the modules that connection
// tracking needs.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const MODULES = ['nf_conntrack', 'nf_conntrack_netlink', 'nf_tables', 'nft_ct', 'nft_chain_nat', 'nft_nat'];

/** Fills the directory from the tree `root` of the release; `instead` holds replacement modules, by name. */
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
  const byName = needed(modules);
  for (const [name, { file, bytes }] of byName) writeFileSync(join(target, file), instead[name] ?? bytes);
  const lines = Array.from(byName.values(), ({ file, all }) => {
    return `${file}: ${all.map((name) => byName.get(name).file).join(' ')}\n`;
  });
  writeFileSync(join(target, 'modules.dep'), lines.join(''));
  archive(tree, join(folder, 'modules.cpio'));
  rmSync(tree, { recursive: true });
}

export function modulesIn(root, release) {
  return ['usr/lib/modules', 'lib/modules'].map((path) => join(root, path, release)).find(existsSync);
}

/** Returns the modules that are not built in, by name, including their dependencies as modinfo(8) lists them. */
function needed(modules) {
  const listed = execFileSync('find', [modules, '-name', '*.ko*'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const paths = new Map(listed.split('\n').map((path) => [moduleName(path), path]));
  const byName = new Map();
  const waiting = MODULES.filter((name) => paths.has(name));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (byName.has(name)) continue;
    const bytes = unpacked(paths.get(name));
    const [, depends = ''] = /\0depends=([^\0]*)/.exec(bytes.toString('latin1')) ?? [];
    const needs = depends.split(',').filter(Boolean).map(moduleName);
    byName.set(name, { file: `${name}.ko`, bytes, needs });
    waiting.push(...needs);
  }
  // modprobe(8) loads the modules of a line from its end.
  for (const module of byName.values())
    module.all = module.needs.reduce((order, name) => inOrder(name, byName, order), []).reverse();
  return byName;
}

/** Orders each module after its dependencies. */
function inOrder(name, byName, order) {
  if (order.includes(name)) return order;
  const before = byName.get(name).needs.reduce((so, other) => inOrder(other, byName, so), order);
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

/** Writes an initramfs, to be appended to another one. */
export function archive(tree, file) {
  // It becomes the machine's root directory, which every user may enter.
  chmodSync(tree, 0o755);
  mkdirSync(dirname(file), { recursive: true });
  execFileSync('sh', ['-c', 'cd "$1" && find . | cpio -o -H newc --quiet >"$2"', 'sh', tree, file]);
}
