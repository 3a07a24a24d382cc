// node:child_process takes 2.5 ms to load, so it is loaded only when a child is started.

import type { ChildProcess, SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import type { Children, Failed } from '../contract.ts';
import { failureOf } from './failure.ts';
import { readableStream } from './readable-stream.ts';

const SPAWN: SpawnSyncOptionsWithStringEncoding = {
  killSignal: 'SIGKILL',
  encoding: 'latin1',
  env: { LC_ALL: 'C' },
  stdio: ['ignore', 'pipe', 'pipe'],
};
// spawnSync takes 0 to mean no limit, and warns above this value.
const LONGEST_DEADLINE = 2 ** 31 - 1;

export const children: Children = {
  run: (program, args, { milliseconds, bytes }) => {
    const timeout = Math.min(Math.max(Math.ceil(milliseconds), 1), LONGEST_DEADLINE);
    const { stdout, stderr, status, error } = childProcess().spawnSync(program, args, {
      ...SPAWN,
      timeout,
      maxBuffer: bytes,
    });
    const errno = error === undefined ? undefined : failureOf(error).errno;
    return { stdout: stdout ?? '', stderr: stderr ?? '', status: status ?? undefined, errno };
  },
  start: (program, args) => {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const child: ChildProcess = childProcess().spawn(program, args, { stdio: [...stdio], env: { LC_ALL: 'C' } });
    const ended = new Promise<number | Failed | undefined>((resolve) => {
      child.on('error', (error) => resolve(failureOf(error)));
      child.on('close', (status) => resolve(status ?? undefined));
    });
    // If descriptors run out, there is no pipe, and no process either.
    return { stdout: readableStream(child.stdout ?? []), ended: () => ended, kill: () => void child.kill('SIGKILL') };
  },
};

function childProcess(): typeof import('node:child_process') {
  return require('node:child_process');
}
