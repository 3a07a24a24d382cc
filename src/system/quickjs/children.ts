// Child processes, by QuickJS's os. It has no deadline for them, so they are polled until it has passed.

import * as os from 'qjs:os';
import { unblock } from 'qjs:own';
import type { Child, ChildAnswer, Children, Failed } from '../contract.ts';
import { bytes } from './bytes.ts';
import { EAGAIN, EINTR, failed } from './errno.ts';
import { files } from './files.ts';
import { descriptorStream } from './streams.ts';

const ENVIRONMENT = { LC_ALL: 'C' };
const [WNOHANG, SIGKILL] = [1, 9];
const AT_ONCE = 1 << 16;
const LOOK_MILLISECONDS = 2;
const MOST_TRIES = 50;

export const children: Children = {
  outliveUs: false,
  run: (program, args, limits) => {
    const inode = files.inode(program);
    if (typeof inode !== 'number') return { ...NO_OUTPUT, ...inode };
    const [stdout, stderr] = [collector(limits.bytes), collector(limits.bytes)];
    if (stdout === undefined || stderr === undefined) return { ...NO_OUTPUT, errno: 'EMFILE' };
    const pid = started([program, ...args], stdout.writing, stderr.writing);
    for (const { writing } of [stdout, stderr]) os.close(writing);
    const ended = pid === undefined ? FAILED_TO_START : waited(pid, [stdout, stderr], os.now() + limits.milliseconds);
    return { ...ended, stdout: stdout.end(), stderr: stderr.end() };
  },
  start: (program, args) => {
    const pipe = os.pipe();
    const nowhere = files.open('/dev/null', 'reading');
    const pid =
      pipe === null || typeof nowhere !== 'number' ? undefined : started([program, ...args], pipe[1], nowhere);
    if (typeof nowhere === 'number') os.close(nowhere);
    if (pipe === null) return notStarted();
    os.close(pipe[1]);
    return pid === undefined ? notStarted() : childOf(pid, pipe[0]);
  },
};

const NO_OUTPUT = { stdout: '', stderr: '', status: undefined } as const;
const FAILED_TO_START = { status: undefined, errno: 'EAGAIN' } as const;

/** Returns the process id; undefined if the process could not be started. */
function started(line: readonly string[], stdout: number, stderr: number): number | undefined {
  const stdin = files.open('/dev/null', 'reading');
  if (typeof stdin !== 'number') return undefined;
  try {
    return os.exec(line, { block: false, usePath: false, stdin, stdout, stderr, env: ENVIRONMENT });
  } catch {
    return undefined;
  } finally {
    os.close(stdin);
  }
}

/** Collects what a child writes to a pipe. */
interface Collector {
  readonly writing: number;
  /** Reads the bytes that are available. */
  readonly take: () => void;
  /** True if the child has written more than the limit. */
  readonly isOver: () => boolean;
  /** Closes the pipe and returns everything read. */
  readonly end: () => string;
}

function collector(most: number): Collector | undefined {
  const pipe = os.pipe();
  if (pipe === null) return undefined;
  const [reading, writing] = pipe;
  unblock(reading);
  const into = new Uint8Array(AT_ONCE);
  let text = '';
  const take = (): void => {
    while (text.length <= most) {
      const got = os.read(reading, into.buffer, 0, into.length);
      if (got <= 0) return;
      text += bytes.toLatin1(into, 0, got);
    }
  };
  const end = (): string => {
    os.close(reading);
    return text;
  };
  return { writing, take, isOver: () => text.length > most, end };
}

function waited(pid: number, pipes: readonly Collector[], until: number): Pick<ChildAnswer, 'status' | 'errno'> {
  for (;;) {
    const done = ended(pid);
    for (const { take } of pipes) take();
    if (done !== undefined) return { status: done.status, errno: undefined };
    const errno = reasonToKill(pipes, until);
    if (errno !== undefined) {
      killGroup(pid);
      return { status: undefined, errno };
    }
    os.sleep(LOOK_MILLISECONDS);
  }
}

/** Returns the reason to kill the child now, if there is one. */
function reasonToKill(pipes: readonly Collector[], until: number): string | undefined {
  if (pipes.some(({ isOver }) => isOver())) return 'ENOBUFS';
  return os.now() > until ? 'ETIMEDOUT' : undefined;
}

// A child that has just been started is not the leader of its group yet. One that waits for a device or for a lock of
// the kernel ends only after that.
function killGroup(pid: number): void {
  for (const target of [-pid, pid]) os.kill(target, SIGKILL);
  for (let tries = 0; tries < MOST_TRIES && ended(pid) === undefined; tries++) os.sleep(LOOK_MILLISECONDS);
}

/** Returns undefined while it runs. */
function ended(pid: number): { readonly status: number | undefined } | undefined {
  const [result, status] = os.waitpid(pid, WNOHANG);
  if (result === 0 || result === -EINTR) return undefined;
  // The low byte holds the signal that ended it: wait(2).
  return { status: result < 0 || (status & 0x7f) !== 0 ? undefined : (status >> 8) & 0xff };
}

function childOf(pid: number, reading: number): Child {
  // Once it has been waited for, its number may belong to another process.
  let done: ReturnType<typeof ended>;
  const look = () => (done = done ?? ended(pid));
  const untilEnd = async (): Promise<number | Failed | undefined> => {
    while (look() === undefined) await new Promise<void>((resolve) => void os.setTimeout(resolve, LOOK_MILLISECONDS));
    return done?.status;
  };
  const kill = (): void => {
    if (look() !== undefined) return;
    killGroup(pid);
    done = { status: undefined };
  };
  return { stdout: descriptorStream(reading), ended: untilEnd, kill };
}

function notStarted(): Child {
  const stdout = { next: async () => undefined, close: () => undefined };
  return { stdout, ended: async () => failed(EAGAIN), kill: () => undefined };
}
