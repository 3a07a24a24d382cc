// Trees for one test, made from a fixture, with files replaced, removed, or turned into something else.

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fixture, TOP } from './plugin.ts';
import { scratch } from './scratch.ts';

export { scratch };

/** By path below the root: a file's new text, null to remove it, or a function that creates it. */
export type Changes = Readonly<Record<string, string | null | ((path: string) => void)>>;

/** Copies a fixture and applies the changes; the copy is removed after the test. */
export function tree(base: string, changes: Changes = {}): string {
  const root = scratch();
  cpSync(join(TOP, fixture(base)), root, { recursive: true, verbatimSymlinks: true });
  for (const [name, change] of Object.entries(changes)) {
    const path = join(root, name);
    rmSync(path, { force: true, recursive: true });
    mkdirSync(dirname(path), { recursive: true });
    if (typeof change === 'string') writeFileSync(path, change, 'latin1');
    if (typeof change === 'function') change(path);
  }
  return root;
}
