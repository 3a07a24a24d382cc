// When and of what a sample is: the machine's own clock, its boot, and which table it is.

import type { Facts, NamespaceMount, Reading } from '../facts.ts';
import { readMounts } from './mounts.ts';
import { namespaceInode, namespaceNumber } from './namespace.ts';
import { isYounger, wasMounted } from './neighbours.ts';
import type { Parsed, Root } from './root.ts';
import { readUptime } from './uptime.ts';

export interface Moment {
  /** `/proc/sys/kernel/random/boot_id`: another after each boot. */
  readonly boot: string;
  /** Seconds since boot, of `/proc/uptime`. */
  readonly uptime: number;
  /** `net:<inode of net/stat>`, or `tree:<path>` for a captured tree. */
  readonly table: string;
  /** Whether the namespace is known to have been made after that many seconds since boot. */
  readonly isYounger: (uptime: number) => boolean;
}

const SMALL = 4096;

export function readMoment(root: Root, { initialNamespace }: Facts): Reading<Moment> {
  const boot = root.read('/proc/sys/kernel/random/boot_id', SMALL, parseBootId);
  if (!boot.ok) return boot;
  const uptime = readUptime(root);
  if (!uptime.ok) return uptime;
  const inode = namespaceInode(root);
  if (typeof inode === 'object') return { ok: false, fault: inode };
  const table = inode === undefined ? `tree:${root.locate('')}` : `net:${inode}`;
  const reused = inode !== undefined && !initialNamespace;
  const isKept = (since: number) => wasMounted(root, ownMount(root), since);
  const younger = (since: number) => reused && isYounger(root, inode, since) && !isKept(since);
  const moment = { boot: boot.value, uptime: uptime.value, table, isYounger: younger };
  return { ok: true, value: moment, source: uptime.source };
}

/** The mount that keeps our own namespace, where there is one. */
function ownMount(root: Root): NamespaceMount | undefined {
  const number = namespaceNumber(root.locate(root.view === 'host' ? '/proc/1/ns/net' : '/proc/self/ns/net'));
  return readMounts(root)?.namespaces.find((mount) => mount.number === number);
}

function parseBootId(text: string): Parsed<string> {
  const id = text.trim();
  return /^[0-9a-f-]{36}$/.test(id) ? { ok: true, value: id } : { ok: false, kind: 'malformed' };
}
