// Which ports NAT has given away. A translated connection needs a tuple of its own: the same translated address and port
// cannot serve two connections to one destination port. When the range is used up the kernel drops the next one
// (nf_nat_core.c, get_unique_tuple(); it gives up a search in a large range before the last free port is found).

import { CLASSES, classAt, classOf, type EntryClass } from '../list/digest.ts';
import type { Entry, Tuple } from '../list/entry.ts';
import { countKey, heaviest, newTally, type Tally } from '../list/tally.ts';

/** Connections that share one translated address, one destination and its port. Addresses are 32-bit words. */
export interface NatGroup {
  readonly ipv6: boolean;
  readonly protocol: number;
  readonly translated: readonly number[];
  readonly destination: readonly number[];
  readonly port: number;
}

/** A range of ports that a rule gives, both ends in it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The largest group, and its ports. */
export interface NatUse extends NatGroup {
  readonly used: number;
  readonly lowest: number;
  readonly highest: number;
  /** What most of its entries are. */
  readonly mostly: EntryClass;
}

/** A group, and how many of the ports that it may have it has. */
export interface NatShortage {
  readonly use: NatUse;
  readonly range: PortRange;
}

/** `none`: no group that could be seen is short of ports. `unknown`: that cannot be told. */
export type Shortage = NatShortage | 'none' | 'unknown';

const [V4, V6] = [1, 4];
const PORTS = 65_536;
/** What the kernel takes where no rule says: from here on, for a source port that is not below. */
export const DEFAULT_RANGE: PortRange = { first: 1024, last: PORTS - 1 };
// The search for a free port gives up before all are taken.
const SHORT = 0.9;

/** By group, in bounded memory. */
export interface NatTally {
  readonly four: Tally;
  readonly six: Tally;
}

export function newNatTally(): NatTally {
  return { four: newTally(1 + 2 * V4), six: newTally(1 + 2 * V6) };
}

export function countNat({ four, six }: NatTally, entry: Entry): void {
  if (!isSourceTranslated(entry)) return;
  const key = Int32Array.from(keyOf(entry));
  countKey(entry.reply.ipv6 ? six : four, key);
}

/** The one with the most entries; undefined where nothing is translated. */
export function largestGroup({ four, six }: NatTally): NatGroup | undefined {
  const [[a], [b]] = [heaviest(four, 1), heaviest(six, 1)];
  if (a === undefined && b === undefined) return undefined;
  const isSix = (b?.count ?? 0) > (a?.count ?? 0);
  return groupOf((isSix ? b : a)?.key ?? [], isSix);
}

// What the answer comes from is the destination, and what it goes to the translated source.
function keyOf({ protocol, reply }: Entry): readonly number[] {
  const words = reply.ipv6 ? V6 : V4;
  return [
    (protocol << 16) | reply.sourcePort,
    ...reply.destination.subarray(0, words),
    ...reply.source.subarray(0, words),
  ];
}

function groupOf([first = 0, ...addresses]: readonly number[], ipv6: boolean): NatGroup {
  const words = ipv6 ? V6 : V4;
  return {
    ipv6,
    protocol: first >>> 16,
    port: first & (PORTS - 1),
    translated: addresses.slice(0, words),
    destination: addresses.slice(words),
  };
}

function isSourceTranslated({ original, reply }: Entry): boolean {
  if (reply.destinationPort === -1) return false;
  return original.sourcePort !== reply.destinationPort || !isSame(original.source, reply.destination, reply);
}

function isSame(a: Int32Array, b: Int32Array, { ipv6 }: Tuple): boolean {
  return a.subarray(0, ipv6 ? V6 : V4).every((word, at) => word === b[at]);
}

/** The ports of one group. */
export interface GroupPorts {
  readonly group: NatGroup;
  readonly taken: Uint8Array;
  readonly classes: Int32Array;
}

export function portsOf(group: NatGroup): GroupPorts {
  return { group, taken: new Uint8Array(PORTS), classes: new Int32Array(CLASSES) };
}

export function countPort({ group, taken, classes }: GroupPorts, entry: Entry): void {
  if (!isSourceTranslated(entry) || entry.reply.ipv6 !== group.ipv6) return;
  const { protocol, port, ipv6 } = groupOf(keyOf(entry), group.ipv6);
  if (protocol !== group.protocol || port !== group.port) return;
  const words = ipv6 ? V6 : V4;
  const { source, destination } = entry.reply;
  if (!isEqual(group.translated, destination, words) || !isEqual(group.destination, source, words)) return;
  taken[entry.reply.destinationPort] = 1;
  const place = classOf(entry);
  classes[place] = (classes[place] ?? 0) + 1;
}

function isEqual(words: readonly number[], address: Int32Array, length: number): boolean {
  return words.slice(0, length).every((word, at) => word === address[at]);
}

export function useOf({ group, taken, classes }: GroupPorts): NatUse {
  const used = taken.reduce((sum, is) => sum + is, 0);
  const lowest = Math.max(0, taken.indexOf(1));
  const most = classes.reduce((best, held, place) => (held > (classes[best] ?? 0) ? place : best), 0);
  return { ...group, used, lowest, highest: Math.max(0, taken.lastIndexOf(1)), mostly: classAt(most) };
}

/** Undefined where there are ports left: then what clashes are not the ports of NAT. `ranges` are those of the rules. */
export function shortageOf(use: NatUse, ranges: readonly PortRange[]): NatShortage | undefined {
  const [range = DEFAULT_RANGE] = ranges
    .filter(({ first, last }) => first <= use.lowest && use.highest <= last)
    .sort((a, b) => a.last - a.first - (b.last - b.first));
  return use.used >= SHORT * (range.last - range.first + 1) ? { use, range } : undefined;
}
