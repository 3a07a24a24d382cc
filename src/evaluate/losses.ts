// Why packets were lost: the only place that interprets the kernel's counters.
// Kernel source: net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm() and nf_ct_resolve_clash().
//   drop           the table was full; since 4.7 also a clash that could not be resolved
//   insert_failed  a clash: until 4.6 every clash (drop is not raised), from 4.7 to 5.9 also resolved ones, since 5.10
//                  only unresolved ones; since 5.15 also entries refused because of a long chain
//   chainlength    entries refused because of a long chain (5.15 and later)
// A clash is a new entry whose tuple already exists: NAT found no free port, or two packets of one new flow arrived at
// the
// same time.

import { COLUMN_NAMES, type Counters, type Statistics } from '../model/counters.ts';
import type { Reading } from '../model/fault.ts';
import type { KernelVersion } from '../model/machine.ts';
import { atLeast } from './kernel-version.ts';

/** Lost packets by cause; each is counted once. */
export interface Lost {
  readonly full: number;
  readonly clash: number;
  readonly chain: number;
  /** Lost to a full table or to a clash: this kernel's counters cannot separate the two. */
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

/** Returns the packets that `counters`, events or totals, mean on this kernel. */
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

/** True if the counters separate packets lost to clashes from those lost to a full table; false from 4.7 to 5.9. */
export function tellsClashes(counters: Counters, release: Reading<KernelVersion>): boolean {
  return clashCounting(counters, release) !== 'resolved too';
}

/**
 * `apart`: insert_failed counts clashes that drop does not. `dropped`: drop counts them too. `resolved too`:
 * insert_failed also counts clashes that lost no packet.
 */
function clashCounting(counters: Counters, release: Reading<KernelVersion>): 'apart' | 'dropped' | 'resolved too' {
  // The column came with the change, even if a distribution backported both.
  if (counters.clashres !== undefined) return 'dropped';
  if (!release.ok || atLeast(release.value, 5, 10)) return release.ok ? 'dropped' : 'resolved too';
  return atLeast(release.value, 4, 7) ? 'resolved too' : 'apart';
}

export function packetsLost({ full, clash, chain, fullOrClash }: Lost): number {
  return full + clash + chain + fullOrClash;
}

/** Returns new entries without space in the table: dropped, refused, or inserted after an eviction. */
export function withoutRoom({ full, fullOrClash, chain }: Lost, { early_drop = 0 }: Counters): number {
  return full + fullOrClash + chain + early_drop;
}

/** Returns the sums over all CPUs; a column that a CPU lacks has no key. */
export function totals({ cpus }: Statistics): Counters {
  const names = COLUMN_NAMES.filter((name) => cpus.length > 0 && cpus.every((cpu) => cpu[name] !== undefined));
  return Object.fromEntries(names.map((name) => [name, cpus.reduce((sum, cpu) => sum + (cpu[name] ?? 0), 0)]));
}

/** True if packets were dropped or entries evicted since boot, at this limit or an earlier one. */
export function hasReachedLimit(statistics: Reading<Statistics>, release: Reading<KernelVersion>): boolean {
  if (!statistics.ok) return false;
  const counters = totals(statistics.value);
  const { full, fullOrClash } = lostPackets(counters, release);
  return full + fullOrClash + (counters.early_drop ?? 0) > 0;
}
