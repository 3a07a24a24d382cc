// node:child_process takes 2.5 ms to load, so it is loaded only when a child is started.

import type { ChildProcess, SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import type { Children, Failed } from '../contract.ts';
import { failureOf } from './failure.ts';
import { readableStream } from './readable-stream.ts';

// Detached, a child leads a process group, which is killed with all processes that it started. The types omit it.
const OWN_GROUP = { env: { LC_ALL: 'C' }, detached: true } as const;
const SPAWN: SpawnSyncOptionsWithStringEncoding = {
  ...OWN_GROUP,
  killSignal: 'SIGKILL',
  encoding: 'latin1',
  stdio: ['ignore', 'pipe', 'pipe'],
};
// spawnSync takes 0 to mean no limit, and warns above this value.
const LONGEST_DEADLINE = 2 ** 31 - 1;

export const children: Children = {
  outliveUs: true,
  run: (program, args, { milliseconds, bytes }) => {
    const timeout = Math.min(Math.max(Math.ceil(milliseconds), 1), LONGEST_DEADLINE);
    const { pid, stdout, stderr, status, error } = childProcess().spawnSync(program, args, {
      ...SPAWN,
      timeout,
      maxBuffer: bytes,
    });
    const errno = error === undefined ? undefined : failureOf(error).errno;
    if (errno !== undefined) killGroup(pid);
    return { stdout: stdout ?? '', stderr: stderr ?? '', status: status ?? undefined, errno };
  },
  start: (program, args) => {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const child: ChildProcess = childProcess().spawn(program, args, { ...OWN_GROUP, stdio: [...stdio] });
    const kill = (): void => killGroup(child.exitCode === null && child.signalCode === null ? child.pid : undefined);
    process.once('exit', kill);
    const ended = new Promise<number | Failed | undefined>((resolve) => {
      child.on('error', (error) => resolve(failureOf(error)));
      child.on('close', (status) => resolve(status ?? undefined));
      child.on('exit', () => void process.removeListener('exit', kill));
    });
    // If descriptors run out, there is no pipe, and no process either.
    return { stdout: readableStream(child.stdout ?? []), ended: () => ended, kill };
  },
};

// Without a process number it was never started: 0 would be our own group.
function killGroup(pid: number | undefined): void {
  if (pid === undefined || pid === 0) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}

export function childProcess(): typeof import('node:child_process') {
  return require('node:child_process');
}
