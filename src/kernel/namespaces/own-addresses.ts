// The addresses of a network namespace itself: a process in it sends from them. If they are unknown, no rule against an
// address is advised.

import type { Namespace } from '../../model/table.ts';
import type { Root } from '../root.ts';
import { type LocalRoute, readLocalIpv4, readLocalIpv6 } from './local-routes.ts';
import { netFolder } from './nsenter.ts';

/** Signed 32-bit words with commas. */
export interface OwnAddresses {
  /** Undefined if they could not be read. */
  readonly ipv4: ReadonlySet<string> | undefined;
  readonly ipv6: ReadonlySet<string> | undefined;
  /** Networks of which every address is the machine's own (AnyIP). */
  readonly networks?: readonly LocalRoute[];
}

interface Address {
  /** Signed 32-bit words. */
  readonly key: readonly number[];
  readonly ipv6: boolean;
}

export function readOwnAddresses(root: Root, namespace: Namespace): OwnAddresses {
  const folder = netFolder(root, namespace);
  const [ipv4, ipv6] = [readLocalIpv4(root, namespace, folder), readLocalIpv6(root, namespace, folder)];
  const networks = [...(ipv4 ?? []), ...(ipv6 ?? [])].filter((route) => !isAddress(route));
  return { ipv4: ipv4 && addressesOf(ipv4), ipv6: ipv6 && addressesOf(ipv6), networks };
}

function isAddress({ key, prefix }: LocalRoute): boolean {
  return prefix === 32 * key.length;
}

function addressesOf(routes: readonly LocalRoute[]): ReadonlySet<string> {
  return new Set(routes.filter(isAddress).map(({ key }) => key.join()));
}

/** Undefined if unknown. */
export function isOwnAddress(own: OwnAddresses, holder: Address): boolean | undefined {
  if (isLoopback(holder) || hasLocalNetwork(own, holder, holder.ipv6 ? 128 : 32)) return true;
  return (holder.ipv6 ? own.ipv6 : own.ipv4)?.has(holder.key.join());
}

/** True if all addresses of a network, or of a part of it, are the machine's own. */
export function hasLocalNetwork({ networks = [] }: OwnAddresses, { key, ipv6 }: Address, prefix: number): boolean {
  return networks.some((route) => {
    const bits = Math.min(prefix, route.prefix);
    return route.key.length > 1 === ipv6 && route.key.every((word, at) => isSame(word, key[at] ?? 0, bits - 32 * at));
  });
}

function isSame(word: number, other: number, bits: number): boolean {
  return bits <= 0 || (word ^ other) >>> (32 - Math.min(bits, 32)) === 0;
}

export function isLoopback({ key, ipv6 }: Address): boolean {
  const [first = 0] = key;
  return ipv6 ? key.join() === '0,0,0,1' : first >>> 24 === 127;
}
