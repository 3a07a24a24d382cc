// Counts one entry of a list into a digest.

import { type Digest, LIFE_BOUNDS } from './digest.ts';
import { type Entry, STATES, type Tuple } from './entry.ts';
import { classOf } from './entry-class.ts';
import { natKeyOf } from './nat-groups.ts';
import { countKey, countWord } from './tally.ts';
import { hasUdpTarget, udpTargetKey } from './udp-targets.ts';

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
