// Whether anything listens for conntrack events (`conntrack -E`, conntrackd): since 5.19 a single listener, whichever its
// namespace, makes the kernel add an extension block to the entries of all of them (measured on 6.18).
// `/proc/net/netlink`, readable by all, printed by netlink_native_seq_show() in net/netlink/af_netlink.c: sk Eth Pid
// Groups …, the groups a hex mask.

import type { Reading } from '../observation/fault.ts';
import { readMounts } from './mounts.ts';
import { namespaceInode } from './namespace.ts';
import { netInode, processIds } from './processes.ts';
import type { Parsed, Root } from './root.ts';
import { visibilityOf } from './visibility.ts';

const LIMIT = 1 << 22;
const HEADER = ['sk', 'Eth', 'Pid', 'Groups'];
/** NETLINK_NETFILTER of linux/netlink.h. */
const NETFILTER = '12';
/** NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY of linux/netfilter/nfnetlink_compat.h. */
const CONNTRACK_GROUPS = 0b111;

/** Of the namespace whose `net` folder of /proc it is. */
export function readListener(root: Root, folder: string): Reading<boolean> {
  return root.read(`${folder}/netlink`, LIMIT, parseEventListener);
}

export function parseEventListener(text: string): Parsed<boolean> {
  const [header = [], ...sockets] = text.split('\n').map((line) => line.split(' ').filter(Boolean));
  if (!HEADER.every((name, at) => header[at] === name)) return { ok: false, kind: 'malformed' };
  const masks = sockets.map(([, protocol, , groups = '']) =>
    protocol === NETFILTER ? Number.parseInt(groups, 16) : 0,
  );
  return { ok: true, value: masks.some((mask) => (mask & CONNTRACK_GROUPS) !== 0) };
}

/** Not known where not all of the machine's processes show, unless one of those that do is one. */
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
  const listener = readListener(root, `/proc/${pid}/net`);
  return listener.ok && listener.value;
}
