// Reads a list of entries, with the share of it that is read shown on a terminal, and puts who has them in order.

import { holdingsOf } from '../evaluate/holders.ts';
import { endedAt, type Timeouts } from '../evaluate/timeouts.ts';
import type { EntryFeed } from '../kernel/entry-feed.ts';
import type { Fault } from '../observation/fault.ts';
import type { Listed } from '../present/listing.ts';
import { countEntries } from './count.ts';
import type { ReportContext } from './reported.ts';
import { progressOf } from './terminal.ts';

export async function readList(feed: EntryFeed, timeouts: Timeouts, context: ReportContext): Promise<Listed> {
  const { stop, options } = context;
  const progress = progressOf(options.watch ? 0 : (feed.expected ?? 0));
  const { source, digest, sample, cut } = await countEntries(feed, endedAt(timeouts), { stop, step: progress.update });
  progress.end();
  if (cut !== undefined && cut !== 'stopped' && digest.entries === 0) return { kind: 'none', fault: cut };
  return { kind: 'list', source, cut, holdings: holdingsOf(digest, timeouts, options.top, sample) };
}

/** Why a list that somebody has given tells nothing. */
export function emptyList(listed: Listed): Fault | undefined {
  if (listed.kind === 'none') return listed.fault;
  const { holdings, source } = listed;
  return holdings.entries > 0 ? undefined : { kind: holdings.unknown === 0 ? 'empty' : 'malformed', source };
}
