// Sources and networks against which no rule is advised, and why.

import { hasLocalNetwork, isOwnAddress, type OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import type { Holdings } from '../list/holders.ts';
import type { Holder } from '../list/ranking.ts';
import { DOMINANT, HALF_STATES, NEARLY_ALL, type Suspicion, TCP } from './suspicion.ts';

/**
 * `own`, `home`: the machine itself, or a network that it is in; `host`: the same, seen from a container. `unknown`:
 * may be one of these. `ssh`: a session comes from there. `everything`: nearly all entries are from there. `one_way`: a
 * server, of whose connections only the replies pass. `zones`: the same address may be another tenant.
 */
export type Spared = 'own' | 'home' | 'host' | 'unknown' | 'ssh' | 'everything' | 'one_way' | 'zones';

export type Extent = 'source' | 'network';

export function sparedBy(suspicion: Suspicion, holdings: Holdings, holder: Holder, extent: Extent): Spared | undefined {
  const [own, host] = [suspicion.own, suspicion.host].map((addresses) =>
    extent === 'source' ? isOwnAddress(addresses, holder) : hasOwn(addresses, holder),
  );
  if (own === true) return extent === 'source' ? 'own' : 'home';
  if (host === true) return 'host';
  if (hasSsh(suspicion.ssh, holder, extent) === true) return 'ssh';
  if (isOneWay(holdings)) return 'one_way';
  if (own === undefined || host === undefined) return 'unknown';
  if (holdings.zoned > 0) return 'zones';
  return isEverything(holdings, holder, extent) ? 'everything' : undefined;
}

/** Undefined if not all sessions are known. */
export function hasSsh({ clients, isComplete }: SshAccess, holder: Holder, extent: Extent): boolean | undefined {
  return isAmong(clients, holder, extent) || (isComplete ? false : undefined);
}

/** True if the machine has an address in a network; undefined if its addresses are unknown. */
function hasOwn(own: OwnAddresses, network: Holder): boolean | undefined {
  const addresses = network.ipv6 ? own.ipv6 : own.ipv4;
  return addresses && (isAmong(addresses, network, 'network') || hasLocalNetwork(own, network, network.ipv6 ? 64 : 24));
}

function isAmong(addresses: ReadonlySet<string>, { key, ipv6 }: Holder, extent: Extent): boolean {
  return Array.from(addresses, (address) => address.split(',').map(Number)).some(
    (words) => words.length === (ipv6 ? 4 : 1) && partOf(words, extent).join() === partOf(key, extent).join(),
  );
}

/** The address, or the network as the list has it: /24 or /64. */
function partOf(words: readonly number[], extent: Extent): readonly number[] {
  if (extent === 'source') return words;
  return words.length === 1 ? words.map((word) => word & ~0xff) : words.slice(0, 2);
}

/** Established without a reply: picked up midway, from the side that answers. */
function isOneWay({ kinds, unreplied, entries }: Holdings): boolean {
  const established = kinds.find(({ protocol, state }) => protocol === TCP && state === 'ESTABLISHED');
  return unreplied >= NEARLY_ALL * entries && (established?.entries ?? 0) >= NEARLY_ALL * entries;
}

// A single source without replies is a scan; with replies it may be a proxy.
function isEverything(holdings: Holdings, holder: Holder, extent: Extent): boolean {
  if (holder.entries < NEARLY_ALL * holdings.entries) return false;
  return extent === 'network' || !isUnanswered(holdings);
}

/** Half of the table has no reply, or is half-open. */
export function isUnanswered({ entries, unreplied, kinds }: Holdings): boolean {
  const half = kinds.reduce((sum, { state, entries: held }) => sum + (HALF_STATES.includes(state) ? held : 0), 0);
  return Math.max(unreplied, half) >= DOMINANT * entries;
}
