// Entries of a list; a test gives only the fields that matter.

import { type Arrivals, arrivalsOf } from '../../../src/report/list/arrivals.ts';
import { marksOf } from '../../../src/report/list/begun.ts';
import { type Digest, newDigest } from '../../../src/report/list/digest.ts';
import { digestEntry } from '../../../src/report/list/digest-entry.ts';
import { type Entry, STATES } from '../../../src/report/list/entry.ts';
import { type Holdings, holdingsOf } from '../../../src/report/list/holders.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../../src/report/list/timeouts.ts';

export interface Flow {
  readonly protocol?: number;
  readonly state?: (typeof STATES)[number];
  readonly seconds?: number;
  readonly flag?: 'unreplied' | 'assured' | 'offloaded';
  readonly source?: string;
  readonly destination?: string;
  readonly port?: number;
  readonly sourcePort?: number;
  /** The destination of the reply, if it is not the source. */
  readonly translated?: string;
  /** The source of the reply, if it is not the destination. */
  readonly answered?: string;
}

const [TCP, UDP, SCTP] = [6, 17, 132];

/** 10.0.0.1 to 192.0.2.1, TCP port 443, established. */
export function entry(flow: Flow = {}): Entry {
  const { protocol = TCP, seconds = 100, flag, source = '10.0.0.1', destination = '192.0.2.1', port = 443 } = flow;
  const { sourcePort = 40_000 } = flow;
  const ports = [TCP, UDP, SCTP].includes(protocol);
  const tuple = (from: string, fromPort: number, to: string, toPort: number) => ({
    ipv6: from.includes(':'),
    source: words(from),
    destination: words(to),
    sourcePort: ports ? fromPort : -1,
    destinationPort: ports ? toPort : -1,
  });
  return {
    protocol,
    state: STATES.indexOf(flow.state ?? (protocol === TCP ? 'ESTABLISHED' : '')),
    seconds: flag === 'offloaded' ? -1 : seconds,
    unreplied: flag === 'unreplied',
    assured: flag === 'assured',
    offloaded: flag === 'offloaded',
    original: tuple(source, sourcePort, destination, port),
    zoned: false,
    zone: 0,
    reply: tuple(flow.answered ?? destination, port, flow.translated ?? source, sourcePort),
  };
}

/** IPv4, or IPv6 written in full. */
function words(address: string): Int32Array {
  if (!address.includes(':')) {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    return Int32Array.of((a << 24) | (b << 16) | (c << 8) | d, 0, 0, 0);
  }
  const groups = address.split(':').map((group) => Number.parseInt(group, 16));
  return Int32Array.from([0, 2, 4, 6], (at) => ((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0));
}

export function digestOf(flows: readonly Flow[], timeouts: Timeouts = DEFAULT_TIMEOUTS): Digest {
  const digest = newDigest();
  const { endedAt } = marksOf(timeouts);
  for (const flow of flows) digestEntry(digest, entry(flow), endedAt);
  return digest;
}

export function holdings(flows: readonly Flow[], timeouts: Timeouts = DEFAULT_TIMEOUTS, top = 10): Holdings {
  return holdingsOf(digestOf(flows, timeouts), timeouts, top);
}

/** A single reading without new entries. */
export function noArrivals(): Arrivals {
  return arrivalsOf(newDigest(), undefined, 10, undefined);
}

export function times(count: number, flow: Flow | ((at: number) => Flow)): readonly Flow[] {
  return Array.from({ length: count }, (_, at) => (typeof flow === 'function' ? flow(at) : flow));
}
