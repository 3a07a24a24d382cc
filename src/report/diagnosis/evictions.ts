// How long an entry stays where others are let in at its cost. The kernel evicts those that are not ASSURED
// (net/netfilter/nf_conntrack_core.c, early_drop()), whichever it meets in the buckets that it looks into.

import type { TableResult } from '../../evaluate/evaluate.ts';
import type { Holdings } from '../list/holders.ts';

// Seconds: no answer takes longer, and many an entry without one would have ended by itself.
const PATIENCE = 30;

/**
 * Seconds; undefined if nothing is evicted, or if it is long enough for any reply. `holdings` is the list of this
 * table, if it could be read.
 */
export function survivalSeconds({ table, losses }: TableResult, holdings: Holdings | undefined): number | undefined {
  const evicted = losses?.events.early_drop ?? 0;
  if (losses === undefined || evicted === 0) return undefined;
  const assured = holdings === undefined || holdings.entries === 0 ? 0 : holdings.assured / holdings.entries;
  const seconds = (table.entries * (1 - assured)) / (evicted / losses.seconds);
  return seconds < PATIENCE ? seconds : undefined;
}
