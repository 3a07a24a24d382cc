// The network namespace that the files show. /proc/sys/net always shows the reader's own; the host's, seen from a
// container through its /proc, is under /proc/1/net.

import { files } from '#system/files';
import type { Fault } from '../../model/fault.ts';
import { exists, systemFault } from '../file.ts';
import type { Root } from '../root.ts';

/** The directory of the per-namespace files, and whether the sysctls belong to the same namespace. */
export interface NetDirectory {
  readonly path: '/proc/net' | '/proc/1/net';
  readonly sysctlsAgree: boolean;
}

/**
 * True if the kernel has only one network namespace: before 2.6.25 processes have no `net`, and /proc/net is a
 * directory.
 */
export function isOnlyNamespace(): boolean {
  // In a /proc that does not show this process, both are missing.
  return !exists('/proc/self/net') && exists('/proc/net/stat');
}

/** Compares namespaces by the inode of `net/stat`, which every user may read. */
export function netDirectory(root: Root): NetDirectory | { readonly fault: Fault } {
  const own: NetDirectory = { path: '/proc/net', sysctlsAgree: true };
  if (root.view !== 'host' || isOnlyNamespace()) return own;
  const theirs = root.locate('/proc/1/net/stat');
  const [their, ours] = [files.inode(theirs), files.inode('/proc/self/net/stat')];
  for (const inode of [their, ours])
    if (typeof inode !== 'number') return { fault: { ...systemFault(inode), source: theirs } };
  return their === ours ? own : { path: '/proc/1/net', sysctlsAgree: false };
}

/** Returns the inode that identifies the observed namespace; undefined in a captured tree, which has none. */
export function namespaceInode(root: Root): number | undefined | Fault {
  if (root.view === 'captured') return undefined;
  const net = isOnlyNamespace() ? '/proc/net' : root.view === 'host' ? '/proc/1/net' : '/proc/self/net';
  const source = root.locate(`${net}/stat`);
  const inode = files.inode(source);
  return typeof inode === 'number' ? inode : { ...systemFault(inode), source };
}

/** Returns N of a link to `net:[N]`. */
export function namespaceNumber(path: string): number | undefined {
  const link = files.readLink(path);
  const [, digits] = typeof link === 'string' ? (/^net:\[(\d+)\]$/.exec(link) ?? []) : [];
  return digits === undefined ? undefined : Number(digits);
}
