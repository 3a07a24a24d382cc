// The source that fills a table, as one name: for the list of incidents, and to compare incidents with.

import type { MainSource } from '../history/incident-record.ts';
import { DOMINANT, mostAdded } from './advice/suspicion.ts';
import type { Shortage } from './diagnosis/nat-ports.ts';
import { addressWords, networkWords, protocolWords } from './list/address.ts';
import type { Arrivals } from './list/arrivals.ts';
import type { Holdings } from './list/holders.ts';
import type { Listed } from './list/listing.ts';
import type { Holder, RankingName } from './list/ranking.ts';
import type { ReportFindings } from './report-findings.ts';

/** null if the list is unknown, or if nothing in it stands out. */
export function mainSource({ listed, shortage, isForeign }: Pick<ReportFindings, 'listed' | 'shortage' | 'isForeign'>) {
  if (listed.kind === 'none' || isForeign || listed.holdings.entries === 0) return null;
  return natMainSource(shortage, listed) ?? adder(listed.arrivals, listed.holdings) ?? heldMost(listed.holdings);
}

/** If NAT has no free port, the destination stands for the many sources. */
function natMainSource(shortage: Shortage, { holdings }: Extract<Listed, { kind: 'list' }>): MainSource | undefined {
  if (typeof shortage === 'string') return undefined;
  const { protocol, destination, translated, ipv6, port, used, largest } = shortage.use;
  const name = `${protocolWords(protocol)} ${port} of ${addressWords(destination, ipv6)}`;
  const source = largest === undefined ? null : addressWords(largest.source, ipv6);
  const nat = { address: addressWords(translated, ipv6), source, share: largest?.share ?? 0 };
  return { kind: 'nat', name, share: mainShare(used, holdings.entries), of: 'held', nat };
}

/** A source counts as adding if it adds a tenth of the entries in a minute. */
const [RELEVANT_SHARE, ADDED_SECONDS] = [0.1, 60];

function adder(arrivals: Arrivals, { entries }: Holdings): MainSource | undefined {
  const { telling, kind, seconds, added, both } = arrivals;
  const inTime = kind === 'new' ? (ADDED_SECONDS * added.entries) / seconds : added.entries;
  if (!telling || inTime < RELEVANT_SHARE * entries) return undefined;
  return firstDominant(
    (name) => {
      const most = mostAdded(both[name]);
      return most && { holder: most, size: most.added };
    },
    added.entries,
    'added',
  );
}

function heldMost({ rankings, entries }: Holdings): MainSource | null {
  const first = (name: RankingName) => {
    const [most] = rankings[name].holders;
    return most && { holder: most, size: most.entries };
  };
  return firstDominant(first, entries, 'held') ?? null;
}

interface LargestPart {
  readonly holder: Holder;
  readonly size: number;
}

const KINDS = [
  ['sources', 'source'],
  ['networks', 'network'],
  ['ports', 'destination'],
] as const;

/** A source with half of the entries, else a network with half, else a port with half. */
function firstDominant(
  most: (name: RankingName) => LargestPart | undefined,
  all: number,
  of: MainSource['of'],
): MainSource | undefined {
  for (const [ranking, kind] of KINDS) {
    const part = most(ranking);
    if (part !== undefined && part.size >= DOMINANT * all)
      return {
        kind,
        name: mainName(kind, part.holder, most('destinations'), all),
        share: mainShare(part.size, all),
        of,
      };
  }
  return undefined;
}

function mainName(kind: MainSource['kind'], { key, ipv6 }: Holder, to: LargestPart | undefined, all: number): string {
  if (kind === 'source') return addressWords(key, ipv6);
  if (kind === 'network') return networkWords(key, ipv6);
  const [word = 0] = key;
  const port = `${protocolWords(word >>> 16)} ${word & 0xffff}`;
  const isOne = to !== undefined && to.size >= DOMINANT * all;
  return isOne ? `${port} of ${addressWords(to.holder.key, to.holder.ipv6)}` : port;
}

function mainShare(part: number, all: number): number {
  return Math.min(100, (100 * part) / all);
}
