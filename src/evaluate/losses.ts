// Why packets are lost: the one place that says what the kernel's counters come to.
// Kernel source: net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm() and nf_ct_resolve_clash().
//   drop           the table was full; from 4.7 on also a clash that could not be resolved
//   insert_failed  a clash: until 4.6 each of them (and drop is not raised), from 4.7 to 5.9 also those that were
//                  resolved, from 5.10 on only those that were not; from 5.15 on also what a long chain refused
//   chainlength    what a long chain refused (5.15 and later)
// A clash is a new entry whose tuple another one has already: NAT found no free port, or two packets of one new flow came
// at the same time.

import { COLUMN_NAMES, type Counters, type Statistics } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import { atLeast } from './kernel-version.ts';

/** Packets, each of them in one of these. */
export interface Lost {
  readonly full: number;
  readonly clash: number;
  readonly chain: number;
  /** Dropped for one of the first two reasons: this kernel's counters do not tell which. */
  readonly fullOrClash: number;
}

export const NOTHING_LOST: Lost = { full: 0, clash: 0, chain: 0, fullOrClash: 0 };

export function addLost(a: Lost, b: Lost): Lost {
  return {
    full: a.full + b.full,
    clash: a.clash + b.clash,
    chain: a.chain + b.chain,
    fullOrClash: a.fullOrClash + b.fullOrClash,
  };
}

/** What `counters`, events or totals, come to on this kernel. */
export function lostPackets(counters: Counters, release: Reading<KernelVersion>): Lost {
  const { drop = 0, insert_failed: failed = 0, chainlength: chain = 0 } = counters;
  const clashes = Math.max(0, failed - chain);
  switch (clashCounting(counters, release)) {
    case 'apart':
      return { full: drop, clash: clashes, chain, fullOrClash: 0 };
    case 'dropped':
      return { full: Math.max(0, drop - clashes), clash: clashes, chain, fullOrClash: 0 };
    case 'resolved too': {
      const either = Math.min(drop, clashes);
      return { full: drop - either, clash: 0, chain, fullOrClash: either };
    }
  }
}

/** Whether the counters tell a packet that was lost to a clash from one that met a full table: not those of 4.7 to 5.9. */
export function tellsClashes(counters: Counters, release: Reading<KernelVersion>): boolean {
  return clashCounting(counters, release) !== 'resolved too';
}

/** Whether insert_failed counts what drop does not, what it does, or clashes that cost no packet as well. */
function clashCounting(counters: Counters, release: Reading<KernelVersion>): 'apart' | 'dropped' | 'resolved too' {
  // The column came with the change, also where a distribution took both to an older kernel.
  if (counters.clashres !== undefined) return 'dropped';
  if (!release.ok || atLeast(release.value, 5, 10)) return release.ok ? 'dropped' : 'resolved too';
  return atLeast(release.value, 4, 7) ? 'resolved too' : 'apart';
}

export function packetsLost({ full, clash, chain, fullOrClash }: Lost): number {
  return full + clash + chain + fullOrClash;
}

/** New entries that found no room: dropped or refused, or let in where another one had to go. */
export function withoutRoom({ full, fullOrClash, chain }: Lost, { early_drop = 0 }: Counters): number {
  return full + fullOrClash + chain + early_drop;
}

/** Of all CPUs together; a column that one of them lacks has no key. */
export function totals({ cpus }: Statistics): Counters {
  const known = COLUMN_NAMES.filter((name) => cpus.length > 0 && cpus.every((cpu) => cpu[name] !== undefined));
  return Object.fromEntries(known.map((name) => [name, cpus.reduce((sum, cpu) => sum + (cpu[name] ?? 0), 0)]));
}

/** Whether anything was dropped or evicted since boot, at this limit or at one before. */
export function hasReachedLimit(statistics: Reading<Statistics>, release: Reading<KernelVersion>): boolean {
  if (!statistics.ok) return false;
  const counters = totals(statistics.value);
  const { full, fullOrClash } = lostPackets(counters, release);
  return full + fullOrClash + (counters.early_drop ?? 0) > 0;
}
