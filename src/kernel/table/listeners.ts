// Listeners for conntrack events in other network namespaces. Since 5.19 a single listener, in any namespace, makes the
// kernel add an extension block to the entries of all namespaces (measured on 6.18).

import type { Reading } from '../../model/fault.ts';
import { readMounts } from '../namespaces/mounts.ts';
import { namespaceInode } from '../namespaces/namespace.ts';
import { netInode, processIds } from '../namespaces/processes.ts';
import { visibilityOf } from '../namespaces/visibility.ts';
import type { Root } from '../root.ts';
import { NETLINK_LIMIT, parseEventListener } from './event-listener.ts';

/** Unknown if some processes of the machine are hidden, unless a visible one listens. */
export function readListenerElsewhere(root: Root): Reading<boolean> {
  const source = root.locate('/proc/PID/net/netlink');
  const others = new Map<number, number>();
  let hidden = false;
  for (const pid of processIds(root) ?? []) {
    const inode = netInode(root, pid);
    if (typeof inode === 'number' && !others.has(inode)) others.set(inode, pid);
    hidden = hidden || inode === 'hidden';
  }
  const own = namespaceInode(root);
  const listens = Array.from(others).some(([inode, pid]) => inode !== own && hasListener(root, pid));
  if (listens) return { ok: true, value: true, source };
  const { processes } = visibilityOf(root, readMounts(root), hidden);
  return processes === 'all' ? { ok: true, value: false, source } : { ok: false, fault: { kind: 'denied', source } };
}

function hasListener(root: Root, pid: number): boolean {
  const listener = root.read(`/proc/${pid}/net/netlink`, NETLINK_LIMIT, parseEventListener);
  return listener.ok && listener.value;
}
