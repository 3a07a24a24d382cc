// The meaning of each kernel counter in words: for line 1, help, Munin, Prometheus and the report.

import type { CounterName } from '../model/counters.ts';

interface CounterWords {
  /** For --help and the manual. */
  readonly help: string;
  /** Follows a number of events. */
  readonly event: readonly [singular: string, plural: string];
  /** A label of at most 20 characters, and a sentence. */
  readonly munin: readonly [label: string, info: string];
  /** A sentence. */
  readonly prometheus: string;
  /** Follows the name in a report. */
  readonly report: string;
}

export const COUNTER_WORDS: Readonly<Record<CounterName, CounterWords>> = {
  drop: {
    help: 'packets dropped: table full, or a clash',
    event: ['packet dropped', 'packets dropped'],
    munin: ['dropped', 'Packets dropped: the table was full, or (with insert_failed) a clash'],
    prometheus: 'Packets dropped: the table was full, or, if insert_failed rises too, a clash.',
    report: 'dropped: the table was full, or a clash',
  },
  early_drop: {
    help: 'entries evicted to make room',
    event: ['entry evicted', 'entries evicted'],
    munin: ['evicted', 'Entries evicted to make room; late replies are lost'],
    prometheus: 'Entries evicted to make room.',
    report: 'evicted to let new ones in',
  },
  insert_failed: {
    help: 'insertions that failed: clashes, long chains',
    event: ['insertion failed', 'insertions failed'],
    munin: ['insertions failed', 'Clashes, and refusals for long chains; overlaps with drop'],
    prometheus: 'Insertions that failed: clashes, and refusals for long chains; overlaps with drop.',
    report: 'clashes, and refusals for long chains',
  },
  chainlength: {
    help: 'entries refused: hash chain too long (5.15+)',
    event: ['refused for a long hash chain', 'refused for long hash chains'],
    munin: ['hash chain too long', 'Insertions refused below the limit'],
    prometheus: 'Insertions refused because a hash chain was too long.',
    report: 'refused: a hash chain was too long',
  },
  invalid: {
    help: 'packets that match no entry and create none',
    event: ['invalid packet', 'invalid packets'],
    munin: ['invalid', 'Packets that match no entry; rules may drop them'],
    prometheus: 'Packets that match no entry and create none; rules may drop them.',
    report: 'match no entry: rules may drop them',
  },
};
