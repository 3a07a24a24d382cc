// Counters of a namespace's own stack: parsing, and the ones that are a lead when they rise.

import { describe, expect, test } from 'vitest';
import {
  parseLine,
  parsePairs,
  readStackCounters,
  type StackCounters,
} from '../../../../../src/report/diagnosis/leads/stack.ts';
import { type Given, kindsFrom, leadsFrom } from '../../../support/leads.ts';
import { rootOf } from '../../../support/root.ts';

describe('counters are read', () => {
  const NETSTAT = [
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPBacklogDrop IPReversePathFilter',
    'TcpExt: 1 2 3 4 5',
    '',
  ].join('\n');
  const SNMP = ['Ip: Forwarding InReceives', 'Ip: 1 10', 'Udp: InDatagrams RcvbufErrors', 'Udp: 1 20', ''].join('\n');
  const SNMP6 = 'Ip6InReceives                   \t300\nUdp6RcvbufErrors                \t400\n';
  const read = (files: Readonly<Record<string, string>>) =>
    readStackCounters(
      rootOf(Object.fromEntries(Object.entries(files).map(([name, text]) => [`proc/7/net/${name}`, text]))),
      '/proc/7/net',
    );
  const EXTENDED = { ListenOverflows: 2, ListenDrops: 3, TCPBacklogDrop: 4, IPReversePathFilter: 5 };

  test('and added over both families', () => {
    expect(read({ netstat: NETSTAT, snmp: SNMP, snmp6: SNMP6 })).toEqual({
      ...EXTENDED,
      InReceives: 310,
      RcvbufErrors: 420,
    });
  });

  test('on a kernel without IPv6', () => {
    expect(read({ snmp: SNMP })).toStrictEqual({ InReceives: 10, RcvbufErrors: 20 });
  });

  test('without those the kernel does not print', () => {
    expect(read({ netstat: NETSTAT, snmp6: SNMP6 })).toStrictEqual(EXTENDED);
    expect(read({ netstat: 'TcpExt: ListenDrops\nTcpExt: 3\n' })).toStrictEqual({ ListenDrops: 3 });
    expect(read({})).toStrictEqual({});
  });

  test.each([
    ['X: A B\nX: 1 x', [['A', 1]]],
    ['X: A B\nX: x1 2', [['B', 2]]],
    ['X: A B\nX: 1x 2', [['B', 2]]],
    [`X: A\nX: ${'1'.repeat(20)}`, [['A', Number('1'.repeat(20))]]],
    [`X: A\nX: ${'1'.repeat(21)}`, []],
    ['X: A\nX: 1 2', []],
    ['Y: A\nX: B\nX: 1', [['B', 1]]],
    ['X: A\n X: 5\nX: 1', [['A', 1]]],
    ['', []],
  ])('by name: %j', (text, pairs) => expect([...parsePairs(text, 'X')]).toEqual(pairs));

  test.each([
    ['A 7', 7],
    ['A \t 7\t \nB 8', 7],
    ['B 8\nA 7', 7],
    ['xA 7', 0],
    ['x A 7', 0],
    ['A7', 0],
    ['A x7', 0],
    ['A 7 8', 0],
    ['A 7x', 0],
    [`A ${'1'.repeat(21)}`, 0],
  ])('from a single line: %j', (text, figure) => expect(parseLine(text, 'A')).toBe(figure));
});

describe('counters parsed by name', () => {
  const NETSTAT = [
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPBacklogDrop',
    'TcpExt: 0 7 9 18446744073709551615',
    'IpExt: InNoRoutes ListenDrops',
    'IpExt: 0 1',
    '',
  ].join('\n');

  test('belong to their own group only', () => {
    const pairs = parsePairs(NETSTAT, 'TcpExt');
    expect(pairs.get('ListenOverflows')).toBe(7);
    expect(pairs.get('ListenDrops')).toBe(9);
    expect(pairs.get('TCPBacklogDrop')).toBe(2 ** 64);
    expect(pairs.get('InNoRoutes')).toBeUndefined();
  });

  test.each([
    ['an empty text', ''],
    ['names without numbers', 'TcpExt: ListenDrops\n'],
    ['more names than numbers', 'TcpExt: A ListenDrops\nTcpExt: 1\n'],
    ['a word that is not a number', 'TcpExt: ListenDrops\nTcpExt: x\n'],
    ['another group with the same beginning', 'TcpExt2: ListenDrops\nTcpExt2: 1\n'],
  ])('are unknown for %s', (_, text) => {
    expect(parsePairs(text, 'TcpExt').get('ListenDrops')).toBeUndefined();
  });

  test('include IPv6 packets', () => {
    const text = 'Ip6InReceives                   \t46\nIp6InHdrErrors                  \t0\n';
    expect(parseLine(text, 'Ip6InReceives')).toBe(46);
    expect(parseLine(text, 'InReceives')).toBe(0);
    expect(parseLine('', 'Ip6InReceives')).toBe(0);
  });
});

describe('a lead', () => {
  test.each<[string, Given, readonly string[]]>([
    ['accept queues that were full before', { stacks: [{ ListenOverflows: 9 }, { ListenOverflows: 9 }] }, []],
    [
      'a full accept queue: one lead for both counters',
      {
        stacks: [
          { ListenOverflows: 1, ListenDrops: 1 },
          { ListenOverflows: 9, ListenDrops: 9 },
        ],
      },
      ['warning listen'],
    ],
    [
      'attempts dropped for another reason',
      {
        stacks: [
          { ListenOverflows: 1, ListenDrops: 1 },
          { ListenOverflows: 1, ListenDrops: 9 },
        ],
      },
      ['warning listen'],
    ],
    ['a full backlog', { stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }] }, ['warning backlog']],
    ['unread datagrams', { stacks: [{ RcvbufErrors: 1 }, { RcvbufErrors: 4 }] }, ['warning udp']],
    [
      'the wrong interface',
      { stacks: [{ IPReversePathFilter: 1 }, { IPReversePathFilter: 4 }] },
      ['warning rp_filter'],
    ],
    ['a new namespace', { stacks: [{}, { ListenDrops: 4, TCPBacklogDrop: 4 }] }, []],
    ['a single sample', { seconds: 0, stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }] }, []],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));
});

test('leads of one kind are ordered by rate, each with its counter', () => {
  const stacks = (own: StackCounters, other: StackCounters) => ({
    stacks: new Map([
      ['own', own],
      ['net:7', other],
    ]),
  });
  const zero = { ListenOverflows: 0, ListenDrops: 0, TCPBacklogDrop: 0, RcvbufErrors: 0, IPReversePathFilter: 0 };
  const found = leadsFrom({
    seconds: 2,
    theirs: [{}, {}],
    elsewhere: [
      stacks(zero, zero),
      stacks(
        { ...zero, ListenDrops: 4, RcvbufErrors: 2, IPReversePathFilter: 2 },
        { ListenDrops: 8, TCPBacklogDrop: 2 },
      ),
    ],
  });
  expect(
    found.map((lead) => ('counter' in lead ? [lead.kind, lead.counter, lead.table.key, lead.perSecond] : [])),
  ).toEqual([
    ['rp_filter', 'IPReversePathFilter', 'own', 1],
    ['listen', 'ListenDrops', 'net:7', 4],
    ['listen', 'ListenDrops', 'own', 2],
    ['backlog', 'TCPBacklogDrop', 'net:7', 1],
    ['udp', 'RcvbufErrors', 'own', 1],
  ]);
});

test('a full accept queue is reported with its own counter', () => {
  const stacks = [
    { ListenOverflows: 1, ListenDrops: 1 },
    { ListenOverflows: 3, ListenDrops: 9 },
  ] as const;
  expect(leadsFrom({ stacks })).toMatchObject([{ counter: 'ListenOverflows', perSecond: 2 }]);
});
