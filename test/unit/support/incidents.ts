// Tables of any kind that are full or lose packets, as the report may find them, and all that it says to type then.

import fc from 'fast-check';
import type { OwnAddresses } from '../../../src/kernel/namespaces/own-addresses.ts';
import { addressKey } from '../../../src/kernel/namespaces/ssh-sessions.ts';
import type { SshAccess } from '../../../src/model/ssh-access.ts';
import type { TimerOrigin } from '../../../src/report/advice/case.ts';
import type { Step } from '../../../src/report/advice/step.ts';
import { STATES } from '../../../src/report/list/entry.ts';
import { type Found, type Line, line, listed, NO_SSH, ownOf } from './listed.ts';
import { counted, ok } from './observation.ts';
import { findingsOf } from './reports.ts';

const ADDRESSES = ['10.0.0.1', '192.0.2.1', '2001:db8::1'];
/** Addresses of the machine itself, also of its local networks; where its ssh sessions come from, and their ports. */
export const MACHINE = [...ADDRESSES, '198.18.0.9', '2001:db8:7:1::9'];
export const SESSION_FROM = '198.51.100.7';
export const SSH_PORTS = [22, 2222];

const SOURCES = [...MACHINE, SESSION_FROM, '10.0.0.9', '10.7.0.9', '198.51.100.8', '203.0.113.9', '2001:db8::9'];
const PORTS = [...SSH_PORTS, 53, 443, 40_000];

/** Entries of one kind. */
interface Crowd extends Line {
  readonly count: number;
  readonly spread: 'one' | 'network' | 'everywhere';
}

export interface RandomTable {
  readonly crowds: readonly Crowd[];
  /** Number of crowds, from the first one, that have begun; undefined for a single reading. */
  readonly begun: number | undefined;
  readonly limit: number;
  readonly drop: number;
  readonly release: readonly [number, number];
  readonly own: 'known' | 'unknown';
  readonly areSessionsKnown: boolean;
  readonly timers: TimerOrigin;
  readonly rulesKnown: boolean;
  /** Share of the open connections in both readings that had a packet in between. */
  readonly used: number;
}

const crowd = fc.record({
  count: fc.integer({ min: 1, max: 200 }),
  spread: fc.constantFrom('one' as const, 'network' as const, 'everywhere' as const),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  source: fc.constantFrom(...SOURCES),
  port: fc.constantFrom(...PORTS),
  state: fc.constantFrom('SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'TIME_WAIT', 'CLOSE_WAIT'),
  left: fc.constantFrom(5, 29, 59, 119, 299, 3599, 200_000, 431_999),
  flag: fc.constantFrom('UNREPLIED' as const, 'ASSURED' as const),
  zone: fc.constantFrom(0, 0, 0, 7),
});

export const anyTable: fc.Arbitrary<RandomTable> = fc.record({
  crowds: fc.array(crowd, { minLength: 1, maxLength: 5 }),
  begun: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  limit: fc.constantFrom(10, 300, 1000, 65_536, 2 ** 31 - 1),
  drop: fc.constantFrom(0, 10, 5000, 4_000_000),
  release: fc.constantFrom([2, 6] as const, [3, 10] as const, [4, 9] as const, [4, 18] as const, [6, 18] as const),
  own: fc.constantFrom('known' as const, 'unknown' as const),
  areSessionsKnown: fc.boolean(),
  timers: fc.constantFrom('sysctls' as const, 'policies' as const, 'conntrackd' as const, 'unknown' as const),
  rulesKnown: fc.boolean(),
  used: fc.constantFrom(0, 0.0005, 0.1, 1),
});

export function linesOf({ crowds }: RandomTable): readonly string[] {
  return crowds.flatMap(linesOfCrowd);
}

function linesOfCrowd({ count, spread, protocol, state, ...of }: Crowd, crowdAt: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const source = sourceAt(of.source ?? '', spread, at);
    const named = protocol === 'udp' ? '' : state;
    return line({
      ...of,
      ...(protocol && { protocol }),
      ...(named && { state: named }),
      source,
      from: 1024 + crowdAt * 300 + at,
    });
  });
}

function sourceAt(source: string, spread: Crowd['spread'], at: number): string {
  if (spread === 'one') return source;
  if (source.includes(':')) return spread === 'network' ? `2001:db8::${at + 1}` : `2001:${at + 1}::9`;
  const [a, b, c] = source.split('.');
  return spread === 'network' ? `${a}.${b}.${c}.${(at % 250) + 1}` : `${(at % 200) + 11}.${at}.3.4`;
}

const wordsOf = (address: string) => (addressKey(address) ?? '').split(',').map(Number);
const OWN: OwnAddresses = {
  ...ownOf(...ADDRESSES.map((address) => addressKey(address) ?? '')),
  networks: [
    { key: wordsOf('198.18.0.0'), prefix: 26 },
    { key: wordsOf('2001:db8:7::'), prefix: 48 },
  ],
};
const UNKNOWN: OwnAddresses = { ipv4: undefined, ipv6: undefined };

function sshOf({ areSessionsKnown }: RandomTable): SshAccess {
  return {
    ...NO_SSH,
    listening: new Set(SSH_PORTS),
    ports: new Set(SSH_PORTS),
    clients: new Set([addressKey(SESSION_FROM) ?? '']),
    isComplete: areSessionsKnown,
    established: areSessionsKnown ? new Set() : undefined,
  };
}

function foundIn(given: RandomTable): Found {
  const { crowds, begun } = given;
  const began = begun === undefined ? undefined : crowds.slice(0, begun).flatMap(linesOfCrowd);
  const { holdings, arrivals } = listed(linesOf(given), began);
  const open = PORTS.flatMap((port) =>
    [STATES.indexOf('ESTABLISHED'), STATES.indexOf('CLOSE_WAIT')].map((state) => {
      return { state, port, seconds: 1, both: 2000, reset: 2000 * given.used, idle: 2000 * (1 - given.used) };
    }),
  );
  return { holdings, arrivals: { ...arrivals, open: begun === undefined ? [] : open } };
}

/** Each step of the report about such a table. */
export function stepsAbout(given: RandomTable): readonly { readonly kind: string; readonly step: Step }[] {
  const { limit, drop, release, own, timers, rulesKnown } = given;
  const [major, minor] = release;
  const { holdings, arrivals } = foundIn(given);
  const found = findingsOf({
    first: { entries: limit, limit, release: ok({ major, minor }) },
    last: { statistics: counted({ drop }) },
    holdings,
    arrivals,
    machineOwn: own === 'known' ? OWN : UNKNOWN,
    ssh: sshOf(given),
    timers,
    ...(rulesKnown ? {} : { chains: 'unknown' }),
  });
  const context = { observation: found.evaluation.observation, subject: found.diagnosis.worst.result.table };
  return found.advice.map((advice) => ({ kind: advice.kind, step: advice.stepIn(context) }));
}
