// Who fills a table, in one name: what a list of incidents has room for, and what two of them are compared by.

import type { MainSource } from '../history/incident-record.ts';
import { DOMINANT, mostAdded } from './advice/suspicion.ts';
import type { Shortage } from './diagnosis/nat-ports.ts';
import { addressWords, networkWords, protocolWords } from './list/address.ts';
import type { Arrivals } from './list/arrivals.ts';
import type { Holder, Holdings, RankingName } from './list/holders.ts';
import type { Listed } from './list/listing.ts';
import type { ReportFindings } from './report-findings.ts';

/** null if the list is unknown, or if nothing in it stands out. */
export function mainSource({ listed, shortage, isForeign }: Pick<ReportFindings, 'listed' | 'shortage' | 'isForeign'>) {
  if (listed.kind === 'none' || isForeign || listed.holdings.entries === 0) return null;
  return natMainSource(shortage, listed) ?? adder(listed.arrivals, listed.holdings) ?? heldMost(listed.holdings);
}

/** Of NAT without a free port the destination: the sources are behind it, and each has its part. */
function natMainSource(shortage: Shortage, { holdings }: Extract<Listed, { kind: 'list' }>): MainSource | undefined {
  if (typeof shortage === 'string') return undefined;
  const { protocol, destination, ipv6, port, used } = shortage.use;
  const name = `${protocolWords(protocol)} ${port} of ${addressWords(destination, ipv6)}`;
  return { kind: 'nat', name, share: mainShare(used, holdings.entries), of: 'held' };
}

/** What adds a tenth of the entries in a minute. */
const [RELEVANT_SHARE, ADDED_SECONDS] = [0.1, 60];

function adder(arrivals: Arrivals, { entries }: Holdings): MainSource | undefined {
  const { telling, kind, seconds, added, both } = arrivals;
  const inTime = kind === 'new' ? (ADDED_SECONDS * added.entries) / seconds : added.entries;
  if (!telling || inTime < RELEVANT_SHARE * entries) return undefined;
  return firstDominant(
    (name) => {
      const most = mostAdded(both[name]);
      return most && { holder: most, some: most.added };
    },
    added.entries,
    'added',
  );
}

function heldMost({ rankings, entries }: Holdings): MainSource | null {
  const first = (name: RankingName) => {
    const [most] = rankings[name].holders;
    return most && { holder: most, some: most.entries };
  };
  return firstDominant(first, entries, 'held') ?? null;
}

interface LargestPart {
  readonly holder: Holder;
  readonly some: number;
}

const KINDS = [
  ['sources', 'source'],
  ['networks', 'network'],
  ['ports', 'destination'],
] as const;

/** A source with half of all, else a network with half, else a port that half go to. */
function firstDominant(
  most: (name: RankingName) => LargestPart | undefined,
  all: number,
  of: MainSource['of'],
): MainSource | undefined {
  for (const [ranking, kind] of KINDS) {
    const part = most(ranking);
    if (part !== undefined && part.some >= DOMINANT * all)
      return {
        kind,
        name: mainName(kind, part.holder, most('destinations'), all),
        share: mainShare(part.some, all),
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
  const isOne = to !== undefined && to.some >= DOMINANT * all;
  return isOne ? `${port} of ${addressWords(to.holder.key, to.holder.ipv6)}` : port;
}

function mainShare(some: number, all: number): number {
  return Math.min(100, (100 * some) / all);
}
