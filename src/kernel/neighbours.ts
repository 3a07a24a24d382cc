// The other processes in our network namespace. Their age bounds its own: the kernel gives the inode of a namespace
// that is gone to the next one at once, so the inode alone does not tell them apart.

import { files } from '#system/files';
import { self } from '#system/self';
import type { NamespaceMount } from '../facts.ts';
import { netInode, processIds, readProcess } from './processes.ts';
import type { Root } from './root.ts';
import { readUptime } from './uptime.ts';

/** Whether the namespace with this inode of `net/stat` is known to be younger; its processes but us and who called us tell. */
export function isYounger(root: Root, inode: number, uptime: number): boolean {
  const family = ancestors(root, self.pid);
  const neighbours = (processIds(root) ?? []).filter((pid) => !family.has(pid) && netInode(root, pid) === inode);
  return allStartedAfter(root, neighbours, uptime);
}

/** Whether there are processes of which none is older. The first is the eldest mostly, so that the others go unread. */
export function allStartedAfter(root: Root, pids: readonly number[], uptime: number): boolean {
  const starts = pids.map((pid) => () => readProcess(root, pid)?.started);
  let known = false;
  for (const start of starts) {
    const started = start();
    if (started !== undefined && started <= uptime) return false;
    known = known || started !== undefined;
  }
  return known;
}

// Seconds: clocks are read one after the other, and count hundredths.
const SURE = 1;

/**
 * Whether the mount has kept its namespace since that many seconds since boot: the kernel makes the file of a namespace
 * when it is first mounted or opened, and keeps it, with that time, for as long as it is mounted.
 */
export function wasMounted(root: Root, mount: NamespaceMount | undefined, since: number): boolean {
  const status = mount === undefined ? undefined : files.status(root.locate(mount.path));
  const uptime = readUptime(root);
  if (status === undefined || 'errno' in status || !uptime.ok) return false;
  const age = (Date.now() - status.modified) / 1000;
  return uptime.value - age < since - SURE;
}

// A check is started anew each time, by a shell that is too: neither tells how old the namespace is.
function ancestors(root: Root, pid: number): ReadonlySet<number> {
  const family = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && next > 1 && !family.has(next); ) {
    family.add(next);
    next = readProcess(root, next)?.parent;
  }
  return family;
}
