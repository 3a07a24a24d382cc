// Every network namespace of the machine that can be found, each with its table. Those with processes show without
// root, by one stat of each process's `net/stat` and one read for each namespace; those that only a mount keeps have to
// be entered. What cannot be seen is told: hidden processes, a container's /proc, mounts that we may not enter.
// Not to be seen at all: a namespace that only one thread of a process is in, or that only an open descriptor keeps.

import type { Fault, Generation, NamespaceMount, NamespaceTable, Reading, Sight, Statistics, Sweep } from '../facts.ts';
import { readInside } from './inside.ts';
import { readMounts } from './mounts.ts';
import { namespaceInode, namespaceNumber } from './namespace.ts';
import { netInode, processIds } from './processes.ts';
import type { Root } from './root.ts';
import { sightOf } from './sight.ts';
import { parseStatistics } from './statistics.ts';

const STATISTICS_LIMIT = 1 << 22;
// A namespace's first processes: of whom one may be ours, so that we may read its number.
const ASKED_FOR_NUMBER = 4;

/** A deadline that passed is a fault; so is a machine whose own namespace cannot be told. */
export function sweep(root: Root, generation: Generation): Sweep | { readonly fault: Fault } {
  const own = namespaceInode(root);
  if (typeof own === 'object') return { fault: own };
  // ip_conntrack's kernels have one table, and in a captured tree all namespaces' files look alike.
  if (generation === 'ip_conntrack') return onlyOwn('all');
  if (own === undefined) return onlyOwn('tree');

  const pids = processIds(root);
  const { held, hidden } = namespacesByProcess(root, pids ?? []);
  const ours = held.get(own) ?? [];
  held.delete(own);
  const mounts = readMounts(root);
  const mounted = mounts?.namespaces ?? [];
  const tables = Array.from(held, ([inode, pids]) => readHeld(root, inode, pids, mounted)).filter(isDefined);

  const numbers = [numberOf(root, ours) ?? ownNumber(root), ...tables.map(({ number }) => number)];
  const mountOnly = mounted.filter(({ number }) => !numbers.includes(number));
  const unknown = numbers.filter((number) => number === undefined).length;
  // Which of them are among those found already can be told only if every number is known.
  const entered = mountOnly.map((mount) => (unknown === 0 ? readMounted(root, mount) : 'refused'));

  const late = root.late();
  if (late !== undefined) return { fault: late };
  const others = [...tables, ...entered.filter(isTable)];
  const left = entered.filter((table) => table === 'refused').length;
  // Any namespace of unknown number may be one of those that are mounted.
  const atLeast = 1 + others.length + Math.max(0, left - unknown);
  const mountsKnown = mounts !== undefined;
  const processes = pids === undefined ? UNLISTED : sightOf(root, mounts, hidden);
  return { others, sight: { ...processes, mounts: left, mountsKnown, atLeast } };
}

function onlyOwn(processes: Sight['processes']): Sweep {
  return {
    others: [],
    sight: { processes, hidepid: undefined, listed: true, mounts: 0, mountsKnown: true, atLeast: 1 },
  };
}

/** A /proc that may be entered and not listed. */
const UNLISTED = { processes: 'own', hidepid: undefined, listed: false } as const;

interface Found {
  /** Processes by the inode that stands for their namespace, ascending. */
  readonly held: Map<number, number[]>;
  /** Whether there are processes that do not show theirs. */
  readonly hidden: boolean;
}

function namespacesByProcess(root: Root, pids: readonly number[]): Found {
  const held = new Map<number, number[]>();
  let hidden = false;
  for (const pid of pids) {
    if (root.expired(root.locate(`/proc/${pid}/net/stat`)) !== undefined) break;
    const inode = netInode(root, pid);
    if (typeof inode === 'number') remember(held, inode, pid);
    hidden = hidden || inode === 'hidden';
  }
  return { held, hidden };
}

function remember(held: Map<number, number[]>, inode: number, pid: number): void {
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
): NamespaceTable | undefined {
  for (const pid of pids) {
    const statistics = readStatistics(root, pid);
    const entered = withoutFile(statistics) ? readInside(root, `/proc/${pid}/ns/net`) : 'refused';
    const number = numberOf(root, [pid, ...pids]);
    if (entered === 'gone' || netInode(root, pid) !== inode) continue;
    const inside = entered === 'refused' ? { entries: entriesOf(statistics), statistics } : entered;
    const mount = mounted.find((known) => known.number === number);
    return { key: `net:${inode}`, pids, number, mount, ...inside };
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
function readMounted(root: Root, mount: NamespaceMount): NamespaceTable | 'refused' {
  const inside = readInside(root, mount.path);
  return typeof inside === 'string'
    ? 'refused'
    : { key: `mount:${mount.number}`, pids: [], number: mount.number, mount, ...inside };
}

function isTable(table: NamespaceTable | string): table is NamespaceTable {
  return typeof table === 'object';
}

function entriesOf(statistics: Reading<Statistics>): Reading<number> {
  if (!statistics.ok) return statistics;
  const { entries } = statistics.value;
  if (entries === undefined) return { ok: false, fault: { kind: 'malformed', source: statistics.source } };
  return { ok: true, value: entries, source: statistics.source };
}

/** N of `net:[N]`; of other users' processes only root may know it. */
function numberOf(root: Root, pids: readonly number[]): number | undefined {
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
