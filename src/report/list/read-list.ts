// Reads a list of entries, with the share of it that is read shown on a terminal, and puts who has them in order.

import type { Fault } from '../../model/fault.ts';
import type { ReportContext } from '../reported.ts';
import { progressOf } from '../screen.ts';
import { arrivalsOf } from './arrivals.ts';
import { marksOf } from './begun.ts';
import { type Counted, countEntries } from './count.ts';
import { scaleDigest } from './digest.ts';
import type { EntryFeed } from './entry-feed.ts';
import { type Holdings, holdingsOf } from './holders.ts';
import { beginningOf, knownFormat } from './known-format.ts';
import type { Listed } from './listing.ts';
import type { NewEntriesOf } from './new-entries.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

/** A list that was read. */
export interface ReadList {
  /** The sysctls of its namespace that could be read; none if the list could not be opened. */
  readonly settings: ReadonlyMap<string, number>;
  /** Why a given list shows nothing. */
  readonly emptyFault: Fault | undefined;
  /** Adds the new entries that are found later. */
  readonly withNew: (began: NewEntriesOf) => Listed;
}

/**
 * A timeout that is not among the settings is taken to be the kernel's default; without settings the machine is unknown,
 * and so are its timeouts.
 */
export async function readList(
  feed: EntryFeed,
  settings: ReadonlyMap<string, number> | undefined,
  context: ReportContext,
): Promise<ReadList> {
  const timeouts = new Map([...DEFAULT_TIMEOUTS, ...(settings ?? [])]);
  const { stop, options, recording } = context;
  const { top, watch } = options;
  const progress = progressOf(watch || recording !== undefined ? 0 : (feed.expected ?? 0));
  const marks = marksOf(timeouts, recording?.freshSeconds);
  const recorded = { enough: recording && RECORDED_LINES, isLate: recording?.isLate };
  const counted = await countEntries(feed, marks, { stop, step: progress.update, ...recorded });
  progress.end();
  const { source, digest, sample, cut } = recording === undefined ? counted : scaledToTable(counted, feed.expected);
  if (cut !== undefined && cut !== 'stopped' && digest.entries === 0) {
    return noList(cut);
  }
  const holdings = holdingsOf(digest, settings === undefined ? new Map() : timeouts, top, sample);
  const withNew = (began: NewEntriesOf): Listed => {
    const arrivals = arrivalsOf(digest, began(digest, marks), top, sample, marks.freshSeconds);
    return { kind: 'list', source, cut, holdings, arrivals };
  };
  return { settings: settings ?? new Map(), emptyFault: emptyList(holdings, source), withNew };
}

export function noList(fault: Fault): ReadList {
  return { settings: new Map(), emptyFault: fault, withNew: () => ({ kind: 'none', fault }) };
}

// Shares are right to within one percentage point, and the slower engine takes half a second.
const RECORDED_LINES = 16_384;

// The kernel lists entries in the order of their hashes: the part that there was time for is an even sample of the table.
function scaledToTable(counted: Counted, expected = 0): Counted {
  const { cut, digest, sample } = counted;
  const lines = sample?.lines ?? digest.entries + digest.unknown;
  if (cut !== 'stopped' || lines === 0 || lines >= expected) return counted;
  scaleDigest(digest, expected / lines);
  return { ...counted, sample: { held: sample?.held ?? lines, lines: expected, read: lines } };
}

function emptyList({ entries, unknown }: Holdings, source: string): Fault | undefined {
  if (entries > 0) return undefined;
  if (unknown === 0) return { kind: 'empty', source };
  const format = knownFormat(beginningOf(source));
  if (format === 'no entries') return undefined;
  return format === undefined ? { kind: 'malformed', source } : { kind: 'other-format', source, detail: format.name };
}
