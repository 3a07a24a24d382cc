// Real tools over generated trees. The running machine is not changed: each tool has its own root.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TOP } from '../e2e/support/plugin.ts';
import type { Tree } from './trees.ts';

const TOOLS = [
  '/usr/lib/systemd/systemd-sysctl',
  '/usr/lib/systemd/systemd-modules-load',
  '/usr/sbin/sysctl',
  '/usr/bin/busybox',
  '/usr/sbin/modprobe',
];

/** A root with the tools and the libraries that they need. */
export function toolRoot(root: string): string {
  for (const folder of ['tools', 'proc', 'dev', 'bin', 'usr/bin']) mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(join(root, 'usr/lib'));
  symlinkSync('usr/lib', join(root, 'lib'));
  symlinkSync('usr/lib', join(root, 'lib64'));
  writeFileSync(join(root, 'dev/null'), '');
  for (const tool of TOOLS) {
    if (!existsSync(tool)) throw new Error(`${tool} is missing: sudo .dev/install-parts`);
    copyFileSync(tool, join(root, 'tools', basename(tool)));
    for (const library of librariesOf(tool)) {
      mkdirSync(dirname(join(root, library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
  }
  // busybox runs the applet that its name selects.
  symlinkSync('/tools/busybox', join(root, 'bin/sysctl'));
  return root;
}

function librariesOf(tool: string): readonly string[] {
  const { stdout } = spawnSync('ldd', [tool], { encoding: 'utf8' });
  return Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path);
}

/** Writes a tree below a folder. */
export function plant(folder: string, tree: Tree): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(tree)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content);
    else symlinkSync(content.link, path);
  }
}

/** Returns the output of the tools for each tree, in order. */
export function runOver(root: string, trees: string, kind: 'sysctl' | 'modprobe' | 'modules'): readonly string[] {
  const script = join(TOP, 'test/oracle/chroot.sh');
  const output = execFileSync('unshare', ['-n', '-m', 'bash', script, root, trees, kind], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  return output.trimEnd().split('\n');
}
