// A counted list by weight: the holders of its entries, their kinds and groups, and what these show.

import { type Digest, LIFE_BOUNDS } from './digest.ts';
import { STATES } from './entry.ts';
import { classAt, type EntryClass } from './entry-class.ts';
import { type Kept, keptBy } from './kept.ts';
import { type NatCount, natCountOf } from './nat-groups.ts';
import { type Ranking, type Rankings, rankingOf, rankingsOf } from './ranking.ts';
import { allHeld, type Held, heaviest, type Tally } from './tally.ts';
import type { Timeouts } from './timeouts.ts';
import { type UdpTarget, udpTargetsOf } from './udp-targets.ts';

export interface Kind {
  readonly protocol: number;
  /** The protocol's name for it; empty for none. */
  readonly state: string;
  readonly offloaded: boolean;
  readonly entries: number;
}

/** Entries of one kind that go to one port. */
export interface Group extends EntryClass {
  readonly port: number;
  readonly entries: number;
}

/** Connections that are ESTABLISHED and have no reply, from one source port. */
export interface OneWay {
  readonly protocol: number;
  readonly port: number;
  readonly entries: number;
}

/** An even random sample of a list. */
export interface Sampled {
  /** How many lines were looked at, of how many. */
  readonly held: number;
  readonly lines: number;
  /** How many of them there was time to read, if not all: the first ones, which are even because the kernel's order is. */
  readonly read?: number;
}

/** Counts of entries; of a sample what the whole list has about. */
export interface Holdings {
  /** Undefined if every line was counted. */
  readonly sample: Sampled | undefined;
  readonly entries: number;
  readonly unknown: number;
  readonly ipv6: number;
  readonly unreplied: number;
  readonly assured: number;
  readonly offloaded: number;
  readonly nat: number;
  readonly sourceNat: number;
  readonly destinationNat: number;
  /** In a zone. */
  readonly zoned: number;
  /** The zones with the most entries, by number. */
  readonly zones: readonly { readonly zone: number; readonly entries: number }[];
  /** By how long they would still live: below each bound in seconds, the last one of all that are longer. */
  readonly lives: readonly { readonly below: number | undefined; readonly entries: number }[];
  readonly rankings: Rankings;
  /** Source ports that clients do not choose by default: below 32768. */
  readonly sourcePorts: Ranking;
  readonly kinds: readonly Kind[];
  /** The largest groups that one filter can name. */
  readonly groups: readonly Group[];
  readonly timeouts: readonly Kept[];
  /** Targets of destination NAT for UDP over IPv4, most entries first. */
  readonly udpTargets: readonly UdpTarget[];
  /** The source port with the most connections that pass in one direction only; undefined if there is none. */
  readonly oneWay: OneWay | undefined;
  /** IPv4, then IPv6. */
  readonly natTallies: readonly Tally[];
}

function oneWayOf({ key: [key = 0], count }: Held): OneWay {
  return { protocol: key >>> 16, port: key & 0xffff, entries: count };
}

// A table lives while its list is written, and expired entries are counted and not listed.
const LIKE = 2;
const FEW = 100;

/** True if a list can belong to a table with `count` entries. */
export function isListOf(count: number, { entries }: Holdings): boolean {
  return Math.abs(entries - count) <= FEW || (entries <= LIKE * count && count <= LIKE * entries);
}

/** The error of a share among that many entries, in percentage points, at 95% confidence. */
export function samplingError(entries: number): number {
  return Math.min(100, 98 / Math.sqrt(entries));
}

/** Counted lines that are entries. */
export function entriesInSample({ entries }: Holdings, { held, lines }: Sampled): number {
  return Math.round((entries * held) / lines);
}

export function holdingsOf(digest: Digest, timeouts: Timeouts, top: number, sample?: Sampled): Holdings {
  const { entries, unknown, ipv6, unreplied, assured, nat, sourceNat, destinationNat, zoned, lives } = digest;
  return {
    sample,
    entries,
    unknown,
    ipv6,
    unreplied,
    assured,
    offloaded: digest.offloaded.reduce((sum, count) => sum + count, 0),
    nat,
    sourceNat,
    destinationNat,
    zoned,
    zones: heaviest(digest.tallies.zones, MOST_ZONES).map(({ key: [zone = 0], count }) => ({ zone, entries: count })),
    lives: Array.from(lives, (held, place) => ({ below: LIFE_BOUNDS[place], entries: held })),
    rankings: rankingsOf(digest, top, sample !== undefined),
    sourcePorts: rankingOf(digest, 'sourcePorts', top, sample !== undefined),
    kinds: kindsOf(digest),
    groups: tallyGroups(digest),
    timeouts: keptBy(digest, timeouts),
    udpTargets: udpTargetsOf(digest.tallies.udpTargets),
    oneWay: heaviest(digest.tallies.oneWay, 1).map(oneWayOf)[0],
    natTallies: [digest.tallies.nat4, digest.tallies.nat6],
  };
}

const MOST_OF_THEM = 0.5;

/** True if half of the entries or more come from one such source port, and no destination port has half as many. */
export function isSourcePortTelling({ sourcePorts, rankings, entries }: Holdings): boolean {
  const [from, to] = [sourcePorts.holders[0]?.entries ?? 0, rankings.ports.holders[0]?.entries ?? 0];
  return from >= MOST_OF_THEM * entries && to + rankings.ports.lacking < MOST_OF_THEM * from;
}

/** Clients rarely have the same source port this often. */
const ENOUGH_ONE_WAY = 30;

/** A server whose replies alone pass here, or begin in the middle of a connection: half of the entries or more. */
export function oneWayService({ oneWay, entries }: Holdings): OneWay | undefined {
  const least = Math.max(ENOUGH_ONE_WAY, MOST_OF_THEM * entries);
  return oneWay !== undefined && oneWay.entries >= least ? oneWay : undefined;
}

/** Translated connections by group, in no order; none of the counts lacks more than `lacking`. */
export function natCountsOf({ natTallies }: Holdings): {
  readonly counts: readonly NatCount[];
  readonly lacking: number;
} {
  return {
    counts: natTallies.flatMap((tally) => allHeld(tally).map(({ key, count }) => natCountOf(key, count))),
    lacking: Math.max(...natTallies.map(({ lacking }) => lacking)),
  };
}

const MOST_GROUPS = 20;
const MOST_ZONES = 10;

function tallyGroups({ tallies }: Digest): readonly Group[] {
  return heaviest(tallies.groups, MOST_GROUPS).map(({ key: [key = 0], count }) => {
    return { ...classAt(key >>> 16), port: key & 0xffff, entries: count };
  });
}

export function kindsOf({ classes, offloaded }: Digest): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  const add = (protocol: number, state: string, isOffloaded: boolean, entries: number): void => {
    if (entries === 0) return;
    const name = `${protocol} ${state} ${isOffloaded}`;
    const before = kinds.get(name)?.entries ?? 0;
    kinds.set(name, { protocol, state, offloaded: isOffloaded, entries: before + entries });
  };
  classes.forEach((entries, place) => {
    if (entries === 0) return;
    const { protocol, state } = classAt(place);
    add(protocol, STATES[state] ?? '', false, entries);
  });
  offloaded.forEach((entries, protocol) => {
    add(protocol, '', true, entries);
  });
  return Array.from(kinds.values()).sort((a, b) => b.entries - a.entries);
}
