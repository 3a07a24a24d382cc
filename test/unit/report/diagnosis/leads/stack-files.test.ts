// Counters of a namespace's stack and of the machine's neighbours, read from their files.

import { describe, expect, test } from 'vitest';
import { parseNeighbourStatistics, readNeighbourCaches } from '../../../../../src/report/diagnosis/leads/neighbours.ts';
import { parseLine, parsePairs, readStackCounters } from '../../../../../src/report/diagnosis/leads/stack-counters.ts';
import { rootOf } from '../../../support/root.ts';

describe('counters of the stack', () => {
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

  test('of both families together', () => {
    expect(read({ netstat: NETSTAT, snmp: SNMP, snmp6: SNMP6 })).toEqual({
      ...EXTENDED,
      InReceives: 310,
      RcvbufErrors: 420,
    });
  });

  test('of a kernel without IPv6', () => {
    expect(read({ snmp: SNMP })).toStrictEqual({ InReceives: 10, RcvbufErrors: 20 });
  });

  test('what is not told is left out', () => {
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
  ])('by their names: %j', (text, pairs) => expect([...parsePairs(text, 'X')]).toEqual(pairs));

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
  ])('of a line of its own: %j', (text, figure) => expect(parseLine(text, 'A')).toBe(figure));
});

describe('neighbours', () => {
  const CACHE = 'entries  allocs table_fulls\n0000000a 00000001 00000002\n0000000a 00000001 0000001f\n';

  test('of both families, with their limits', () => {
    const root = rootOf({
      'proc/1/net/stat/arp_cache': CACHE,
      'proc/1/net/stat/ndisc_cache': CACHE.replace(/0000000a/g, '0000000b'),
      'proc/sys/net/ipv4/neigh/default/gc_thresh3': '1024\n',
      'proc/sys/net/ipv6/neigh/default/gc_thresh3': '2048\n',
    });
    expect(readNeighbourCaches(root, '/proc/1/net')).toEqual([
      { name: 'arp_cache', entries: 10, tableFulls: [2, 31], limit: 1024 },
      { name: 'ndisc_cache', entries: 11, tableFulls: [2, 31], limit: 2048 },
    ]);
  });

  test('one that is not told is left out, and a limit is not needed', () => {
    const root = rootOf({ 'proc/1/net/stat/arp_cache': 'x\n', 'proc/1/net/stat/ndisc_cache': CACHE });
    expect(readNeighbourCaches(root, '/proc/1/net')).toEqual([
      { name: 'ndisc_cache', entries: 10, tableFulls: [2, 31], limit: undefined },
    ]);
  });

  test.each([
    ['no entries', 'allocs table_fulls\n00000001 00000002\n'],
    ['no CPU', 'entries table_fulls\n'],
    ['a figure too short', 'entries table_fulls\n0000001 00000002\n'],
    ['a figure too long', 'entries table_fulls\n00000001 000000002\n'],
    ['a figure in capitals', 'entries table_fulls\n00000001 0000000A\n'],
    ['a second CPU without figures', 'entries table_fulls\n00000001 00000002\n\n00000001\n'],
  ])('broken: %s', (_, text) => expect(parseNeighbourStatistics(text)).toEqual({ ok: false, kind: 'malformed' }));

  test('no entries at all are none, and blanks around them do not matter', () => {
    expect(parseNeighbourStatistics('\n entries   table_fulls \n 00000000\t00000000 \n')).toEqual({
      ok: true,
      value: { entries: 0, tableFulls: [0] },
    });
  });
});
