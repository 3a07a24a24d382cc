// The culprit that fills a table: a flood, a port that need not be tracked, a source, or a network.

import type { Arrivals, Both } from '../list/arrivals.ts';
import type { Holdings } from '../list/holders.ts';
import type { NetworkAdvice, SourceAdvice } from './keep-out.ts';
import { type NotrackAdvice, notrackAdvice } from './notrack.ts';
import { type RateLimitAdvice, rateLimitAdvice } from './rate-limit.ts';
import { type SourceLimitAdvice, sourceLimitAdvice } from './source-limit.ts';
import { type Extent, hasSsh, isUnanswered, sparedBy } from './spared.ts';
import { addsOf, DOMINANT, mostAdded, type Suspicion, WORTHWHILE } from './suspicion.ts';
import { synFloodOf } from './syn-flood.ts';
import { type SynproxyAdvice, synproxyAdvice } from './synproxy.ts';

export type CulpritAdvice =
  | NotrackAdvice
  | SynproxyAdvice
  | RateLimitAdvice
  | SourceAdvice
  | NetworkAdvice
  | SourceLimitAdvice;

const ALIKE = 0.8;

export function culpritAdvice(suspicion: Suspicion, holdings: Holdings): readonly CulpritAdvice[] {
  const adders = addersOf(suspicion, holdings);
  const flood = adders === undefined ? [] : floodAdvice(suspicion, holdings, adders);
  if (flood.length > 0) return flood;
  const culprits = adders === undefined ? holderAdvice(suspicion, holdings) : adderAdvice(suspicion, holdings, adders);
  return [...notrackAdvice(suspicion, holdings, adders), ...culprits];
}

function floodAdvice(suspicion: Suspicion, holdings: Holdings, adders: Arrivals): readonly CulpritAdvice[] {
  const flood = synFloodOf(suspicion, holdings, adders);
  if (flood === undefined) return [];
  return [...synproxyAdvice(suspicion, holdings, flood), ...rateLimitAdvice(suspicion, holdings, flood)];
}

// Arrivals that take longer than this to fill a tenth of the table do not explain its trouble.
const RELEVANT_SECONDS = 60;

// If the table is full, the entries that get in represent those that do not.
function addersOf({ arrivals, refused }: Suspicion, { entries }: Holdings): Arrivals | undefined {
  if (arrivals === undefined || !arrivals.telling) return undefined;
  const perSecond = arrivals.added.entries / arrivals.seconds + refused;
  return RELEVANT_SECONDS * perSecond >= WORTHWHILE * entries ? arrivals : undefined;
}

// Fresh entries may be retries of old connections: they show a culprit only if it also has most entries.
function dominates({ entries, added }: Both, { kind, added: { entries: of } }: Arrivals, all: number): boolean {
  return added >= DOMINANT * of && entries >= (kind === 'new' ? WORTHWHILE / 10 : DOMINANT) * all;
}

function holderAdvice(suspicion: Suspicion, holdings: Holdings): readonly SourceAdvice[] {
  const { rankings, entries: of, zoned } = holdings;
  const [top, next] = rankings.sources.holders;
  if (top === undefined || top.entries < DOMINANT * of) return [];
  // A source with hardly more entries than the next one does not stand out.
  if (next !== undefined && next.entries > ALIKE * top.entries) return [];
  const spared = sparedBy(suspicion, holdings, top, 'source');
  const ssh = hasSsh(suspicion.ssh, top, 'source');
  return [{ kind: 'source', holder: top, of, zoned, hasSsh: ssh, spared, maybeForged: isUnanswered(holdings) }];
}

function adderAdvice(suspicion: Suspicion, holdings: Holdings, adders: Arrivals): readonly CulpritAdvice[] {
  const { sources, networks } = adders.both;
  const [source, network] = [mostAdded(sources), mostAdded(networks)];
  if (source !== undefined && dominates(source, adders, holdings.entries))
    return addedBy(suspicion, holdings, adders, source, 'source');
  if (network === undefined || !dominates(network, adders, holdings.entries)) return [];
  return addedBy(suspicion, holdings, adders, network, 'network');
}

function addedBy(
  suspicion: Suspicion,
  holdings: Holdings,
  adders: Arrivals,
  culprit: Both,
  kind: Extent,
): readonly CulpritAdvice[] {
  const ssh = hasSsh(suspicion.ssh, culprit, kind);
  const spared = sparedBy(suspicion, holdings, culprit, kind);
  const { entries: of, zoned } = holdings;
  const maybeForged = isUnanswered(holdings);
  const step = { kind, holder: culprit, of, zoned, adds: addsOf(culprit, adders), hasSsh: ssh, spared, maybeForged };
  const rows = kind === 'source' ? adders.both.sources : adders.both.networks;
  return spared === undefined && ssh !== true
    ? [step, ...sourceLimitAdvice(suspicion, culprit, rows, kind, ssh)]
    : [step];
}
