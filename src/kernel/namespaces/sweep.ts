// Every network namespace of the machine that can be found, each with its table. Those with processes show without
// root, by one stat of each process's `net/stat` and one read for each namespace; those that only a mount keeps have to
// be entered. What cannot be seen is told: hidden processes, a container's /proc, mounts that we may not enter.
// Not to be seen at all: a namespace that only one thread of a process is in, or that only an open descriptor keeps.

import type { Statistics } from '../../model/counters.ts';
import type { Reading } from '../../model/fault.ts';
import type { Machine } from '../../model/machine.ts';
import type { Observation, Visibility } from '../../model/observation.ts';
import type { ExtensionSettings, Namespace, NamespaceMount, Table, UnreadTable } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { NOT_ASKED } from '../table/machine-files.ts';
import { entriesOf, parseStatistics } from '../table/statistics.ts';
import { type Inside, readInside } from './inside.ts';
import { readMounts } from './mounts.ts';
import { isOnlyNamespace, namespaceInode, namespaceNumber } from './namespace.ts';
import { netInode, processIds } from './processes.ts';
import { visibilityOf } from './visibility.ts';

const STATISTICS_LIMIT = 1 << 22;
// A namespace's first processes: of whom one may be ours, so that we may read its number.
const ASKED_FOR_NUMBER = 4;

/** The tables that were found, ours first, and whether they are all. */
export type Swept = Pick<Observation, 'tables' | 'unread' | 'visibility'>;

/** A machine whose own namespace cannot be told from others shows only that one, and why. */
export function sweep(root: Root, { generation }: Machine, own: Table): Swept {
  const inode = namespaceInode(root);
  if (typeof inode === 'object') return { tables: [own], unread: [], visibility: { ok: false, fault: inode } };
  // ip_conntrack's kernels have one table, and in a captured tree all namespaces' files look alike.
  if (generation === 'ip_conntrack') return onlyOwn(root, own, 'all');
  if (inode === undefined) return onlyOwn(root, own, 'tree');
  return isOnlyNamespace() ? onlyOwn(root, own, 'all') : sweepBeside(root, own, inode);
}

function sweepBeside(root: Root, own: Table, inode: number): Swept {
  const pids = processIds(root);
  const { held, hidden } = namespacesByProcess(root, pids ?? []);
  const ours = held.get(inode) ?? [];
  held.delete(inode);
  const mounts = readMounts(root);
  const mounted = mounts?.namespaces ?? [];
  const found = Array.from(held, ([other, inside]) => readHeld(root, other, inside, mounted)).filter(isDefined);

  const number = numberOfNamespace(root, ours) ?? ownNumber(root);
  const numbers = [number, ...found.map(({ namespace }) => namespace.number)];
  const mountOnly = mounted.filter((mount) => !numbers.includes(mount.number));
  const unknown = numbers.filter((other) => other === undefined).length;
  // Which of them are among those found already can be told only if every number is known.
  const entered = mountOnly.map((mount) => (unknown === 0 ? readMounted(root, mount) : 'refused'));

  const others = [...found, ...entered.filter(isFound)];
  const left = entered.filter((table) => table === 'refused').length;
  // Any namespace of unknown number may be one of those that are mounted.
  const atLeast = 1 + others.length + Math.max(0, left - unknown);
  const processes = pids === undefined ? UNLISTED : visibilityOf(root, mounts, hidden);
  const visibility = { ...processes, mounts: left, mountsKnown: mounts !== undefined, atLeast };
  return {
    tables: [{ ...own, number }, ...others.flatMap((one) => tableInside(one, own))],
    unread: others.flatMap(unreadOf),
    visibility: { ok: true, value: visibility, source: root.locate('/proc') },
  };
}

function onlyOwn(root: Root, own: Table, processes: Visibility['processes']): Swept {
  const value = { processes, hidepid: undefined, listed: true, mounts: 0, mountsKnown: true, atLeast: 1 };
  return { tables: [own], unread: [], visibility: { ok: true, value, source: root.locate('/proc') } };
}

/** A /proc that may be entered and not listed. */
const UNLISTED = { processes: 'own', hidepid: undefined, listed: false } as const;

/** Whose switches nobody looked at; a listener is one for all of them. */
function unseenExtensions({ listener, elsewhere }: ExtensionSettings): ExtensionSettings {
  const anywhere = listener.ok && listener.value ? listener : elsewhere;
  const unread = { acct: NOT_ASKED, timestamp: NOT_ASKED, events: NOT_ASKED, listener: NOT_ASKED };
  return anywhere === undefined ? unread : { ...unread, listener: anywhere, elsewhere: anywhere };
}

/** A namespace, and what its files say. */
interface Found {
  readonly namespace: Namespace;
  readonly inside: Inside;
}

// The limit is one for the whole machine, compared with the entries of each namespace by itself: every kernel so far.
function tableInside({ namespace, inside: { entries, statistics } }: Found, own: Table): Table[] {
  if (!entries.ok) return [];
  const { limit, limitSource, extensions } = own;
  const read = { entries: entries.value, entriesSource: entries.source, limit, limitSource };
  return [{ ...namespace, ...read, statistics, extensions: unseenExtensions(extensions) }];
}

function unreadOf({ namespace, inside: { entries } }: Found): UnreadTable[] {
  return entries.ok ? [] : [{ ...namespace, fault: entries.fault }];
}

interface Processes {
  /** Processes by the inode that stands for their namespace, ascending. */
  readonly held: Map<number, number[]>;
  /** Whether there are processes that do not show theirs. */
  readonly hidden: boolean;
}

function namespacesByProcess(root: Root, pids: readonly number[]): Processes {
  const held = new Map<number, number[]>();
  let hidden = false;
  for (const pid of pids) {
    if (root.expired(root.locate(`/proc/${pid}/net/stat`)) !== undefined) break;
    const inode = netInode(root, pid);
    if (typeof inode === 'number') addPid(held, inode, pid);
    hidden = hidden || inode === 'hidden';
  }
  return { held, hidden };
}

function addPid(held: Map<number, number[]>, inode: number, pid: number): void {
  const pids = held.get(inode);
  if (pids === undefined) held.set(inode, [pid]);
  else pids.push(pid);
}

// Processes end meanwhile, and their numbers are given to others: only one that is still there tells of the namespace.
function readHeld(
  root: Root,
  inode: number,
  pids: readonly number[],
  mounted: readonly NamespaceMount[],
): Found | undefined {
  for (const pid of pids) {
    const statistics = readStatistics(root, pid);
    const entered = withoutFile(statistics) ? readInside(root, `/proc/${pid}/ns/net`) : 'refused';
    const number = numberOfNamespace(root, [pid, ...pids]);
    if (entered === 'gone' || netInode(root, pid) !== inode) continue;
    const inside = entered === 'refused' ? { entries: entriesOf(statistics), statistics } : entered;
    const mount = mounted.find((known) => known.number === number);
    return { namespace: { key: `net:${inode}`, ...OTHER, pids, number, mount }, inside };
  }
  return undefined;
}

function readStatistics(root: Root, pid: number): Reading<Statistics> {
  return root.read(`/proc/${pid}/net/stat/nf_conntrack`, STATISTICS_LIMIT, parseStatistics);
}

// The namespace has other files of this kind: the kernel was built without CONFIG_NF_CONNTRACK_PROCFS (Ubuntu's).
function withoutFile(statistics: Reading<Statistics>): boolean {
  return !statistics.ok && statistics.fault.kind === 'missing';
}

// What cannot be found where it is said to be may have been unmounted, or have a name that is no text.
function readMounted(root: Root, mount: NamespaceMount): Found | 'refused' {
  const inside = readInside(root, mount.path);
  const { number } = mount;
  return typeof inside === 'string'
    ? 'refused'
    : { namespace: { key: `mount:${number}`, ...OTHER, pids: [], number, mount }, inside };
}

const OTHER = { isOwn: false, isInitial: false };

function isFound(found: Found | string): found is Found {
  return typeof found === 'object';
}

/** N of `net:[N]`; of other users' processes only root may know it. */
function numberOfNamespace(root: Root, pids: readonly number[]): number | undefined {
  for (const pid of pids.slice(0, ASKED_FOR_NUMBER)) {
    const number = namespaceNumber(root.locate(`/proc/${pid}/ns/net`));
    if (number !== undefined) return number;
  }
  return undefined;
}

function ownNumber(root: Root): number | undefined {
  return root.view === 'own' ? namespaceNumber('/proc/self/ns/net') : undefined;
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
