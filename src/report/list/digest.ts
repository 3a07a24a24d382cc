// The count of a list of entries, in bounded memory; several threads can count parts of it.

import { type Entry, STATES, type Tuple } from './entry.ts';
import { NAT_KEY_WORDS, natKeyOf } from './nat-groups.ts';
import { addTally, countKey, countWord, newTally, scaleArray, scaleTally, type Tally } from './tally.ts';
import { hasUdpTarget, UDP_TARGET_KEY_WORDS, udpTargetKey } from './udp-targets.ts';

/** The kinds of key of which the heaviest are kept. */
export type TallyName =
  | 'sources4'
  | 'sources6'
  | 'networks4'
  | 'networks6'
  | 'destinations4'
  | 'destinations6'
  | 'ports'
  | 'sourcePorts'
  | 'groups'
  | 'zones'
  | 'udpTargets'
  | 'oneWay'
  | keyof typeof NAT_KEY_WORDS;

const KEY_WORDS: Readonly<Record<TallyName, number>> = {
  sources4: 1,
  sources6: 4,
  networks4: 1,
  networks6: 2,
  destinations4: 1,
  destinations6: 4,
  ports: 1,
  sourcePorts: 1,
  groups: 1,
  zones: 1,
  udpTargets: UDP_TARGET_KEY_WORDS,
  oneWay: 1,
  ...NAT_KEY_WORDS,
};

/** Counts of entries. */
export interface Digest {
  entries: number;
  /** Lines that are no entry. */
  unknown: number;
  ipv6: number;
  unreplied: number;
  assured: number;
  /** Translated source, destination, or either. */
  sourceNat: number;
  destinationNat: number;
  nat: number;
  /** In a zone. */
  zoned: number;
  /** By protocol: entries whose time and state are not listed. */
  readonly offloaded: Int32Array;
  /** By class: all others. */
  readonly classes: Int32Array;
  /** The most seconds that one of the class has left. */
  readonly longest: Int32Array;
  /** Entries of the class that a shorter timeout would have ended by now. */
  readonly ended: Int32Array;
  /** By class: those whose time was set within the last seconds (YOUNG_SECONDS). */
  readonly young: Int32Array;
  /** By class: those that have more time left than the sysctl gives. */
  readonly beyond: Int32Array;
  /** By how long they would still live: below each of LIFE_BOUNDS, and from the last one on. */
  readonly lives: Int32Array;
  readonly tallies: Readonly<Record<TallyName, Tally>>;
  /** The same for fresh entries; undefined if not requested. */
  readonly fresh: Digest | undefined;
}

const PROTOCOLS = 256;
const STATES_KEPT = 32;
/** All combinations of protocol, state and assured. */
export const CLASSES = PROTOCOLS * STATES_KEPT * 2;
/** Seconds. */
export const LIFE_BOUNDS = [10, 60, 600, 3600, 86400] as const;

/** The entries that share a timeout: of one protocol in one state; for UDP and its like, assured or not. */
export interface EntryClass {
  readonly protocol: number;
  /** The place in STATES. */
  readonly state: number;
  readonly assured: boolean;
}

export function classOf({ protocol, state, assured }: EntryClass): number {
  return (protocol * STATES_KEPT + state) * 2 + (assured ? 1 : 0);
}

export function classAt(place: number): EntryClass {
  const rest = place >> 1;
  return { protocol: Math.floor(rest / STATES_KEPT), state: rest % STATES_KEPT, assured: place % 2 === 1 };
}

/** The times that an entry's remaining time is compared with, by class. */
export interface Marks {
  /** The seconds left at which a shorter timeout would have ended an entry. */
  readonly endedAt: Int32Array;
  /** The seconds that it is given with each packet. */
  readonly given: Int32Array;
  /** The most seconds that an open TCP connection has while data is not acknowledged. */
  readonly unsettled: number;
  /** An entry that began within this many seconds is fresh. */
  readonly freshSeconds: number;
}

export function newDigest(fresh?: Digest): Digest {
  const tally = (name: TallyName) => newTally(KEY_WORDS[name]);
  return {
    entries: 0,
    unknown: 0,
    ipv6: 0,
    unreplied: 0,
    assured: 0,
    sourceNat: 0,
    destinationNat: 0,
    nat: 0,
    zoned: 0,
    offloaded: new Int32Array(PROTOCOLS),
    classes: new Int32Array(CLASSES),
    longest: new Int32Array(CLASSES),
    ended: new Int32Array(CLASSES),
    young: new Int32Array(CLASSES),
    beyond: new Int32Array(CLASSES),
    lives: new Int32Array(LIFE_BOUNDS.length + 1),
    tallies: {
      sources4: tally('sources4'),
      sources6: tally('sources6'),
      networks4: tally('networks4'),
      networks6: tally('networks6'),
      destinations4: tally('destinations4'),
      destinations6: tally('destinations6'),
      ports: tally('ports'),
      sourcePorts: tally('sourcePorts'),
      groups: tally('groups'),
      zones: tally('zones'),
      udpTargets: tally('udpTargets'),
      oneWay: tally('oneWay'),
      nat4: tally('nat4'),
      nat6: tally('nat6'),
    },
    fresh,
  };
}

/** The first port that clients choose from by default (net.ipv4.ip_local_port_range). */
const FIRST_CLIENT_PORT = 32_768;

/** `endedAt`: by class, the seconds left at which a shorter timeout would have ended an entry. */
export function digestEntry(digest: Digest, entry: Entry, endedAt: Int32Array): void {
  const { original } = entry;
  digest.entries += 1;
  if (entry.unreplied) countUnreplied(digest, entry);
  if (entry.assured) digest.assured += 1;
  if (entry.zoned) countZone(digest, entry);
  const place = classOf(entry);
  countTime(digest, entry, place, endedAt);
  if (original.ipv6) countIpv6(digest, original);
  else countIpv4(digest, original);
  countTranslated(digest, entry);
  if (original.destinationPort === -1) return;
  countWord(digest.tallies.ports, (entry.protocol << 16) | original.destinationPort);
  if (original.sourcePort < FIRST_CLIENT_PORT)
    countWord(digest.tallies.sourcePorts, (entry.protocol << 16) | original.sourcePort);
  countWord(digest.tallies.groups, (place << 16) | original.destinationPort);
}

const ESTABLISHED_STATE = STATES.indexOf('ESTABLISHED');

/** Counts the source port of a connection whose other direction does not pass here. */
function countUnreplied(digest: Digest, { protocol, state, original }: Entry): void {
  digest.unreplied += 1;
  if (state === ESTABLISHED_STATE) countWord(digest.tallies.oneWay, (protocol << 16) | original.sourcePort);
}

function countZone(digest: Digest, { zone }: Entry): void {
  digest.zoned += 1;
  countWord(digest.tallies.zones, zone);
}

function countTime(digest: Digest, entry: Entry, place: number, endedAt: Int32Array): void {
  if (entry.offloaded) {
    increment(digest.offloaded, entry.protocol);
    return;
  }
  const { seconds } = entry;
  increment(digest.classes, place);
  increment(digest.lives, lifeOf(seconds));
  digest.longest[place] = Math.max(digest.longest[place] ?? 0, seconds);
  if (seconds <= (endedAt[place] ?? -1)) increment(digest.ended, place);
}

export const YOUNG_SECONDS = 2;

/** Counts an entry whose timer was set a moment ago, or by another timeout, by what the sysctl gives its state. */
export function countYoung(digest: Digest, entry: Entry, given: Int32Array): void {
  const place = classOf(entry);
  const most = given[place] ?? -1;
  if (entry.offloaded || most === -1) return;
  const age = most - entry.seconds;
  if (age < 0) increment(digest.beyond, place);
  else if (age <= YOUNG_SECONDS) increment(digest.young, place);
}

function lifeOf(seconds: number): number {
  let place = 0;
  while (seconds >= (LIFE_BOUNDS[place] ?? Number.POSITIVE_INFINITY)) place += 1;
  return place;
}

function increment(counts: Int32Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1;
}

function countIpv4({ tallies }: Digest, { source, destination }: Tuple): void {
  const address = source[0] ?? 0;
  countWord(tallies.sources4, address);
  countWord(tallies.destinations4, destination[0] ?? 0);
  countWord(tallies.networks4, address & ~0xff);
}

function countIpv6(digest: Digest, { source, destination }: Tuple): void {
  digest.ipv6 += 1;
  countKey(digest.tallies.sources6, source);
  countKey(digest.tallies.destinations6, destination);
  countKey(digest.tallies.networks6, source);
}

// Translated if the reply does not mirror the original direction.
function countTranslated(digest: Digest, entry: Entry): void {
  const { original, reply } = entry;
  const words = original.ipv6 ? 4 : 1;
  const to = original.destinationPort !== reply.sourcePort || differ(original.destination, reply.source, words);
  const from = original.sourcePort !== reply.destinationPort || differ(original.source, reply.destination, words);
  if (to) countTarget(digest, entry);
  if (from) digest.sourceNat += 1;
  if (to || from) digest.nat += 1;
  if (from) countNatGroup(digest, entry);
}

function countTarget(digest: Digest, entry: Entry): void {
  digest.destinationNat += 1;
  if (hasUdpTarget(entry)) countKey(digest.tallies.udpTargets, udpTargetKey(entry));
}

function countNatGroup({ tallies }: Digest, entry: Entry): void {
  const { ipv6, destinationPort } = entry.reply;
  if (destinationPort !== -1) countKey(ipv6 ? tallies.nat6 : tallies.nat4, natKeyOf(entry));
}

function differ(a: Int32Array, b: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word++) if (a[word] !== b[word]) return true;
  return false;
}

const COUNTS = [
  'entries',
  'unknown',
  'ipv6',
  'unreplied',
  'assured',
  'sourceNat',
  'destinationNat',
  'nat',
  'zoned',
] as const;

/** Adds what was counted of another part of the same list. */
export function addDigest(into: Digest, other: Digest): void {
  for (const name of COUNTS) into[name] += other[name];
  addArray(into.offloaded, other.offloaded);
  addArray(into.classes, other.classes);
  addArray(into.ended, other.ended);
  addArray(into.young, other.young);
  addArray(into.beyond, other.beyond);
  addArray(into.lives, other.lives);
  other.longest.forEach((seconds, place) => {
    into.longest[place] = Math.max(into.longest[place] ?? 0, seconds);
  });
  for (const [name, tally] of Object.entries(into.tallies)) {
    if (isTallyName(name)) addTally(tally, other.tallies[name]);
  }
  if (into.fresh !== undefined && other.fresh !== undefined) addDigest(into.fresh, other.fresh);
}

/** Makes of what was counted of a part of a list what the whole has about, `times` as much. */
export function scaleDigest(digest: Digest, times: number): void {
  for (const name of COUNTS) digest[name] = Math.round(times * digest[name]);
  for (const counts of [digest.offloaded, digest.classes, digest.ended, digest.young, digest.beyond, digest.lives])
    scaleArray(counts, times);
  for (const tally of Object.values(digest.tallies)) scaleTally(tally, times);
  if (digest.fresh !== undefined) scaleDigest(digest.fresh, times);
}

function addArray(into: Int32Array, other: Int32Array): void {
  other.forEach((more, place) => {
    into[place] = (into[place] ?? 0) + more;
  });
}

function isTallyName(name: string): name is TallyName {
  return name in KEY_WORDS;
}
