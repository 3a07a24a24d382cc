// The rankings of a list in JSON.

import type { Count } from '../../words/body-types.ts';
import { addressWords, networkWords } from './address.ts';
import type { Holdings } from './holders.ts';
import type { Ranking } from './ranking.ts';

interface RankingHead {
  /** at least so many where may_lack is not 0 */
  readonly different: Count;
  /** by how much each count may be too low; 0 is exact */
  readonly may_lack: Count;
}

export interface AddressRanking extends RankingHead {
  /** @maxItems 1000 */
  readonly top: readonly { readonly address: string; readonly entries: Count }[];
}

export interface PortRanking extends RankingHead {
  /** @maxItems 1000 */
  readonly top: readonly { readonly protocol: Count; readonly port: Count; readonly entries: Count }[];
}

export function addressRanking({ rankings }: Holdings, name: 'sources' | 'networks' | 'destinations'): AddressRanking {
  const ranking = rankings[name];
  const words = name === 'networks' ? networkWords : addressWords;
  const top = ranking.holders.map(({ key, ipv6, entries }) => ({ address: words(key, ipv6), entries }));
  return { ...rankingHead(ranking), top };
}

export function portRanking(ports: Ranking): PortRanking {
  const top = ports.holders.map(({ key: [first = 0], entries }) => {
    return { protocol: first >>> 16, port: first & 0xffff, entries };
  });
  return { ...rankingHead(ports), top };
}

function rankingHead({ different, lacking }: Ranking): RankingHead {
  return { different, may_lack: lacking };
}
