// Reads a list of entries, with the share of it that is read shown on a terminal, and puts who has them in order.

import type { Fault } from '../../model/fault.ts';
import type { ReportContext } from '../reported.ts';
import { progressOf } from '../screen.ts';
import { arrivalsOf } from './arrivals.ts';
import { marksOf } from './begun.ts';
import { countEntries } from './count.ts';
import type { EntryFeed } from './entry-feed.ts';
import { type Holdings, holdingsOf } from './holders.ts';
import type { Listed } from './listing.ts';
import type { NewEntriesOf } from './new-entries.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

/** What a list came to. */
export interface ReadList {
  /** The sysctls of its namespace that could be read; none if the list could not be opened. */
  readonly settings: ReadonlyMap<string, number>;
  /** Why a list that somebody has given tells nothing. */
  readonly nothing: Fault | undefined;
  /** With what is found out later of new entries. */
  readonly withNew: (began: NewEntriesOf) => Listed;
}

/** A timeout that is not among the settings is taken to be the kernel's default. */
export async function readList(
  feed: EntryFeed,
  settings: ReadonlyMap<string, number>,
  context: ReportContext,
): Promise<ReadList> {
  const timeouts = new Map([...DEFAULT_TIMEOUTS, ...settings]);
  const { stop, options } = context;
  const { top, watch } = options;
  const progress = progressOf(watch ? 0 : (feed.expected ?? 0));
  const marks = marksOf(timeouts);
  const { source, digest, sample, cut } = await countEntries(feed, marks, { stop, step: progress.update });
  progress.end();
  if (cut !== undefined && cut !== 'stopped' && digest.entries === 0) {
    return noList(cut);
  }
  const holdings = holdingsOf(digest, timeouts, top, sample);
  const withNew = (began: NewEntriesOf): Listed => {
    const arrivals = arrivalsOf(digest, began(digest, marks), top, sample);
    return { kind: 'list', source, cut, holdings, arrivals };
  };
  return { settings, nothing: emptyList(holdings, source), withNew };
}

export function noList(fault: Fault): ReadList {
  return { settings: new Map(), nothing: fault, withNew: () => ({ kind: 'none', fault }) };
}

function emptyList({ entries, unknown }: Holdings, source: string): Fault | undefined {
  return entries > 0 ? undefined : { kind: unknown === 0 ? 'empty' : 'malformed', source };
}
