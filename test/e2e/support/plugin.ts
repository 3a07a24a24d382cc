// Runs the tested executable in its own process, as monitoring systems do.

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const TOP = resolve(__dirname, '../../..');
/** The Node version matrix sets it; otherwise the Node that runs the tests. */
export const NODE = process.env['CHECK_CONNTRACK_NODE'] ?? process.execPath;
const { CHECK_CONNTRACK_EXECUTABLE, CHECK_CONNTRACK_RUN } = process.env;
/**
 * The setting that selects the tested file; otherwise the Node file. In a run with live tests it is their guard's copy.
 */
export const PLUGIN =
  CHECK_CONNTRACK_RUN === undefined
    ? resolve(TOP, CHECK_CONNTRACK_EXECUTABLE ?? 'dist/check_conntrack')
    : join(CHECK_CONNTRACK_RUN, 'check_conntrack');

// elf(5): e_machine, in the byte order of both architectures.
const E_MACHINE = 18;
const EM_AARCH64 = 183;
const head = firstBytes(PLUGIN);
/** True for the Node file, false for the standalone executable. */
export const RUNS_ON_NODE = head.toString('latin1', 0, 2) === '#!';
const isForeign = !RUNS_ON_NODE && head.readUInt16LE(E_MACHINE) === EM_AARCH64 && process.arch !== 'arm64';

/** The words before the path that run a copy of it. */
export const BEFORE: readonly string[] = RUNS_ON_NODE ? [NODE] : isForeign ? ['qemu-aarch64-static'] : [];
/** The words that run it. */
export const RUN: readonly string[] = [...BEFORE, PLUGIN];
/** Runs the words after it, whatever they begin with. */
export const ENV = '/usr/bin/env';

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function plugin(...args: readonly string[]): Answer {
  return command(ENV, [...RUN, ...args]);
}

/** Runs a command from the top of the project, with an empty stdin. */
export function command(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Answer {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: TOP, encoding: 'latin1', env, timeout: 60_000 });
  return { status, stdout, stderr };
}

/** The same through a shell, for redirections and limits; `$RUN` expands to the words that run the plugin. */
export function shell(script: string): Answer {
  return command('/bin/sh', ['-c', script], { ...process.env, RUN: RUN.join(' ') });
}

export function fixture(name: string): string {
  return join('fixtures', name);
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(64);
  const descriptor = openSync(path, 'r');
  readSync(descriptor, bytes);
  closeSync(descriptor);
  return bytes;
}
