// Hash chains: from 5.15 on one of more than 50 to 80 entries takes no other (net/netfilter/nf_conntrack_core.c,
// max_chainlen), so that new entries are refused while the table is not full.

import { counterSpec } from '../model/counters.ts';
import type { Machine } from '../model/machine.ts';
import type { Table } from '../model/table.ts';
import { atLeast } from './kernel-version.ts';

// Entries for each bucket. At this mean, chains that long are common.
const LONG_CHAINS = 25;

/** Whether this kernel, with so few buckets, will refuse entries while the table is not full. */
export function refusesBelowLimit(machine: Machine, table: Table): boolean {
  const { buckets } = machine;
  return buckets.ok && table.limit / buckets.value > LONG_CHAINS && limitsChains(machine, table);
}

// The counter itself tells, whatever the release says: it came with the bound. Where it cannot be read, the release does.
function limitsChains({ release }: Machine, { statistics }: Table): boolean {
  if (statistics.ok) return statistics.value.cpus.every((cpu) => cpu.chainlength !== undefined);
  const { since } = counterSpec('chainlength');
  return release.ok && since !== undefined && atLeast(release.value, ...since);
}
