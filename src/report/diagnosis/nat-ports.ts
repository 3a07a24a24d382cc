// Ports that NAT has given away. The kernel drops a new connection for which its search in the range finds no free port
// (nf_nat_core.c, get_unique_tuple(); in a large range the search gives up before the last free one).

import type { Entry } from '../list/entry.ts';
import { classAt, classOf, type EntryClass } from '../list/entry-class.ts';
import {
  DEFAULT_RANGES,
  fullGroups,
  type NatCount,
  type NatGroup,
  type PortRange,
  SHORT,
  sizeOf,
} from '../list/nat-groups.ts';

/** A group, and its ports. */
export interface NatUse extends NatGroup {
  readonly used: number;
  /** The class of most of its entries. */
  readonly mostly: EntryClass;
  /** The source with most of its entries; undefined if the entries were only counted. */
  readonly largest?: NatUser | undefined;
}

/** Addresses are 32-bit words, of the family of the group. */
export interface NatUser {
  readonly source: readonly number[];
  /** Percent of the entries of the group. */
  readonly share: number;
}

/** A group, and the range that it has used up. */
export interface NatShortage {
  readonly use: NatUse;
  readonly range: PortRange;
}

/** `none`: no group is short of ports. `unknown`: that cannot be known. */
export type Shortage = NatShortage | 'none' | 'unknown';

const PORTS = 65_536;
// Counts that a sample shows scatter.
const PERHAPS_SHORT = 0.5;

/** Groups that may be short of ports, those nearest to the end of their range first. */
export function candidatesOf(
  counts: readonly NatCount[],
  ranges: readonly PortRange[],
  isSample: boolean,
): readonly NatGroup[] {
  const most = isSample ? PERHAPS_SHORT : SHORT;
  const near = counts
    .map(({ group, range, entries }) => ({ group, share: entries / leastPart(range, ranges) }))
    .filter(({ share }) => share >= most)
    .sort((a, b) => b.share - a.share);
  const names = new Set<string>();
  return near.flatMap(({ group }) => {
    const name = JSON.stringify(group);
    if (names.has(name)) return [];
    names.add(name);
    return [group];
  });
}

/** True if no group that the counts lack can be short of ports: each lacks at most `lacking` entries. */
export function areAllCounted(lacking: number, ranges: readonly PortRange[]): boolean {
  return [...DEFAULT_RANGES, undefined].every((range) => lacking < SHORT * leastPart(range, ranges));
}

/** The smallest number of ports that any range has in this part of all ports: if a range is used up, one part of it is. */
function leastPart(part: PortRange | undefined, ranges: readonly PortRange[]): number {
  const parts = part === undefined ? OTHER_PORTS : [part];
  const shared = ranges.flatMap((range) => parts.map((each) => overlap(each, range))).filter((ports) => ports > 0);
  return Math.min(part === undefined ? PORTS : sizeOf(part), ...shared);
}

/** Ports that are in no default range. */
const OTHER_PORTS: readonly PortRange[] = [
  { first: 0, last: 0 },
  { first: 512, last: 599 },
];

function overlap(a: PortRange, b: PortRange): number {
  return Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1);
}

/** The ports of one group, a bit for each. */
export interface GroupPorts {
  readonly group: NatGroup;
  readonly taken: Uint8Array;
  readonly classes: Map<number, number>;
  /** Entries by source; of a bounded number of sources. */
  readonly sources: Map<string, number>;
}

/** A crowd has no largest source worth a name. */
const MOST_SOURCES = 4096;

export function portsOf(group: NatGroup): GroupPorts {
  return { group, taken: new Uint8Array(PORTS / 8), classes: new Map(), sources: new Map() };
}

/** Counts what takes a port of the group, translated or not. */
export function countPort({ group, taken, classes, sources }: GroupPorts, entry: Entry): void {
  const { reply, protocol } = entry;
  if (protocol !== group.protocol || reply.sourcePort !== group.port || reply.ipv6 !== group.ipv6) return;
  if (!isEqual(group.translated, reply.destination) || !isEqual(group.destination, reply.source)) return;
  const port = reply.destinationPort;
  taken[port >> 3] = (taken[port >> 3] ?? 0) | (1 << (port & 7));
  const place = classOf(entry);
  classes.set(place, (classes.get(place) ?? 0) + 1);
  const source = entry.original.source.subarray(0, group.translated.length).join();
  const held = sources.get(source);
  if (held !== undefined || sources.size < MOST_SOURCES) sources.set(source, (held ?? 0) + 1);
}

function isEqual(words: readonly number[], address: Int32Array): boolean {
  return words.every((word, at) => word === address[at]);
}

function usedIn(taken: Uint8Array, { first, last }: PortRange): number {
  let used = 0;
  for (let port = first; port <= last; port++) if (isRangeTaken(taken, port)) used += 1;
  return used;
}

function isRangeTaken(taken: Uint8Array, port: number): boolean {
  return ((taken[port >> 3] ?? 0) & (1 << (port & 7))) !== 0;
}

/** The range that the group has used up, if any: a rule's own, or the kernel's for such source ports. */
export function shortageOf(ports: GroupPorts, ranges: readonly PortRange[]): NatShortage | undefined {
  const usedUp = [...ownRanges(ports, ranges), ...DEFAULT_RANGES]
    .map((range) => ({ range, used: usedIn(ports.taken, range) }))
    .filter(({ range, used }) => used >= SHORT * sizeOf(range))
    .sort((a, b) => b.used / sizeOf(b.range) - a.used / sizeOf(a.range) || b.used - a.used);
  const [worst] = usedUp;
  return (
    worst && {
      range: worst.range,
      use: { ...ports.group, used: worst.used, mostly: mostlyOf(ports), largest: largestOf(ports) },
    }
  );
}

/** The same of a list that cannot be read again: entries stand for ports, and ranges of rules are left out. */
export function shortageByCount(counts: readonly NatCount[]): NatShortage | undefined {
  const [worst] = fullGroups(counts);
  const mostly = { protocol: worst?.group.protocol ?? 0, state: 0, assured: false };
  return worst && { range: worst.range, use: { ...worst.group, used: worst.used, mostly } };
}

/** Ranges of rules, unless most ports of the group are in none of them: then no such rule translates it. */
function ownRanges({ taken }: GroupPorts, ranges: readonly PortRange[]): readonly PortRange[] {
  const isInside = (port: number) => ranges.some(({ first, last }) => first <= port && port <= last);
  let [inside, outside] = [0, 0];
  for (let port = 0; port < PORTS; port++) {
    if (!isRangeTaken(taken, port)) continue;
    if (isInside(port)) inside += 1;
    else outside += 1;
  }
  return inside >= outside ? ranges : [];
}

function mostlyOf({ classes }: GroupPorts): EntryClass {
  const [most] = Array.from(classes).sort(([, a], [, b]) => b - a);
  return classAt(most?.[0] ?? 0);
}

function largestOf({ classes, sources }: GroupPorts): NatUser | undefined {
  const [largest] = Array.from(sources).sort(([, a], [, b]) => b - a);
  const all = Array.from(classes.values()).reduce((sum, entries) => sum + entries, 0);
  return largest && { source: largest[0].split(',').map(Number), share: (100 * largest[1]) / all };
}
