// The sources, networks, destinations and ports with the most entries.

import type { Digest, TallyName } from './digest.ts';
import { CAPACITY, heaviest } from './tally.ts';

export const RANKING_NAMES = ['sources', 'networks', 'destinations', 'ports'] as const;
export type RankingName = (typeof RANKING_NAMES)[number];

/** Addresses as 32-bit words; of a network those of its first address; of a port one, `protocol << 16 | port`. */
export interface Holder {
  readonly key: readonly number[];
  readonly ipv6: boolean;
  readonly entries: number;
}

export interface Ranking {
  readonly name: RankingName | 'sourcePorts';
  readonly holders: readonly Holder[];
  /** By how much any of the counts may be too low. */
  readonly lacking: number;
  /** How many different ones there are. */
  readonly different: number;
  /** True if `different` is a lower bound. */
  readonly differentAtLeast: boolean;
}

export type Rankings = Readonly<Record<RankingName, Ranking>>;

const TALLIES: Readonly<Record<Ranking['name'], readonly TallyName[]>> = {
  sources: ['sources4', 'sources6'],
  networks: ['networks4', 'networks6'],
  destinations: ['destinations4', 'destinations6'],
  ports: ['ports'],
  sourcePorts: ['sourcePorts'],
};

/** The tallies of IPv4 and IPv6, or one for both. */
export function talliesOf(name: RankingName): readonly TallyName[] {
  return TALLIES[name];
}

export function rankingsOf(digest: Digest, top: number, isSample: boolean): Rankings {
  const ranked = (name: RankingName) => rankingOf(digest, name, top, isSample);
  return {
    sources: ranked('sources'),
    networks: ranked('networks'),
    destinations: ranked('destinations'),
    ports: ranked('ports'),
  };
}

export function rankingOf({ tallies }: Digest, name: Ranking['name'], top: number, isSample: boolean): Ranking {
  const parts = TALLIES[name].map((part) => tallies[part]);
  const holders = parts.flatMap((tally, place) =>
    heaviest(tally, top).map(({ key, count }) => ({ key, ipv6: place === 1, entries: count })),
  );
  holders.sort((a, b) => b.entries - a.entries);
  const different = parts.reduce((sum, { used, lacking }) => sum + (lacking > 0 ? CAPACITY : used), 0);
  const lacking = Math.max(...parts.map((part) => part.lacking));
  return { name, holders: holders.slice(0, top), lacking, different, differentAtLeast: isSample || lacking > 0 };
}
