// Translated connections that share one translated address, one destination and its port. Each needs a port of its own at
// the translated address, so the entries of a group are the ports that are taken.

import type { Entry } from './entry.ts';

/** Addresses are 32-bit words. */
export interface NatGroup {
  readonly ipv6: boolean;
  readonly protocol: number;
  readonly translated: readonly number[];
  readonly destination: readonly number[];
  readonly port: number;
}

/** A range of ports, both ends in it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Ranges that the kernel chooses from if the rule gives none, by source port: below 512, below 1024, and above
 * (nf_nat_core.c, nf_nat_l4proto_unique_tuple()).
 */
export const DEFAULT_RANGES: readonly PortRange[] = [
  { first: 1, last: 511 },
  { first: 600, last: 1023 },
  { first: 1024, last: 65_535 },
];

/** The part of a group whose ports are in one default range, or in none of them. */
export interface NatCount {
  readonly group: NatGroup;
  /** The place in DEFAULT_RANGES; undefined for ports that are in none. */
  readonly range: PortRange | undefined;
  readonly entries: number;
}

const [V4, V6] = [1, 4];
export const NAT_KEY_WORDS = { nat4: 1 + 2 * V4, nat6: 1 + 2 * V6 } as const;

const key4 = new Int32Array(NAT_KEY_WORDS.nat4);
const key6 = new Int32Array(NAT_KEY_WORDS.nat6);

/** The key of an entry whose source is translated; always the same object for a family. */
export function natKeyOf({ protocol, reply }: Entry): Int32Array {
  const [key, words] = reply.ipv6 ? [key6, V6] : [key4, V4];
  key[0] = (rangePlace(reply.destinationPort) << 24) | (protocol << 16) | reply.sourcePort;
  for (let word = 0; word < words; word++) {
    key[1 + word] = reply.destination[word] ?? 0;
    key[1 + words + word] = reply.source[word] ?? 0;
  }
  return key;
}

function rangePlace(port: number): number {
  if (port >= 1024) return 2;
  if (port >= 600) return 1;
  return port >= 1 && port <= 511 ? 0 : DEFAULT_RANGES.length;
}

export function natCountOf([first = 0, ...addresses]: readonly number[], entries: number): NatCount {
  const words = addresses.length / 2;
  const group = {
    ipv6: words === V6,
    protocol: (first >>> 16) & 0xff,
    port: first & 0xffff,
    translated: addresses.slice(0, words),
    destination: addresses.slice(words),
  };
  return { group, range: DEFAULT_RANGES[first >>> 24], entries };
}

export function sizeOf({ first, last }: PortRange): number {
  return last - first + 1;
}

// The search for a free port gives up before all are taken.
export const SHORT = 0.9;

/** Groups that have nearly all ports of a default range, the fullest first. */
export function fullGroups(counts: readonly NatCount[]) {
  return counts
    .flatMap(({ group, range, entries }) => {
      const used = range === undefined ? 0 : Math.min(entries, sizeOf(range));
      return range === undefined || used < SHORT * sizeOf(range) ? [] : [{ group, range, used }];
    })
    .sort((a, b) => b.used / sizeOf(b.range) - a.used / sizeOf(a.range) || b.used - a.used);
}
