// Runs the built file as monitoring systems do: its own process, with the Node that is being tested.

import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

export const TOP = resolve(__dirname, '../../..');
export const PLUGIN = join(TOP, 'dist/check_conntrack');
/** The Node version matrix sets it; otherwise the Node that runs the tests. */
export const NODE = process.env['CHECK_CONNTRACK_NODE'] ?? process.execPath;

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function plugin(...args: readonly string[]): Answer {
  return command(NODE, [PLUGIN, ...args]);
}

/** Runs any command from the top of the project, with nothing on stdin. */
export function command(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Answer {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: TOP, encoding: 'latin1', env, timeout: 15_000 });
  return { status, stdout, stderr };
}

/** The same through a shell, for redirections and limits; `$NODE` and `$PLUGIN` are set. */
export function shell(script: string): Answer {
  return command('/bin/sh', ['-c', script], { ...process.env, NODE, PLUGIN });
}

export function fixture(name: string): string {
  return join('fixtures', name);
}
