// The sources that add entries, not only those that hold them: an idle connection holds an entry and adds none.

import { FRESH_SECONDS } from './begun.ts';
import type { Digest } from './digest.ts';
import { type Holdings, kindsOf, type Sampled } from './holders.ts';
import type { OpenGroup } from './open-timers.ts';
import { type Holder, RANKING_NAMES, type RankingName, rankingsOf, talliesOf } from './ranking.ts';
import { countOf, heaviest, type Tally } from './tally.ts';

/** Entries that began between two readings of the first lines of a list; the digest is scaled to the whole. */
export interface NewEntries {
  readonly digest: Digest;
  readonly seconds: number;
  /** New entries that were seen, and the lines that were compared. */
  readonly counted: number;
  readonly read: number;
  readonly open?: readonly OpenGroup[];
}

/** An address or port that has entries, or adds them. */
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
  /** New entries that were seen, and the lines that were compared; all other figures are estimates from them. */
  readonly counted: number;
  readonly read: number;
  /** True if enough were seen for their shares to mean something. */
  readonly telling: boolean;
  readonly added: Pick<Holdings, 'entries' | 'rankings' | 'kinds' | 'ipv6'>;
  /** Rows requested, of those with most entries or most new entries. */
  readonly top: number;
  readonly both: Readonly<Record<RankingName, readonly Both[]>>;
  /** Open TCP connections that were read twice; empty if there was a single reading. */
  readonly open: readonly OpenGroup[];
}

// A share of fewer means nothing.
const ENOUGH = 30;
const LEAST_KEPT = 10;

/** Prefers new entries to fresh ones, if there are enough of them. */
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

function addedFigures(all: Digest, added: Digest, counted: number, top: number): AddedFigures {
  const { entries, ipv6 } = added;
  // A single row on request is still chosen among all.
  const of = (name: RankingName) => bothOf(all, added, name, Math.max(top, LEAST_KEPT));
  const [sources = [], networks = [], destinations = [], ports = []] = RANKING_NAMES.map(of);
  return {
    telling: counted >= ENOUGH,
    added: { entries, ipv6, kinds: kindsOf(added), rankings: rankingsOf(added, top, false) },
    top,
    both: { sources, networks, destinations, ports },
  };
}

function bothOf(all: Digest, added: Digest, name: RankingName, top: number): readonly Both[] {
  const rows = talliesOf(name).flatMap((part, place) => {
    const [held, begun] = [all.tallies[part], added.tallies[part]];
    const keys = new Map([held, begun].flatMap((tally) => heaviest(tally, top).map(({ key }) => [key.join(), key])));
    return Array.from(keys.values(), (key) => {
      const addedOfIt = countOf(begun, key);
      return { key, ipv6: place === 1, entries: leastEntries(held, key, addedOfIt), added: addedOfIt };
    });
  });
  const weight = (row: Both) => Math.max(row.entries / all.entries, row.added / Math.max(1, added.entries));
  return rows.sort((a, b) => weight(b) - weight(a)).slice(0, top);
}

/** Its known entries; where the count may be too low, at least those it has added. */
function leastEntries(held: Tally, key: readonly number[], addedOfIt: number): number {
  const known = countOf(held, key);
  return Math.max(known, Math.min(addedOfIt, known + held.lacking));
}
