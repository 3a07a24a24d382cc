// A port that need not be tracked: a service whose packets stand alone. Never one of ssh, and never to be rid of a scan or
// of a flood that nobody answers, which only come in faster then.

import { atLeast } from '../../evaluate/kernel-version.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { Arrivals, Both } from '../list/arrivals.ts';
import type { Holder, Holdings } from '../list/holders.ts';
import { WORTHWHILE } from './release.ts';
import {
  type Adds,
  addressKey,
  addsOf,
  DOMINANT,
  halfOpen,
  maybeSsh,
  mostAdded,
  type Suspicion,
  TCP,
  UDP,
} from './suspicion.ts';

export interface NotrackAdvice {
  readonly kind: 'notrack';
  readonly protocol: number;
  readonly port: number;
  readonly entries: number;
  readonly of: number;
  readonly adds: Adds | undefined;
  /** Entries in a zone, for which it has no effect as it is. */
  readonly zoned: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Whose packets: those of this machine itself, those that pass through it, or both. */
  readonly reach: 'local' | 'forwarded' | 'both';
  /** Chains that would drop them untracked; undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
}

/** Clients take their ports from here on: a rule for such a port meets their connections too. */
const FIRST_OF_CLIENTS = 32_768;

// A translated port needs its entries: so may any other, with the next connection, if anything is translated.
export function notrackAdvice(
  found: Suspicion,
  holdings: Holdings,
  adders: Arrivals | undefined,
): readonly NotrackAdvice[] {
  const { rankings, entries, ipv6, nat, zoned } = holdings;
  const top = adders === undefined ? topPort(rankings.ports.holders[0]) : mostAdded(adders.both.ports);
  const [key = 0] = top?.key ?? [];
  const [protocol, port] = [key >>> 16, key & 0xffff];
  if (top === undefined || nat > 0 || !isReason(top, found, holdings, adders)) return [];
  if (protocol !== UDP && !isServed(protocol, top, found, holdings, adders)) return [];
  const adds = adders === undefined ? undefined : addsOf(top, adders);
  const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
  const reach = reachOf(found, holdings);
  const chains = found.chains?.filter(({ hook }) => isPassed(hook, reach));
  return [
    { kind: 'notrack', protocol, port, entries: top.entries, of: entries, adds, zoned, ...families, reach, chains },
  ];
}

function topPort(holder: Holder | undefined): Both | undefined {
  return holder === undefined ? undefined : { ...holder, added: 0 };
}

// A port that only idles takes no room from anybody.
function isReason(
  { entries: held, added }: Both,
  { arrivals }: Suspicion,
  { entries }: Holdings,
  adders: Arrivals | undefined,
): boolean {
  if (adders === undefined) return arrivals === undefined && held >= DOMINANT * entries;
  // Fresh entries may have been there for long, and be retries.
  const least = adders.kind === 'new' ? WORTHWHILE : DOMINANT;
  return added >= DOMINANT * adders.added.entries && held >= least * entries;
}

/** A TCP service whose clients complete their connections. */
function isServed(
  protocol: number,
  { key: [key = 0], entries }: Both,
  { ssh }: Suspicion,
  { groups }: Holdings,
  adders: Arrivals | undefined,
): boolean {
  const port = key & 0xffff;
  if (protocol !== TCP || port >= FIRST_OF_CLIENTS || maybeSsh(ssh, port)) return false;
  const completed = groups
    .filter((group) => group.protocol === TCP && group.port === port && group.assured)
    .reduce((sum, group) => sum + group.entries, 0);
  const isScan = adders !== undefined && halfOpen(adders) >= DOMINANT * adders.added.entries;
  return completed >= DOMINANT * entries && !isScan;
}

// iptables(8) of older kernels has no match for it that is the same in all of them.
function reachOf({ own, machine: { release } }: Suspicion, { rankings, entries }: Holdings): NotrackAdvice['reach'] {
  if (own.size === 0 || !release.ok || !atLeast(release.value, 3, 0)) return 'both';
  const ends = [...rankings.sources.holders, ...rankings.destinations.holders];
  const local = ends.reduce((sum, holder) => sum + (own.has(addressKey(holder)) ? holder.entries : 0), 0);
  if (local === 0) return 'forwarded';
  return local >= DOMINANT * entries ? 'local' : 'both';
}

function isPassed(hook: FilterChain['hook'], reach: NotrackAdvice['reach']): boolean {
  if (reach === 'local') return hook !== 'forward';
  return reach === 'both' || (hook !== 'input' && hook !== 'output');
}
