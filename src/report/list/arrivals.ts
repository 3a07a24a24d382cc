// Who adds to a table, and not only who has it: connections that idle hold entries and bring no new ones.

import { FRESH_SECONDS } from './begun.ts';
import type { Digest } from './digest.ts';
import {
  type Holder,
  type Holdings,
  kindsOf,
  RANKING_NAMES,
  type RankingName,
  rankingsOf,
  type Sampled,
  talliesOf,
} from './holders.ts';
import type { OpenGroup } from './open-timers.ts';
import { countOf, heaviest, type Tally } from './tally.ts';

/** What has begun between two readings of the first lines of a list; the digest is scaled to the whole. */
export interface NewEntries {
  readonly digest: Digest;
  readonly seconds: number;
  /** So many were seen, among so many lines. */
  readonly counted: number;
  readonly read: number;
  readonly open?: readonly OpenGroup[];
}

/** One that has entries, or adds them. */
export interface Both extends Holder {
  readonly added: number;
}

export interface Arrivals {
  /**
   * `new`: was not there a moment before, for certain. `fresh`: what one reading tells, began within the last seconds or
   * was tried again without an answer.
   */
  readonly kind: 'new' | 'fresh';
  readonly seconds: number;
  /** So many were seen, among so many lines; all others are estimated by them. */
  readonly counted: number;
  readonly read: number;
  /** Whether they are so many that their shares tell who adds. */
  readonly telling: boolean;
  readonly added: Pick<Holdings, 'entries' | 'rankings' | 'kinds' | 'ipv6'>;
  /** Those with most of the entries or of what is added; so many of them were asked for. */
  readonly top: number;
  readonly both: Readonly<Record<RankingName, readonly Both[]>>;
  /** Open TCP connections that were read twice; empty if there was a single reading. */
  readonly open: readonly OpenGroup[];
}

// Of fewer a share means nothing.
const ENOUGH = 30;
const LEAST_KEPT = 10;

/** What is new is better evidence than what is fresh, where there is enough of it. */
export function arrivalsOf(
  all: Digest,
  began: NewEntries | undefined,
  top: number,
  sample: Sampled | undefined,
  freshSeconds = FRESH_SECONDS,
): Arrivals {
  const { fresh = all } = all;
  const open = began?.open ?? [];
  const share = sample === undefined ? 1 : sample.held / sample.lines;
  const seen = Math.round(share * fresh.entries);
  if (began === undefined || (began.counted < ENOUGH && seen >= ENOUGH)) {
    const figures = { seconds: freshSeconds, counted: seen, read: Math.round(share * all.entries) };
    return { kind: 'fresh', open, ...figures, ...addedFigures(all, fresh, seen, top) };
  }
  const { digest, seconds, counted, read } = began;
  return { kind: 'new', open, seconds, counted, read, ...addedFigures(all, digest, counted, top) };
}

type AddedFigures = Pick<Arrivals, 'telling' | 'added' | 'top' | 'both'>;

function addedFigures(all: Digest, some: Digest, counted: number, top: number): AddedFigures {
  const { entries, ipv6 } = some;
  // Whoever asks to see one of them wants all to be judged.
  const of = (name: RankingName) => bothOf(all, some, name, Math.max(top, LEAST_KEPT));
  const [sources = [], networks = [], destinations = [], ports = []] = RANKING_NAMES.map(of);
  return {
    telling: counted >= ENOUGH,
    added: { entries, ipv6, kinds: kindsOf(some), rankings: rankingsOf(some, top, false) },
    top,
    both: { sources, networks, destinations, ports },
  };
}

function bothOf(all: Digest, added: Digest, name: RankingName, top: number): readonly Both[] {
  const rows = talliesOf(name).flatMap((part, place) => {
    const [held, more] = [all.tallies[part], added.tallies[part]];
    const keys = new Map([held, more].flatMap((tally) => heaviest(tally, top).map(({ key }) => [key.join(), key])));
    return Array.from(keys.values(), (key) => {
      const addedOfIt = countOf(more, key);
      return { key, ipv6: place === 1, entries: leastEntries(held, key, addedOfIt), added: addedOfIt };
    });
  });
  const weight = (row: Both) => Math.max(row.entries / all.entries, row.added / Math.max(1, added.entries));
  return rows.sort((a, b) => weight(b) - weight(a)).slice(0, top);
}

/** What it is known to have, and as far as its count may lack some, no less than it has added. */
function leastEntries(held: Tally, key: readonly number[], addedOfIt: number): number {
  const known = countOf(held, key);
  return Math.max(known, Math.min(addedOfIt, known + held.lacking));
}
