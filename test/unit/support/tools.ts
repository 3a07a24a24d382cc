// The tools of a machine and the user who runs them, as a test defines them. Nothing is executed, and no tool of this
// machine is used.

import { onTestFinished, vi } from 'vitest';
import { children } from '#system/children';
import { files } from '#system/files';
import { self } from '#system/self';
import type { ChildAnswer } from '../../../src/system/contract.ts';

/** The output of a program: its stdout, or another result. */
type Said = string | Partial<ChildAnswer>;

/**
 * By path: the installed programs, with the output of each (given its arguments); nsenter(1) runs its arguments. None
 * is a link, except those in `links`.
 */
export type Tools = Readonly<Record<string, Said | ((...args: readonly string[]) => Said)>>;

// A test may define other tools later.
const { inode } = files;
const FOLDERS = /^\/(?:usr\/)?s?bin\//;

/** Returns the command lines as they are run. The user is root unless another number is given. */
export function withTools(tools: Tools, user = 0, links: Readonly<Record<string, string>> = {}): readonly string[] {
  const lines: string[] = [];
  const spies = [
    vi.spyOn(self, 'effectiveUser').mockReturnValue(user),
    vi.spyOn(files, 'inode').mockImplementation((path) => {
      if (!FOLDERS.test(path)) return inode(path);
      return path in tools ? 1 : { errno: 'ENOENT' };
    }),
    vi.spyOn(files, 'realPath').mockImplementation((path) => links[path] ?? path),
    vi.spyOn(children, 'run').mockImplementation((program, args) => {
      lines.push([program, ...args].join(' '));
      return answer(tools, program, args);
    }),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return lines;
}

function answer(tools: Tools, program: string, args: readonly string[]): ChildAnswer {
  const tool = tools[program];
  const ended = { stdout: '', stderr: '', status: 0, errno: undefined };
  if (tool === undefined) return { ...ended, status: undefined, errno: 'ENOENT' };
  if (program.endsWith('/nsenter')) return answer(tools, args[1] ?? '', args.slice(2));
  const output = typeof tool === 'function' ? tool(...args) : tool;
  return { ...ended, ...(typeof output === 'string' ? { stdout: output } : output) };
}
