// The count of a list of entries, in bounded memory; several threads can count parts of it.

import { CLASSES, PROTOCOLS } from './entry-class.ts';
import { NAT_KEY_WORDS } from './nat-groups.ts';
import { addTally, newTally, scaleArray, scaleTally, type Tally } from './tally.ts';
import { UDP_TARGET_KEY_WORDS } from './udp-targets.ts';

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
/** Seconds. */
export const LIFE_BOUNDS = [10, 60, 600, 3600, 86400] as const;

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
  other.forEach((count, place) => {
    into[place] = (into[place] ?? 0) + count;
  });
}

function isTallyName(name: string): name is TallyName {
  return name in KEY_WORDS;
}
