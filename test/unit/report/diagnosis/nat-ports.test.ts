// Groups of translated connections that share an address and a destination, the ports they use, and when those run out.

import { describe, expect, test } from 'vitest';
import {
  areAllCounted,
  candidatesOf,
  countPort,
  portsOf,
  shortageByCount,
  shortageOf,
} from '../../../../src/report/diagnosis/nat-ports.ts';
import { addressWords } from '../../../../src/report/list/address.ts';
import { newDigest } from '../../../../src/report/list/digest.ts';
import { digestEntry } from '../../../../src/report/list/digest-entry.ts';
import { type Entry, STATES } from '../../../../src/report/list/entry.ts';
import { holdingsOf, natCountsOf } from '../../../../src/report/list/holders.ts';
import {
  DEFAULT_RANGES,
  type NatCount,
  type NatGroup,
  type PortRange,
} from '../../../../src/report/list/nat-groups.ts';
import { entry, type Flow, times } from '../../support/entries.ts';

const OUT = '203.0.113.7';
const [OUT6, TO6] = ['2001:db8:0:1:0:0:0:1', '2001:db8:0:2:0:0:0:1'];
const WEB: Flow = { translated: OUT };
const WEB6: Flow = { source: '2001:db8:0:7:0:0:0:1', destination: TO6, translated: OUT6 };
const [LOWEST, LOW, HIGH] = DEFAULT_RANGES;

/** An entry of this flow whose reply goes to `port`. */
function by(flow: Flow, port: number): Entry {
  const { reply, ...rest } = entry(flow);
  return { ...rest, reply: { ...reply, destinationPort: port } };
}

function span(flow: Flow, first: number, count: number): readonly Entry[] {
  return Array.from({ length: count }, (_, at) => by(flow, first + at));
}

function countsOf(entries: readonly Entry[]): readonly NatCount[] {
  const digest = newDigest();
  for (const one of entries) digestEntry(digest, one, new Int32Array(0));
  return natCountsOf(holdingsOf(digest, new Map(), 1)).counts;
}

function words({ group, range, entries }: NatCount): string {
  const { ipv6, protocol, translated, destination, port } = group;
  const ports = range === undefined ? 'other ports' : `${range.first}-${range.last}`;
  const to = `${addressWords(destination, ipv6)} port ${port}`;
  return `${entries}: ${protocol} ${addressWords(translated, ipv6)} to ${to}, ${ports}`;
}

describe('groups of translated connections', () => {
  test.each<[string, readonly Flow[], readonly string[]]>([
    ['need an entry', [], []],
    ['exclude untranslated flows', times(3, {}), []],
    ['exclude protocols without ports', times(3, { protocol: 47, translated: OUT }), []],
    ['exclude destination NAT', times(3, { answered: '10.9.9.9' }), []],
    [
      'go by the address that replies',
      [{ ...WEB, answered: '10.9.9.9' }],
      ['1: 6 203.0.113.7 to 10.9.9.9 port 443, 1024-65535'],
    ],
    [
      'go by address, destination, port, protocol and family',
      [
        ...times(2, { ...WEB, translated: '203.0.113.8' }),
        ...times(3, { ...WEB, destination: '192.0.2.2' }),
        ...times(4, { ...WEB, port: 65_535 }),
        ...times(5, { ...WEB, protocol: 132 }),
        ...times(6, WEB6),
      ],
      [
        '2: 6 203.0.113.8 to 192.0.2.1 port 443, 1024-65535',
        '3: 6 203.0.113.7 to 192.0.2.2 port 443, 1024-65535',
        '4: 6 203.0.113.7 to 192.0.2.1 port 65535, 1024-65535',
        '5: 132 203.0.113.7 to 192.0.2.1 port 443, 1024-65535',
        '6: 6 2001:db8:0:1::1 to 2001:db8:0:2::1 port 443, 1024-65535',
      ],
    ],
  ])('%s', (_, flows, expected) => {
    expect(countsOf(flows.map(entry)).map(words).sort()).toEqual(expected);
  });

  test('go by the range from which the kernel chooses', () => {
    const ports = [0, 1, 511, 512, 599, 600, 1023, 1024, 65_535];
    expect(
      countsOf(ports.map((port) => by(WEB, port)))
        .map(words)
        .sort(),
    ).toEqual([
      '2: 6 203.0.113.7 to 192.0.2.1 port 443, 1-511',
      '2: 6 203.0.113.7 to 192.0.2.1 port 443, 1024-65535',
      '2: 6 203.0.113.7 to 192.0.2.1 port 443, 600-1023',
      '3: 6 203.0.113.7 to 192.0.2.1 port 443, other ports',
    ]);
  });

  test('include flows with the same address and another port', () => {
    expect(countsOf([by({}, 40_001)])).toHaveLength(1);
    expect(countsOf([by({}, 40_000)])).toEqual([]);
  });
});

/** Returns the shortages among all candidate groups. */
function shortagesIn(entries: readonly Entry[], ranges: readonly PortRange[] = []) {
  const groups = candidatesOf(countsOf(entries), ranges, false);
  const ports = groups.map(portsOf);
  for (const one of entries) for (const group of ports) countPort(group, one);
  return ports.flatMap((one) => shortageOf(one, ranges) ?? []);
}

test('a shortage names the source with most of the ports', () => {
  const [many, few] = [span({ ...WEB, source: '10.0.0.7' }, 2000, 7), span(WEB, 2007, 3)];
  expect(shortagesIn([...few, ...many], [{ first: 2000, last: 2009 }])).toMatchObject([
    { use: { largest: { source: [0x0a000007], share: 70 } } },
  ]);
});

describe('a shortage of ports', () => {
  const [TEN, HUNDRED, NEXT] = [
    { first: 2000, last: 2009 },
    { first: 2000, last: 2099 },
    { first: 3000, last: 3009 },
  ];

  test.each<[string, readonly Entry[], readonly PortRange[], PortRange | undefined]>([
    ["nine of a rule's ten ports", span(WEB, 2000, 9), [TEN], TEN],
    ["not eight of a rule's ten ports", span(WEB, 2000, 8), [TEN], undefined],
    ['the second of two ranges', [...span(WEB, 2000, 4), ...span(WEB, 3000, 10)], [TEN, NEXT], NEXT],
    ['the wider of two', span(WEB, 2005, 95), [TEN, HUNDRED], HUNDRED],
    ["not ports outside a rule's range", [...span(WEB, 2000, 10), ...span(WEB, 2010, 11)], [TEN], undefined],
    ['source ports below 1024, as used by NFS', span(WEB, 600, 424), [], LOW],
    ['not if some ports below 1024 are left', span(WEB, 600, 381), [], undefined],
    ['source ports below 512', span(WEB, 1, 460), [], LOWEST],
    ['all ports without a rule', span(WEB, 1024, 58_061), [], HIGH],
    ['not if some ports are left without a rule', span(WEB, 1024, 58_060), [], undefined],
    ['IPv6', span(WEB6, 2000, 10), [TEN], TEN],
    ['a port in use twice counts once', [...span(WEB, 2000, 5), ...span(WEB, 2000, 5)], [TEN], undefined],
    ['untranslated flows use ports too', [...span(WEB, 2000, 9), by({ source: OUT }, 2009)], [TEN], TEN],
  ])('%s', (_, entries, ranges, expected) => {
    expect(shortagesIn(entries, ranges).map(({ range }) => range)).toEqual(expected === undefined ? [] : [expected]);
  });

  test('is found in a small group next to larger ones with free ports', () => {
    const range = { first: 1000, last: 1499 };
    const healthy = Array.from({ length: 3 }, (_, at) =>
      span({ translated: OUT, destination: `192.0.2.${at + 9}` }, 5000, 1600),
    );
    const [first, ...others] = shortagesIn([...healthy.flat(), ...span(WEB, 1000, 500)], [range]);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ range, use: { used: 500, destination: [(192 << 24) | (2 << 8) | 1] } });
  });

  test('names the most frequent state of its entries', () => {
    const states = (state: NonNullable<Flow['state']>, first: number, count: number) =>
      span({ ...WEB, state }, first, count);
    const [shortage] = shortagesIn(
      [...states('SYN_SENT', 2000, 2), ...states('TIME_WAIT', 2002, 5), ...states('CLOSE', 2007, 3)],
      [TEN],
    );
    expect(STATES[shortage?.use.mostly.state ?? 0]).toBe('TIME_WAIT');
  });

  test.each<[string, Flow, Flow]>([
    ['another address', WEB, { ...WEB, translated: '203.0.113.8' }],
    ['another destination', WEB, { ...WEB, destination: '192.0.2.2' }],
    ['another destination port', WEB, { ...WEB, port: 80 }],
    ['another protocol', WEB, { ...WEB, protocol: 17 }],
    [
      'the other family, with addresses that begin alike',
      { translated: '32.1.13.184', destination: '32.1.13.184' },
      WEB6,
    ],
    ['an IPv6 address with another last word', WEB6, { ...WEB6, translated: '2001:db8:0:1:0:0:0:2' }],
    ['an IPv6 destination with another last word', WEB6, { ...WEB6, destination: '2001:db8:0:2:0:0:0:2' }],
  ])('excludes ports of other groups: %s', (_, of, other) => {
    expect(shortagesIn([...span(of, 2000, 8), ...span(other, 2008, 1)], [TEN])).toEqual([]);
  });
});

describe('shortages estimated from a single sample', () => {
  const group: NatGroup = { ipv6: false, protocol: 6, translated: [1], destination: [2], port: 443 };
  const count = (entries: number, range = HIGH): NatCount => ({ group, range, entries });

  test('count each entry as a port, up to the size of the range', () => {
    expect(shortageByCount([count(58_060)])).toBeUndefined();
    expect(shortageByCount([count(60_000), count(70_000)])).toMatchObject({ range: HIGH, use: { used: 64_512 } });
    expect(shortageByCount([count(400, LOW)])).toMatchObject({ range: LOW, use: { used: 400 } });
  });

  test('consider more groups if the list was sampled', () => {
    const names = (isSample: boolean) => candidatesOf([count(40_000)], [], isSample).length;
    expect([names(false), names(true)]).toEqual([0, 1]);
  });
});

test.each<[number, readonly PortRange[], boolean]>([
  [381, [], true],
  [382, [], false],
  [8, [{ first: 2000, last: 2009 }], true],
  [9, [{ first: 2000, last: 2009 }], false],
  [1, [{ first: 510, last: 520 }], true],
  [2, [{ first: 510, last: 520 }], false],
])('counts short by at most %d: rules %j', (lacking, ranges, expected) =>
  expect(areAllCounted(lacking, ranges)).toBe(expected),
);
