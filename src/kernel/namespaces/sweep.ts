// Finds every network namespace of the machine, each with its table. Namespaces with processes are visible without
// root, through one stat of each process's `net/stat` and one read per namespace. Namespaces that only a mount keeps
// have to be entered. Hidden processes, a container's /proc and mounts that may not be entered are reported. Not
// visible at all: a namespace that only one thread of a process is in, or that only an open descriptor keeps.

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
// Read only a namespace's first processes: one of them may be ours, so that its number is readable.
const ASKED_FOR_NUMBER = 4;

/** The tables found, ours first, and whether they are all. */
export type Swept = Pick<Observation, 'tables' | 'unread' | 'visibility'>;

/** If our own namespace cannot be identified, returns only its table and the reason. */
export function sweep(root: Root, { generation }: Machine, own: Table): Swept {
  const inode = namespaceInode(root);
  if (typeof inode === 'object') return { tables: [own], unread: [], visibility: { ok: false, fault: inode } };
  // Kernels with ip_conntrack have one table; in a captured tree the files of all namespaces look alike.
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
  const byProcess = Array.from(held, ([other, inside]) => readHeld(root, other, inside, mounted)).filter(isDefined);

  const number = numberOfNamespace(root, ours) ?? ownNumber(root);
  const numbers = [number, ...byProcess.map(({ namespace }) => namespace.number)];
  const mountOnly = mounted.filter((mount) => !numbers.includes(mount.number));
  const unknown = numbers.filter((other) => other === undefined).length;
  // A mounted namespace can be matched with those already found only if every number is known.
  const entered = mountOnly.map((mount) => (unknown === 0 ? readMounted(root, mount) : 'refused'));

  const others = [...byProcess, ...entered.filter(isReached)];
  const left = entered.filter((table) => table === 'refused').length;
  // Any namespace of unknown number may be one of the mounted ones.
  const atLeast = 1 + others.length + Math.max(0, left - unknown);
  const processes = pids === undefined ? UNLISTED : visibilityOf(root, mounts, hidden);
  const visibility = { ...processes, mounts: left, mountsKnown: mounts !== undefined, atLeast };
  return {
    tables: [{ ...own, number }, ...others.flatMap((other) => tableInside(other, own))],
    unread: others.flatMap(unreadOf),
    visibility: { ok: true, value: visibility, source: root.locate('/proc') },
  };
}

function onlyOwn(root: Root, own: Table, processes: Visibility['processes']): Swept {
  const value = { processes, hidepid: undefined, listed: true, mounts: 0, mountsKnown: true, atLeast: 1 };
  return { tables: [own], unread: [], visibility: { ok: true, value, source: root.locate('/proc') } };
}

/** A /proc that can be entered but not listed. */
const UNLISTED = { processes: 'own', hidepid: undefined, listed: false } as const;

/** Its switches were not read; a listener counts for all namespaces. */
function unseenExtensions({ listener, elsewhere }: ExtensionSettings): ExtensionSettings {
  const anywhere = listener.ok && listener.value ? listener : elsewhere;
  const unread = { acct: NOT_ASKED, timestamp: NOT_ASKED, events: NOT_ASKED, listener: NOT_ASKED };
  return anywhere === undefined ? unread : { ...unread, listener: anywhere, elsewhere: anywhere };
}

/** A namespace and the contents of its files. */
interface Reached {
  readonly namespace: Namespace;
  readonly inside: Inside;
}

// One limit applies to the whole machine and is compared with each namespace's entries separately, on every kernel so
// far.
function tableInside({ namespace, inside: { entries, statistics } }: Reached, own: Table): Table[] {
  if (!entries.ok) return [];
  const { limit, limitSource, extensions } = own;
  const read = { entries: entries.value, entriesSource: entries.source, limit, limitSource };
  return [{ ...namespace, ...read, statistics, extensions: unseenExtensions(extensions) }];
}

function unreadOf({ namespace, inside: { entries } }: Reached): UnreadTable[] {
  return entries.ok ? [] : [{ ...namespace, fault: entries.fault }];
}

interface Processes {
  /** Processes by the inode of their namespace, ascending. */
  readonly held: Map<number, number[]>;
  /** True if some processes do not show their namespace. */
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

// Processes may exit meanwhile and their numbers be reused: only one that is still in the namespace is evidence.
function readHeld(
  root: Root,
  inode: number,
  pids: readonly number[],
  mounted: readonly NamespaceMount[],
): Reached | undefined {
  for (const pid of pids) {
    const statistics = readStatistics(root, pid);
    const entered = withoutFile(statistics) ? readInside(root, `/proc/${pid}/ns/net`) : 'refused';
    const number = numberOfNamespace(root, [pid, ...pids]);
    if (entered === 'gone' || netInode(root, pid) !== inode) continue;
    const inside = entered === 'refused' ? { entries: entriesOf(statistics), statistics } : entered;
    const mount = mounted.find((candidate) => candidate.number === number);
    return { namespace: { key: `net:${inode}`, ...OTHER, pids, number, mount }, inside };
  }
  return undefined;
}

function readStatistics(root: Root, pid: number): Reading<Statistics> {
  return root.read(`/proc/${pid}/net/stat/nf_conntrack`, STATISTICS_LIMIT, parseStatistics);
}

// Files of this kind are missing: the kernel was built without CONFIG_NF_CONNTRACK_PROCFS (Ubuntu's).
function withoutFile(statistics: Reading<Statistics>): boolean {
  return !statistics.ok && statistics.fault.kind === 'missing';
}

// A mount that is not found at its path may have been unmounted, or its path may not be valid text.
function readMounted(root: Root, mount: NamespaceMount): Reached | 'refused' {
  const inside = readInside(root, mount.path);
  const { number } = mount;
  return typeof inside === 'string'
    ? 'refused'
    : { namespace: { key: `mount:${number}`, ...OTHER, pids: [], number, mount }, inside };
}

const OTHER = { isOwn: false, isInitial: false };

function isReached(result: Reached | string): result is Reached {
  return typeof result === 'object';
}

/** Returns N of `net:[N]`; for other users' processes only root can read it. */
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
