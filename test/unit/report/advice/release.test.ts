// Entries that are removed at once, and entries that are kept because they may be in use.

import { describe, expect, test } from 'vitest';
import { type UseEvidence, unprovenStep } from '../../../../src/report/advice/idle-proof.ts';
import { releaseAdvice } from '../../../../src/report/advice/release.ts';
import { STATES } from '../../../../src/report/list/entry.ts';
import type { OpenGroup } from '../../../../src/report/list/open-timers.ts';
import { listed, NO_SSH, ownOf, times, UNKNOWN_OWN } from '../../support/listed.ts';

const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;
const HALF = { state: 'SYN_RECV', left: 59 } as const;
const IDLE = times(3000, (at) => ({ port: 5432, source: `10.2.${at >> 8}.${at & 255}` }));

/** No connection to port 443 had a packet between two samples. */
const GROUP: OpenGroup = {
  state: STATES.indexOf('ESTABLISHED'),
  port: 443,
  seconds: 1,
  both: 900,
  reset: 0,
  idle: 900,
};
const SILENT: UseEvidence = {
  ssh: NO_SSH,
  own: ownOf(),
  timers: 'sysctls',
  arrivals: { open: [GROUP, { ...GROUP, state: STATES.indexOf('CLOSE_WAIT') }] },
};

describe('entries removed at once', () => {
  test.each<[string, readonly string[], object]>([
    [
      'connections that are not completed',
      times(3000, () => HALF),
      { cost: 'half-open', group: { port: 443 }, entries: 3000 },
    ],
    ['connections that have ended', times(900, () => ({ state: 'TIME_WAIT', left: 60 })), { cost: 'ended' }],
    ['connections idle for a long time', times(900, () => ({ left: 200_000 })), { cost: 'silent' }],
    ['datagrams', times(900, () => UDP), { cost: 'datagrams', group: { port: 53 } }],
  ])('%s', (_, lines, expected) => {
    expect(releaseAdvice(listed(lines).holdings, SILENT)).toMatchObject([
      { kind: 'free', of: lines.length, ...expected },
    ]);
  });

  test.each<[string, string | undefined]>([
    ['SYN_SENT', 'half-open'],
    ['SYN_RECV', 'half-open'],
    ['TIME_WAIT', 'ended'],
    ['CLOSE', 'ended'],
    ['LAST_ACK', 'ended'],
    ['FIN_WAIT', 'ended'],
    ['CLOSE_WAIT', 'silent'],
    ['LISTEN', undefined],
  ])('%s: %s', (state, cost) => {
    const left = state === 'CLOSE_WAIT' ? 30 : 9;
    const [advice] = releaseAdvice(listed(times(9, () => ({ state, left }))).holdings, SILENT);
    expect(advice?.kind === 'free' ? advice.cost : undefined).toBe(cost);
  });

  test('only the address families in the table', () => {
    const of = (source: string) => times(9, () => ({ state: 'TIME_WAIT', left: 60, source }));
    const [four, six] = [of('10.0.0.1'), of('2001:db8::9')];
    const families = (lines: readonly string[]) =>
      releaseAdvice(listed(lines).holdings, SILENT).map((one) => one.kind === 'free' && [one.ipv4, one.ipv6]);
    expect([four, six, [...four, ...six]].map(families)).toEqual([[[true, false]], [[false, true]], [[true, true]]]);
  });

  test('open connections, if nearly all have been idle by their own timeout', () => {
    const streams = times(100, (at) => ({ protocol: 'udp', port: 1000 + at, left: 9 }));
    const idle = (silent: number) => times(20, (at) => ({ left: at < silent ? 200_000 : 431_999 }));
    const costs = (silent: number) =>
      releaseAdvice(listed([...streams, ...idle(silent)]).holdings, SILENT).map(
        (one) => one.kind === 'free' && one.cost,
      );
    expect([costs(18), costs(17)]).toEqual([['silent'], []]);
  });

  test('at least a tenth of all entries, and by source if one has nearly all of them', () => {
    const ended = times(100, () => ({ state: 'TIME_WAIT', left: 60, source: '10.5.5.5', port: 80 }));
    const of = (others: number) => releaseAdvice(listed([...ended, ...IDLE.slice(0, others)]).holdings, SILENT);
    expect(of(900)).toMatchObject([{ entries: 100, of: 1000 }]);
    expect(of(901)).toEqual([]);
    expect(of(10)).toMatchObject([{ source: { entries: 100 }, entries: 90 }]);
    expect(of(11)).toMatchObject([{ source: undefined, entries: 100 }]);
  });

  test('datagrams only if nothing answers them, and one source sends them', () => {
    const of = (flag: 'ASSURED' | 'UNREPLIED', sources: number) => {
      const { holdings } = listed(times(100, (at) => ({ ...UDP, flag, source: `10.0.0.${at % sources}` })));
      return releaseAdvice(holdings, SILENT).map(({ kind }) => kind);
    };
    expect([of('UNREPLIED', 1), of('UNREPLIED', 100), of('ASSURED', 1)]).toEqual([['free'], [], []]);
  });

  test('no connections in use', () => {
    expect(releaseAdvice(listed(IDLE).holdings, SILENT)).toEqual([]);
  });

  test('the largest group, if it has more than a tenth of all entries', () => {
    const ended = (count: number) => times(count, () => ({ state: 'TIME_WAIT', left: 60, port: 80 }));
    expect(releaseAdvice(listed([...IDLE, ...ended(400)]).holdings, SILENT)).toMatchObject([
      { entries: 400, of: 3400 },
    ]);
    expect(releaseAdvice(listed([...IDLE, ...ended(300)]).holdings, SILENT)).toEqual([]);
  });

  test('by source if nearly all of them must have the same', () => {
    const one = times(900, () => ({ state: 'TIME_WAIT', left: 60, source: '10.5.5.5' }));
    const [narrow] = releaseAdvice(listed([...one, ...IDLE.slice(0, 50)]).holdings, SILENT);
    expect(narrow).toMatchObject({ source: { entries: 900 }, entries: 850 });
    // Neither the machine itself nor an address that may be its own is named.
    for (const own of [ownOf(String((10 << 24) | (5 << 16) | (5 << 8) | 5)), UNKNOWN_OWN])
      expect(releaseAdvice(listed([...one, ...IDLE.slice(0, 50)]).holdings, { ...SILENT, own })).toMatchObject([
        { source: undefined, entries: 900 },
      ]);
    const [wide] = releaseAdvice(listed([...one, ...IDLE.slice(0, 500)]).holdings, SILENT);
    expect(wide).toMatchObject({ source: undefined, entries: 900 });
  });
});

describe('open connections that may be in use are not removed', () => {
  const old = listed(times(900, () => ({ left: 200_000 }))).holdings;
  const why = (changes: Partial<UseEvidence>, holdings = old) =>
    releaseAdvice(holdings, { ...SILENT, ...changes }).map((advice) =>
      advice.kind === 'unproven' ? advice.why : advice.kind,
    );
  const watched = (changes: Partial<OpenGroup>) => why({ arrivals: { open: [{ ...GROUP, ...changes }] } });

  test.each([
    ['policies', 'policies'],
    ['conntrackd', 'conntrackd'],
    ['unknown', 'unknown'],
    ['sysctls', 'free'],
  ] as const)('timeouts from %s: %s', (timers, expected) => expect(why({ timers })).toEqual([expected]));

  test('a single sample', () => {
    expect(why({ arrivals: undefined })).toEqual(['once']);
    expect(why({ arrivals: { open: [] } })).toEqual(['once']);
  });

  test.each<[string, Partial<OpenGroup>, string]>([
    ['another port', { port: 80 }, 'few'],
    ['another state', { state: STATES.indexOf('CLOSE_WAIT') }, 'few'],
    ['too few', { both: 899, idle: 899 }, 'few'],
    ['as few over a longer time', { both: 90, idle: 90, seconds: 10 }, 'free'],
    ['one of a thousand had a packet', { both: 1000, reset: 1, idle: 999 }, 'free'],
    ['two of a thousand had a packet', { both: 1000, reset: 2, idle: 998 }, 'used'],
    ['nine of ten were idle for a long time', { both: 1000, idle: 900 }, 'free'],
    ['fewer than nine of ten were', { both: 1000, idle: 899 }, 'young'],
  ])('%s', (_, changes, expected) => expect(watched(changes)).toEqual([expected]));

  test('no advice for connections that seem to be in use', () => {
    expect(why({ timers: 'policies' }, listed(IDLE).holdings)).toEqual([]);
  });

  test('the step has no commands, and gives the reason', () => {
    const [advice] = releaseAdvice(old, { ...SILENT, timers: 'policies' });
    const step = advice?.kind === 'unproven' ? unprovenStep(advice) : undefined;
    expect(step?.title).toBe('Do not remove the tcp ESTABLISHED entries to port 443 (100.0%): they may be in use.');
    expect(step).toMatchObject({ commands: [], undo: [], instead: [] });
    expect(step?.notes[0]).toMatch(/^Rules give entries timeouts of their own \(ct timeout\)/);
  });
});

describe('zones', () => {
  const ended = (zone: number): readonly string[] => times(500, () => ({ state: 'TIME_WAIT', left: 60, zone }));
  const zones = (lines: readonly string[]) =>
    releaseAdvice(listed(lines).holdings, SILENT).map((advice) => advice.kind === 'free' && advice.zone);

  test('all entries in one zone: the advice names it', () => expect(zones(ended(7))).toEqual([7]));

  test.each<[string, readonly string[]]>([
    ['two zones', [...ended(7), ...ended(9)]],
    ['entries with and without a zone', [...ended(7), ...ended(0)]],
  ])('%s: nothing is removed', (_, lines) => expect(zones(lines)).toEqual([]));
});
