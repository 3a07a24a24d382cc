import { describe, expect, test } from 'vitest';
import { arrivalsOf } from '../../../../src/report/list/arrivals.ts';
import { arrivalLines } from '../../../../src/report/list/arrivals-words.ts';
import { canBeYoung, isFresh, marksOf } from '../../../../src/report/list/begun.ts';
import { addDigest, type Digest, scaleDigest } from '../../../../src/report/list/digest.ts';
import { classOf } from '../../../../src/report/list/entry-class.ts';
import { parseEntries } from '../../../../src/report/list/entry-list.ts';
import { holdingsOf } from '../../../../src/report/list/holders.ts';
import { DEFAULT_TIMEOUTS } from '../../../../src/report/list/timeouts.ts';
import { entry, type Flow } from '../../support/entries.ts';
import { digestOf, type Line, line, listed, MARKS, times } from '../../support/listed.ts';

const SYN = { state: 'SYN_SENT', flag: 'UNREPLIED' } as const;
const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53 } as const;

describe('an entry is fresh in a single sample', () => {
  test.each<[boolean, string, Line]>([
    [true, 'a SYN of a moment ago', { ...SYN, left: 119 }],
    [true, 'a SYN of this second', { ...SYN, left: 120 }],
    [true, 'a SYN of two seconds ago', { ...SYN, left: 118 }],
    [false, 'a SYN of three seconds ago', { ...SYN, left: 117 }],
    [true, 'an answered SYN', { state: 'SYN_RECV', left: 59 }],
    [true, 'an unanswered datagram', { ...UDP, left: 29 }],
    [false, 'an answered datagram: each packet restarts its timer', { ...UDP, flag: 'ASSURED', left: 29 }],
    [false, 'an established connection with traffic', { left: 431_999 }],
    [false, 'a connection that just closed: it may be old', { state: 'TIME_WAIT', left: 119 }],
    [false, 'more time left than the timeout in force', { ...UDP, left: 100 }],
  ])('%j: %s', (expected, _, of) => {
    expect(digestOf([line(of)]).fresh?.entries).toBe(expected ? 1 : 0);
  });
});

test('an offloaded entry is not fresh, whatever its timeout: it shows no time left', () => {
  const answered = { state: 'SYN_RECV', flag: 'offloaded' } as const;
  for (const marks of [MARKS, marksOf(new Map())]) expect(isFresh(entry(answered), marks)).toBe(false);
});

test('the timeout of an entry, and the time left at which a shorter one would have ended it', () => {
  const { endedAt, given } = marksOf(
    new Map([
      ['tcp_timeout_established', 432_000],
      ['tcp_timeout_last_ack', 30],
      ['udp_timeout', 30],
    ]),
  );
  const flows: readonly Flow[] = [{}, { state: 'LAST_ACK' }, { protocol: 17 }, { protocol: 17, flag: 'assured' }];
  expect(flows.map((flow) => [given, endedAt].map((marks) => marks[classOf(entry(flow))]))).toEqual([
    [432_000, 432_000 - 86_400],
    [30, -1],
    [30, 20],
    [-1, -1],
  ]);
});

describe('an entry may be at most three seconds old', () => {
  test.each<[boolean, string, Line]>([
    [true, 'all of its time left', { left: 431_998 }],
    [true, 'all of its time left three seconds ago', { left: 431_997 }],
    [false, 'idle for longer: a changing list may have missed it before', { left: 431_996 }],
    [true, 'unacknowledged data', { left: 300 }],
    [true, 'unacknowledged data of three seconds ago', { left: 297 }],
    [false, 'older unacknowledged data', { left: 296 }],
    [true, 'closed within three seconds', { state: 'TIME_WAIT', left: 118 }],
    [true, 'unknown timeout', { protocol: 'udp', left: 3 }],
  ])('%j: %s', (expected, _, of) => {
    const bytes = Buffer.from(`${line(of)}\n`);
    const found: boolean[] = [];
    parseEntries(bytes, 0, bytes.length, (entry) => found.push(canBeYoung(entry, MARKS.given, 3)));
    expect(found).toEqual([expected]);
  });
});

test.each<[boolean, string, Flow]>([
  [true, 'offloaded', { flag: 'offloaded' }],
  [false, 'another protocol with unacknowledged data', { protocol: 132, state: 'ESTABLISHED', seconds: 298 }],
  [false, 'another state', { state: 'FIN_WAIT', seconds: 298 }],
  [true, 'a state with an unknown timeout', { state: 'CLOSE', seconds: 0 }],
])('%j: %s', (expected, _, flow) => {
  const { given } = marksOf(
    new Map([
      ['tcp_timeout_established', 432_000],
      ['tcp_timeout_fin_wait', 1000],
      ['sctp_timeout_established', 432_000],
    ]),
  );
  expect(canBeYoung(entry(flow), given, 3)).toBe(expected);
});

describe('holders of entries, and sources that add them', () => {
  const idle = times(750, () => ({ port: 5432, source: '10.2.0.1' }));
  const flood = times(250, () => ({ ...UDP, source: '203.0.113.9', left: 20 }));
  const [some] = [flood.slice(0, 100)];

  test('form two lists', () => {
    const { arrivals } = listed([...idle, ...flood], some);
    expect(arrivals).toMatchObject({ kind: 'new', seconds: 1, counted: 100, read: 1000, telling: true });
    expect(arrivals.both.sources.map(({ entries, added }) => [entries, added])).toEqual([
      [250, 100],
      [750, 0],
    ]);
    expect(arrivals.added.kinds).toMatchObject([{ protocol: 17, entries: 100 }]);
  });

  test('a source whose count is a lower bound never has fewer entries than it adds', () => {
    const address = (at: number) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    const crowd = times(7000, (at) => ({ ...UDP, source: address(at), left: 20 }));
    const { arrivals } = listed(crowd, crowd.slice(0, 40));
    for (const { entries, added } of arrivals.both.sources) expect(entries).toBeGreaterThanOrEqual(added);
    // An estimated rate does not raise an exact count.
    const few = listed(
      [...idle, ...times(1, () => ({ ...UDP, source: '203.0.113.9' }))],
      times(40, () => ({ ...UDP, source: '203.0.113.9' })),
    );
    expect(few.arrivals.both.sources).toMatchObject([
      { entries: 1, added: 40 },
      { entries: 750, added: 0 },
    ]);
  });

  test('the source that adds most is listed even if only one is requested', () => {
    const { arrivals } = listed([...idle, ...flood], some.slice(0, 40), 1);
    expect(arrivals.top).toBe(1);
    expect(arrivals.both.ports).toHaveLength(2);
  });

  test('IPv6 sources count towards their /64 network', () => {
    const six = times(40, (at) => ({ ...UDP, source: `2001:db8:0:7::${at + 1}` }));
    const { arrivals } = listed([...idle, ...six], six);
    expect(arrivals.both.networks[0]).toMatchObject({ ipv6: true, entries: 40, added: 40 });
  });

  test('fresh entries are reported, as fresh, if too few are new', () => {
    const tried = times(50, () => ({ ...SYN, left: 119 }));
    expect(listed(tried, []).arrivals).toMatchObject({ kind: 'fresh', counted: 50, telling: true });
    expect(listed(tried, tried).arrivals).toMatchObject({ kind: 'new', counted: 50 });
    expect(listed(tried.slice(0, 3), []).arrivals).toMatchObject({ kind: 'new', counted: 0, telling: false });
    expect(listed(tried).arrivals).toMatchObject({ kind: 'fresh', counted: 50 });
  });

  test('30 entries are enough to report', () => {
    const tried = times(30, () => ({ ...SYN, left: 119 }));
    expect(listed(tried, tried).arrivals).toMatchObject({ kind: 'new', counted: 30, telling: true });
    expect(listed(tried, tried.slice(1)).arrivals).toMatchObject({ kind: 'fresh', counted: 30, telling: true });
    expect(listed(tried.slice(1), []).arrivals).toMatchObject({ kind: 'new', counted: 0, telling: false });
  });

  test('a sample reports an estimate for the whole list, and the number it counted', () => {
    const tried = times(200, () => ({ ...SYN, left: 119 }));
    const sample = { held: 60, lines: 240 };
    const found = arrivalsOf(digestOf([...tried, ...idle.slice(0, 40)]), undefined, 10, sample);
    expect(found).toMatchObject({ kind: 'fresh', counted: 50, read: 60, telling: true, added: { entries: 200 } });
    expect(arrivalLines(found).join(' ')).toContain('Fresh: about 200 entries, by 50 of the sample, that began');
  });

  test('the largest share, of all entries or of the added ones, comes first', () => {
    const of = (source: string, count: number) => times(count, () => ({ ...UDP, source, left: 20 }));
    const [both, has, some] = [of('10.0.0.3', 300), of('10.0.0.6', 600), of('10.0.0.1', 100)];
    const { arrivals } = listed([...both, ...has, ...some], [...both.slice(0, 30), ...some.slice(0, 10)]);
    expect(arrivals.both.sources.map(({ entries, added, ipv6 }) => [entries, added, ipv6])).toEqual([
      [300, 30, false],
      [600, 0, false],
      [100, 10, false],
    ]);
    expect(arrivals.added.rankings.sources).toMatchObject({ different: 2, differentAtLeast: false });
  });

  test('at most ten sources are listed, holding or adding', () => {
    const of = (net: number) => times(30, (at) => ({ ...UDP, source: `10.0.${net}.${at % 15}`, left: 20 }));
    expect(listed([...of(1), ...of(2)], of(2), 1).arrivals.both.sources).toHaveLength(10);
  });

  test('counts of two parts add up, and scale', () => {
    const lines = times(60, (at) => ({ ...SYN, left: 117 + (at % 3), zone: at % 2 }));
    const [whole, left, right] = [digestOf(lines), digestOf(lines.slice(0, 20)), digestOf(lines.slice(20))];
    addDigest(left, right);
    expect(told(left)).toEqual(told(whole));
    scaleDigest(left, 2);
    expect([left.entries, left.zoned, left.fresh?.entries, left.fresh?.zoned]).toEqual([120, 60, 80, 40]);
  });
});

function told(digest: Digest) {
  return [digest, digest.fresh ?? digest].map((one) => holdingsOf(one, DEFAULT_TIMEOUTS, 10));
}

describe('zones', () => {
  test.each<[number, string]>([
    [0, line({})],
    [1, line({ zone: 7 })],
    [1, line(UDP).replace('[UNREPLIED]', 'zone-orig=7 [UNREPLIED]').replace(' zone=0', '')],
    [1, line({}).replace('[ASSURED]', 'zone-reply=12 [ASSURED]')],
    [0, line({}).replace(' zone=0', '')],
    [0, line({}).replace('zone=0', 'secctx=system_u:object_r:zzz=1')],
    [1, line({}).replace('zone=0', 'secctx=system_u:object_r:zzz=1 zone=7')],
  ])('%i: %s', (zoned, text) => {
    // The lines around it do not matter.
    expect(digestOf([line({}), text, line(UDP)]).zoned).toBe(zoned);
    expect(digestOf([text]).unknown).toBe(0);
  });
});
