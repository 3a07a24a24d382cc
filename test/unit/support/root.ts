// A machine that consists only of the files that a test gives it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Deadline, openRoot, type Root } from '../../../src/kernel/root.ts';
import { scratch } from '../../e2e/support/scratch.ts';

const NO_HURRY: Deadline = { left: () => 1e6, elapsed: () => 0 };

/** By path: the text of a file, or a function that creates something else there. */
export type Files = Readonly<Record<string, string | ((path: string) => void)>>;

export function rootOf(files: Files, deadline = NO_HURRY): Root {
  const dir = scratch();
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content, 'latin1');
    else content(path);
  }
  const opened = openRoot(dir, deadline);
  if ('fault' in opened) throw new Error(opened.fault.kind);
  return opened.root;
}

/** A deadline that passes after this many reads. */
export function timeFor(looks: number): Deadline {
  let taken = 0;
  return { left: () => (taken++ < looks ? 1e6 : 0), elapsed: () => 0 };
}
