// The processes that /proc lists: their network namespaces, ages and names.

import { files } from '#system/files';
import type { Parsed, Root } from '../root.ts';

const PROCESS_FILE_LIMIT = 4096;
// USER_HZ: starttime of /proc/<pid>/stat counts hundredths of a second on all supported architectures.
const TICKS_PER_SECOND = 100;
/** PF_KTHREAD of include/linux/sched.h, since 2.6.27. */
const KERNEL_THREAD = 0x00200000;

/** The process number of the kernel's kthreadd, visible only in the initial PID namespace. */
export const KTHREADD = 2;

export interface Process {
  readonly parent: number;
  /** Seconds since boot. */
  readonly started: number;
  /** Up to 15 bytes, which the process can set. */
  readonly command: string;
  readonly kernelThread: boolean;
}

/** Returns all listed processes, ascending; undefined if /proc cannot be listed. */
export function processIds(root: Root): readonly number[] | undefined {
  const names = files.list(root.locate('/proc'));
  if ('errno' in names) return undefined;
  return names
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

/**
 * Returns the inode of the process's `net/stat`, which differs per network namespace and is readable by every user on
 * every kernel. `hidden` if /proc is mounted with hidepid=1 or a security module denies access.
 */
export function netInode(root: Root, pid: number): number | 'gone' | 'hidden' {
  const inode = files.inode(root.locate(`/proc/${pid}/net/stat`));
  if (typeof inode === 'number') return inode;
  return inode.errno === 'EACCES' || inode.errno === 'EPERM' ? 'hidden' : 'gone';
}

/** Undefined if the process is gone. */
export function readProcess(root: Root, pid: number): Process | undefined {
  const reading = root.read(`/proc/${pid}/stat`, PROCESS_FILE_LIMIT, parseProcess);
  return reading.ok ? reading.value : undefined;
}

/** True for the kernel's own kthreadd. An OpenVZ container has a process of its own there, named `kthreadd/101`. */
export function isKthreadd(process: Process | undefined): boolean {
  return process?.kernelThread === true && process.command === 'kthreadd';
}

/**
 * Parses `pid (comm) state ppid …` of proc(5): fields 4 (ppid), 9 (flags) and 22 (starttime). The name may contain any
 * character.
 */
export function parseProcess(text: string): Parsed<Process> {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' ');
  const [parent, flags, ticks] = [Number(fields[1]), Number(fields[6]), Number(fields[19])];
  if (open === -1 || close < open || ![parent, flags, ticks].every(Number.isInteger))
    return { ok: false, kind: 'malformed' };
  const started = ticks / TICKS_PER_SECOND;
  const command = text.slice(open + 1, close);
  return { ok: true, value: { parent, started, command, kernelThread: (flags & KERNEL_THREAD) !== 0 } };
}
