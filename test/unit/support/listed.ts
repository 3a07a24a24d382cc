// Evaluates lists in the kernel's format.

import type { OwnAddresses } from '../../../src/kernel/namespaces/own-addresses.ts';
import type { SshAccess } from '../../../src/model/ssh-access.ts';
import { type Arrivals, arrivalsOf } from '../../../src/report/list/arrivals.ts';
import { isFresh, marksOf } from '../../../src/report/list/begun.ts';
import { type Digest, newDigest } from '../../../src/report/list/digest.ts';
import { digestEntry } from '../../../src/report/list/digest-entry.ts';
import { parseEntries } from '../../../src/report/list/entry-list.ts';
import { type Holdings, holdingsOf } from '../../../src/report/list/holders.ts';
import { DEFAULT_TIMEOUTS } from '../../../src/report/list/timeouts.ts';

/** All sessions are known, and there are none. */
export const NO_SSH: SshAccess = {
  listening: new Set([22]),
  ports: new Set([22]),
  clients: new Set(),
  isComplete: true,
  established: new Set(),
};

/** The addresses of the machine itself, as words with commas: there are no others. */
export function ownOf(...addresses: readonly string[]): OwnAddresses {
  return { ipv4: new Set(addresses), ipv6: new Set(addresses) };
}

export const UNKNOWN_OWN: OwnAddresses = { ipv4: undefined, ipv6: undefined };

export interface Line {
  readonly protocol?: 'tcp' | 'udp';
  readonly state?: string;
  readonly left?: number;
  readonly source?: string;
  readonly port?: number;
  readonly from?: number;
  readonly flag?: 'UNREPLIED' | 'ASSURED';
  readonly zone?: number;
}

/** 10.0.0.1 to 192.0.2.1, TCP port 443, established and idle. */
export function line(of: Line): string {
  const { protocol = 'tcp', left = 400_000, source = '10.0.0.1', port = 443, from = 40_000, zone = 0 } = of;
  const { state = protocol === 'tcp' ? 'ESTABLISHED' : '', flag = 'ASSURED' } = of;
  const to = source.includes(':') ? '2001:db8::1' : '192.0.2.1';
  const there = `src=${source} dst=${to} sport=${from} dport=${port}`;
  const back = `src=${to} dst=${source} sport=${port} dport=${from}`;
  const flags = flag === 'UNREPLIED' ? [there, '[UNREPLIED]', back] : [there, back, '[ASSURED]'];
  const head = `${source.includes(':') ? 'ipv6     10' : 'ipv4     2'} ${protocol}      ${protocol === 'tcp' ? 6 : 17}`;
  return [head, left, state, ...flags, `mark=0 zone=${zone} use=2`].filter((word) => word !== '').join(' ');
}

export function times(count: number, of: (at: number) => Line): readonly string[] {
  return Array.from({ length: count }, (_, at) => line({ from: 1024 + at, ...of(at) }));
}

export const MARKS = marksOf(DEFAULT_TIMEOUTS);

export function digestOf(lines: readonly string[]): Digest {
  const fresh = newDigest();
  const digest = newDigest(fresh);
  const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  digest.unknown = parseEntries(bytes, 0, bytes.length, (entry) => {
    digestEntry(digest, entry, MARKS.endedAt);
    if (isFresh(entry, MARKS)) digestEntry(fresh, entry, MARKS.endedAt);
  });
  return digest;
}

export interface Found {
  readonly holdings: Holdings;
  readonly arrivals: Arrivals;
}

/** `began`: the entries that were not there a second before; undefined with a single reading. */
export function listed(lines: readonly string[], began?: readonly string[], top = 10): Found {
  const digest = digestOf(lines);
  const added = began && { digest: digestOf(began), seconds: 1, counted: began.length, read: lines.length };
  return {
    holdings: holdingsOf(digest, DEFAULT_TIMEOUTS, top),
    arrivals: arrivalsOf(digest, added, top, undefined),
  };
}
