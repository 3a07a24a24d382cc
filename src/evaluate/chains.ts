// Hash chains: since 5.15 a chain of more than 50 to 80 entries accepts no new one (net/netfilter/nf_conntrack_core.c,
// max_chainlen). Entries are then refused although the table is not full.

import { counterSpec } from '../model/counters.ts';
import type { Machine } from '../model/machine.ts';
import type { Table } from '../model/table.ts';
import { atLeast } from './kernel-version.ts';

// Entries per bucket. At this mean, chains that long are common.
const LONG_CHAINS = 25;

/** True if this kernel, with so few buckets, refuses entries before the table is full. */
export function refusesBelowLimit(machine: Machine, table: Table): boolean {
  const { buckets } = machine;
  return buckets.ok && table.limit / buckets.value > LONG_CHAINS && limitsChains(machine, table);
}

// The counter came with the limit, so it is the proof, whatever the release. If it cannot be read, the release decides.
function limitsChains({ release }: Machine, { statistics }: Table): boolean {
  if (statistics.ok) return statistics.value.cpus.every((cpu) => cpu.chainlength !== undefined);
  const { since } = counterSpec('chainlength');
  return release.ok && since !== undefined && atLeast(release.value, ...since);
}
