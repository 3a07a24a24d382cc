// The other processes in our network namespace. Their age bounds its own: the kernel gives the inode of a namespace
// that is gone to the next one at once, so the inode alone does not tell them apart.

import { readdirSync, statSync } from 'node:fs';
import { readBounded } from './file.ts';

const SMALL = 4096;
// USER_HZ: starttime of /proc/<pid>/stat counts hundredths of a second on every architecture that Node runs on.
const TICKS_PER_SECOND = 100;

interface Process {
  readonly parent: number;
  /** Seconds since boot. */
  readonly started: number;
}

/** When the eldest process with this inode of `net/stat` started, we and who called us apart. */
export function eldestNeighbour(inode: number): number | undefined {
  const family = ancestors(process.pid);
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const neighbours = pids.filter((pid) => !family.has(pid) && inodeOf(pid) === inode);
  const starts = neighbours.flatMap((pid) => readProcess(pid)?.started ?? []);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

// A check is started anew each time, by a shell that is too: neither tells how old the namespace is.
function ancestors(pid: number): ReadonlySet<number> {
  const family = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && next > 1 && !family.has(next); ) {
    family.add(next);
    next = readProcess(next)?.parent;
  }
  return family;
}

// Processes may vanish at any time.
function inodeOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}/net/stat`).ino;
  } catch {
    return undefined;
  }
}

/** Fields 4 (ppid) and 22 (starttime) of `/proc/<pid>/stat`; the name before them may hold anything. */
function readProcess(pid: number): Process | undefined {
  const file = readBounded(`/proc/${pid}/stat`, SMALL);
  if (!file.ok) return undefined;
  const fields = file.text.slice(file.text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), started: Number(fields[19]) / TICKS_PER_SECOND };
}
