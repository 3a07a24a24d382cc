// What each of the kernel's counters means, in words: for line 1, help, Munin, Prometheus and the report.

import type { CounterName } from '../observation/counters.ts';

interface CounterWords {
  /** Of --help and the manual. */
  readonly help: string;
  /** Behind a number of events. */
  readonly event: readonly [one: string, more: string];
  /** A label of at most 20 letters, and a sentence. */
  readonly munin: readonly [label: string, info: string];
  /** A sentence. */
  readonly prometheus: string;
  /** Beside the name in a report. */
  readonly report: string;
}

export const COUNTER_WORDS: Readonly<Record<CounterName, CounterWords>> = {
  drop: {
    help: 'packets dropped, table full',
    event: ['packet dropped', 'packets dropped'],
    munin: ['dropped', 'Packets dropped because the table was full'],
    prometheus: 'Packets dropped because the table was full.',
    report: 'dropped: the table was full',
  },
  early_drop: {
    help: 'entries evicted to make room',
    event: ['entry evicted', 'entries evicted'],
    munin: ['evicted', 'Entries evicted to make room; nothing was lost by it'],
    prometheus: 'Entries evicted to make room.',
    report: 'evicted to let new ones in: no packet lost',
  },
  insert_failed: {
    help: 'insertions that failed',
    event: ['insertion failed', 'insertions failed'],
    munin: ['insertions failed', 'Overlaps with dropped: never add the two'],
    prometheus: 'Insertions that failed; overlaps with drop.',
    report: 'insertions failed: overlaps the others',
  },
  chainlength: {
    help: 'refused, hash chain too long (5.15+)',
    event: ['refused by a long hash chain', 'refused by long hash chains'],
    munin: ['hash chain too long', 'Insertions refused below the limit'],
    prometheus: 'Insertions refused because a hash chain was too long.',
    report: 'refused: a hash chain was too long',
  },
  invalid: {
    help: 'packets that belong to no entry, and make none',
    event: ['invalid packet', 'invalid packets'],
    munin: ['invalid', 'Packets that belong to no entry; rules may drop them'],
    prometheus: 'Packets that belong to no entry, and make none; rules may drop them.',
    report: 'belong to no entry: rules may drop them',
  },
};
