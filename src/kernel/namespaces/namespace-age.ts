// Tests if a network namespace is the same one as before. The inode alone does not prove it, because the kernel reuses
// the inode of a deleted namespace at once. The age of its processes and of its mount does.

import { files } from '#system/files';
import { self } from '#system/self';
import type { NamespaceMount, Table } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { readMounts } from './mounts.ts';
import { namespaceInode, namespaceNumber } from './namespace.ts';
import { netInode, processIds, readProcess } from './processes.ts';

/**
 * True if the table's namespace is certainly newer than `since`. Both `since` and `uptime`, the present time, are
 * seconds since boot. Without processes, the age of the mount that keeps the namespace decides.
 */
export function isYoungerThan(root: Root, table: Table, since: number, uptime: number): boolean {
  if (root.view === 'captured' || (table.isOwn && table.isInitial)) return false;
  if (!table.isOwn && table.pids.length === 0) return wasMounted(root, table.mount, uptime, (at) => at > since);
  const pids = table.isOwn ? neighbours(root) : table.pids;
  if (!allStartedAfter(root, pids, since)) return false;
  const mount = table.isOwn ? ownMount(root) : table.mount;
  return !wasMounted(root, mount, uptime, (at) => at < since - SURE);
}

// Each check is a new process, started by a new shell: neither shows the age of the namespace.
function neighbours(root: Root): readonly number[] {
  const inode = namespaceInode(root);
  const family = ancestors(root, self.pid);
  return (processIds(root) ?? []).filter((pid) => !family.has(pid) && netInode(root, pid) === inode);
}

function ancestors(root: Root, pid: number): ReadonlySet<number> {
  const family = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && next > 1 && !family.has(next); ) {
    family.add(next);
    next = readProcess(root, next)?.parent;
  }
  return family;
}

/** True if there are processes and none is older. The first is usually the oldest, so the others are rarely read. */
function allStartedAfter(root: Root, pids: readonly number[], since: number): boolean {
  let isAgeKnown = false;
  for (const pid of pids) {
    const started = readProcess(root, pid)?.started;
    if (started !== undefined && started <= since) return false;
    isAgeKnown = isAgeKnown || started !== undefined;
  }
  return isAgeKnown;
}

/** The mount that keeps our own namespace, if there is one. */
function ownMount(root: Root): NamespaceMount | undefined {
  const number = namespaceNumber(root.locate(root.view === 'host' ? '/proc/1/ns/net' : '/proc/self/ns/net'));
  return readMounts(root)?.namespaces.find((mount) => mount.number === number);
}

// Seconds. The clocks are read one after the other and count hundredths.
const SURE = 1;

/**
 * Judges when a mount began to keep its namespace, in seconds since boot; false if that is unknown. The kernel makes the
 * file of a namespace when it is first mounted or opened, and keeps it, with that time, for as long as it is mounted.
 */
function wasMounted(
  root: Root,
  mount: NamespaceMount | undefined,
  uptime: number,
  judge: (at: number) => boolean,
): boolean {
  const status = mount === undefined ? undefined : files.status(root.locate(mount.path));
  if (status === undefined || 'errno' in status) return false;
  return judge(uptime - (Date.now() - status.modified) / 1000);
}
