// Whose network namespace the files show. /proc/sys/net is always the reader's own; the host's, seen from a
// container through its /proc, is under /proc/1/net.

import { statSync } from 'node:fs';
import type { Fault } from '../facts.ts';
import { systemFault } from './file.ts';
import type { Root } from './root.ts';

/** Where the per-namespace files of the table are, and whether the sysctls speak of the same namespace. */
export interface NetDirectory {
  readonly path: '/proc/net' | '/proc/1/net';
  readonly sysctlsAgree: boolean;
}

/** Tells namespaces by the inode of `net/stat`, which every user may see. */
export function netDirectory(root: Root): NetDirectory | { readonly fault: Fault } {
  const own: NetDirectory = { path: '/proc/net', sysctlsAgree: true };
  if (root.view !== 'host') return own;
  const theirs = root.locate('/proc/1/net/stat');
  try {
    return statSync(theirs).ino === statSync('/proc/self/net/stat').ino
      ? own
      : { path: '/proc/1/net', sysctlsAgree: false };
  } catch (error) {
    return { fault: { ...systemFault(error), source: theirs } };
  }
}

/** The inode that stands for the namespace whose table is looked at; undefined in a captured tree, where none does. */
export function namespaceInode(root: Root): number | undefined | Fault {
  if (root.view === 'captured') return undefined;
  const source = root.locate(root.view === 'host' ? '/proc/1/net/stat' : '/proc/self/net/stat');
  try {
    return statSync(source).ino;
  } catch (error) {
    return { ...systemFault(error), source };
  }
}

/** Only the initial namespace has this second name of the limit. */
export function isInitialNamespace(root: Root): boolean {
  try {
    statSync(root.locate('/proc/sys/net/nf_conntrack_max'));
    return true;
  } catch {
    return false;
  }
}
