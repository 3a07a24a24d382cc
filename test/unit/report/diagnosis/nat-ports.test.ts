// Which translated connections share one address and one destination, which ports they have, and when those run out.

import { describe, expect, test } from 'vitest';
import {
  countNat,
  countPort,
  DEFAULT_RANGE,
  largestGroup,
  type NatGroup,
  newNatTally,
  type PortRange,
  portsOf,
  shortageOf,
  useOf,
} from '../../../../src/report/diagnosis/nat-ports.ts';
import { addressWords } from '../../../../src/report/list/address.ts';
import { type Entry, STATES } from '../../../../src/report/list/entry.ts';
import { entry, type Flow, times } from '../../support/entries.ts';

const OUT = '203.0.113.7';
const [OUT6, TO6] = ['2001:db8:0:1:0:0:0:1', '2001:db8:0:2:0:0:0:1'];
const WEB: Flow = { translated: OUT };
const WEB6: Flow = { source: '2001:db8:0:7:0:0:0:1', destination: TO6, translated: OUT6 };

/** The same, where the answer goes to that port. */
function by(flow: Flow, port: number): Entry {
  const { reply, ...rest } = entry(flow);
  return { ...rest, reply: { ...reply, destinationPort: port } };
}

function largest(entries: readonly Entry[]): NatGroup | undefined {
  const tally = newNatTally();
  for (const one of entries) countNat(tally, one);
  return largestGroup(tally);
}

function words({ ipv6, protocol, translated, destination, port }: NatGroup): string {
  return `${protocol} ${addressWords(translated, ipv6)} to ${addressWords(destination, ipv6)} port ${port}`;
}

describe('the group with most of what is translated', () => {
  test.each<[string, readonly Flow[], string | undefined]>([
    ['none', [], undefined],
    ['of what is not translated', times(3, {}), undefined],
    ['nor of what has no ports', times(3, { protocol: 47, translated: OUT }), undefined],
    ['where only the destination is', times(3, { answered: '10.9.9.9' }), undefined],
    ['one', [WEB, ...times(9, {})], '6 203.0.113.7 to 192.0.2.1 port 443'],
    ['by what answers', [{ ...WEB, answered: '10.9.9.9' }], '6 203.0.113.7 to 10.9.9.9 port 443'],
    [
      'by address, destination, port and protocol',
      [
        ...times(2, { ...WEB, translated: '203.0.113.8' }),
        ...times(2, { ...WEB, destination: '192.0.2.2' }),
        ...times(2, { ...WEB, port: 65_535 }),
        ...times(3, { ...WEB, protocol: 17 }),
        ...times(2, WEB),
      ],
      '17 203.0.113.7 to 192.0.2.1 port 443',
    ],
    ['of a high port', [{ ...WEB, port: 65_535 }], '6 203.0.113.7 to 192.0.2.1 port 65535'],
    ['of IPv6', [WEB, ...times(2, WEB6)], '6 2001:db8:0:1::1 to 2001:db8:0:2::1 port 443'],
    ['of IPv6 alone', [WEB6], '6 2001:db8:0:1::1 to 2001:db8:0:2::1 port 443'],
    ['of IPv4, where there are as many', [WEB6, WEB], '6 203.0.113.7 to 192.0.2.1 port 443'],
    ['of IPv4', [...times(2, WEB), WEB6], '6 203.0.113.7 to 192.0.2.1 port 443'],
    [
      'of IPv6, where only the end of the address is another one',
      [{ ...WEB6, source: TO6, translated: '2001:db8:0:2:0:0:0:2' }],
      '6 2001:db8:0:2::2 to 2001:db8:0:2::1 port 443',
    ],
  ])('%s', (_, flows, expected) => {
    const group = largest(flows.map(entry));
    expect(group && words(group)).toBe(expected);
  });

  test('the address is the same, and the port is another one', () => {
    expect(largest([by({}, 40_001)])).toMatchObject({ port: 443, ipv6: false });
    expect(largest([by({}, 40_000)])).toBeUndefined();
  });
});

describe('the ports of a group', () => {
  const use = (of: Flow, entries: readonly Entry[]) => {
    const group = largest([entry(of)]);
    if (group === undefined) throw new Error('nothing is translated');
    const ports = portsOf(group);
    for (const one of entries) countPort(ports, one);
    return useOf(ports);
  };

  test('each once, from the lowest to the highest', () => {
    const entries = [5000, 1024, 1024, 65_535].map((port) => by(WEB, port));
    expect(use(WEB, entries)).toMatchObject({ used: 3, lowest: 1024, highest: 65_535, port: 443, protocol: 6 });
    expect(use(WEB, [by(WEB, 0)])).toMatchObject({ used: 1, lowest: 0, highest: 0 });
    expect(use(WEB, [])).toMatchObject({ used: 0, lowest: 0, highest: 0 });
  });

  test.each<[string, Flow, Flow]>([
    ['another address', WEB, { ...WEB, translated: '203.0.113.8' }],
    ['another destination', WEB, { ...WEB, destination: '192.0.2.2' }],
    ['another port there', WEB, { ...WEB, port: 80 }],
    ['another protocol', WEB, { ...WEB, protocol: 17 }],
    ['the other family', WEB, WEB6],
    ['the other family again', WEB6, WEB],
    ['the other family, where addresses begin alike', { translated: '32.1.13.184', destination: '32.1.13.184' }, WEB6],
    ['not translated', WEB, { source: OUT }],
    ['an address of IPv6 that ends in another word', WEB6, { ...WEB6, translated: '2001:db8:0:1:0:0:0:2' }],
    ['a destination of IPv6 that does', WEB6, { ...WEB6, destination: '2001:db8:0:2:0:0:0:2' }],
  ])('none of them: %s', (_, of, other) => {
    expect(use(of, [entry(of), entry(other)]).used).toBe(1);
    expect(use(of, [entry(other)]).used).toBe(0);
  });

  test('what most of its entries are', () => {
    const of = (state: NonNullable<Flow['state']>, count: number) => times(count, { ...WEB, state });
    const mostly = (...flows: readonly Flow[]) => STATES[use(WEB, flows.map(entry)).mostly.state];
    expect(mostly(...of('SYN_SENT', 1), ...of('TIME_WAIT', 3), ...of('ESTABLISHED', 2))).toBe('TIME_WAIT');
    expect(mostly(...of('SYN_SENT', 3), ...of('TIME_WAIT', 2))).toBe('SYN_SENT');
    expect(use(WEB6, [entry({ ...WEB6, flag: 'assured' })])).toMatchObject({
      used: 1,
      ipv6: true,
      mostly: { protocol: 6, assured: true },
    });
  });
});

describe('short of ports', () => {
  const group = { ipv6: false, protocol: 6, translated: [1], destination: [2], port: 443 };
  const mostly = { protocol: 6, state: 0, assured: false };
  const shortage = (used: number, [lowest, highest]: readonly [number, number], ranges: readonly PortRange[]) =>
    shortageOf({ ...group, used, lowest, highest, mostly }, ranges)?.range;
  const [TEN, HUNDRED] = [
    { first: 2000, last: 2009 },
    { first: 2000, last: 2099 },
  ];

  test.each<[string, number, readonly [number, number], readonly PortRange[], PortRange | undefined]>([
    ['nine of the ten of a rule', 9, [2000, 2009], [TEN], TEN],
    ['eight', 8, [2000, 2009], [TEN], undefined],
    ['nine of ten, one below', 9, [1999, 2009], [TEN], undefined],
    ['nine of ten, one above', 9, [2000, 2010], [TEN], undefined],
    ['the narrowest range that has them all', 9, [2000, 2008], [HUNDRED, TEN], TEN],
    ['whichever comes first', 9, [2000, 2008], [TEN, HUNDRED], TEN],
    ['the wider, where they are not in the other', 90, [2000, 2098], [TEN, HUNDRED], HUNDRED],
    ['no rule says', 58_061, [1024, 65_535], [], DEFAULT_RANGE],
    ['no rule says, and there are some left', 58_060, [1024, 65_535], [], undefined],
  ])('%s', (_, used, bounds, ranges, expected) => expect(shortage(used, bounds, ranges)).toEqual(expected));
});
