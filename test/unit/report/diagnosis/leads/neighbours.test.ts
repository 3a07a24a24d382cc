// Neighbour tables: the kernel's statistics, and when a full one is a lead.

import { describe, expect, test } from 'vitest';
import { parseNeighbourStatistics, readNeighbourCaches } from '../../../../../src/report/diagnosis/leads/neighbours.ts';
import { type Given, kindsFrom, leadsFrom } from '../../../support/leads.ts';
import { rootOf } from '../../../support/root.ts';

describe('neighbour caches are read', () => {
  const CACHE = 'entries  allocs table_fulls\n0000000a 00000001 00000002\n0000000a 00000001 0000001f\n';

  test('for both families, with their limits', () => {
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

  test('without a malformed one, and even without a limit', () => {
    const root = rootOf({ 'proc/1/net/stat/arp_cache': 'x\n', 'proc/1/net/stat/ndisc_cache': CACHE });
    expect(readNeighbourCaches(root, '/proc/1/net')).toEqual([
      { name: 'ndisc_cache', entries: 10, tableFulls: [2, 31], limit: undefined },
    ]);
  });

  test.each([
    ['no entries', 'allocs table_fulls\n00000001 00000002\n'],
    ['no line for a CPU', 'entries table_fulls\n'],
    ['a number too short', 'entries table_fulls\n0000001 00000002\n'],
    ['a number too long', 'entries table_fulls\n00000001 000000002\n'],
    ['a number in capitals', 'entries table_fulls\n00000001 0000000A\n'],
    ['a second CPU without all numbers', 'entries table_fulls\n00000001 00000002\n\n00000001\n'],
  ])('unless malformed: %s', (_, text) =>
    expect(parseNeighbourStatistics(text)).toEqual({ ok: false, kind: 'malformed' }),
  );

  test('with zero entries and extra blanks', () => {
    expect(parseNeighbourStatistics('\n entries   table_fulls \n 00000000\t00000000 \n')).toEqual({
      ok: true,
      value: { entries: 0, tableFulls: [0] },
    });
  });
});

describe('statistics', () => {
  const HEAD = 'entries  allocs   destroys hash_grows lookups  hits     res_failed table_fulls';
  const ROW = (entries: string, fulls: string) =>
    `${entries} 0000000a 00000008 00000000   0000016e 00000000 00000000   ${fulls}`;

  test('have a line for each CPU', () => {
    const text = [HEAD, ROW('00000400', '00000001'), ROW('00000400', 'ffffffff'), ''].join('\n');
    expect(parseNeighbourStatistics(text)).toEqual({
      ok: true,
      value: { entries: 1024, tableFulls: [1, 2 ** 32 - 1] },
    });
  });

  test.each([
    ['a text without the column (before 4.3)', `entries  allocs\n00000002 0000000a\n`],
    ['a text without a CPU', `${HEAD}\n`],
    ['with a field that is not a number', `${HEAD}\n${ROW('00000002', '0000000g')}\n`],
    ['an empty text', ''],
  ])('are malformed: %s', (_, text) => expect(parseNeighbourStatistics(text).ok).toBe(false));
});

describe('a full neighbour cache', () => {
  const cache = (...tableFulls: readonly number[]) => ({
    neighbours: [{ name: 'arp_cache', entries: 1024, tableFulls, limit: 1024 } as const],
  });
  test.each<[string, Given, readonly string[]]>([
    ['full before, not now', { elsewhere: [cache(7, 1), cache(7, 1)] }, []],
    ['full now', { elsewhere: [cache(7, 1), cache(7, 3)] }, ['warning neighbours']],
    ['a counter that wraps', { elsewhere: [cache(2 ** 32 - 1), cache(1)] }, ['warning neighbours']],
    ['a new cache', { elsewhere: [{}, cache(7)] }, []],
    ['another number of CPUs', { elsewhere: [cache(1), cache(1, 1)] }, []],
    ['in the log only', { logged: [{ of: 'neighbours', lines: 1, ago: 5 }] }, ['warning neighbours']],
    [
      'in both: one lead',
      { elsewhere: [cache(1), cache(2)], logged: [{ of: 'neighbours', lines: 1, ago: 5 }] },
      ['warning neighbours'],
    ],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));
});

test('each neighbour cache is a separate lead, with its rate and log lines', () => {
  const caches = (arp: number, ndisc: number) => ({
    neighbours: [
      { name: 'arp_cache', entries: 9, tableFulls: [arp], limit: 1024 } as const,
      { name: 'ndisc_cache', entries: 9, tableFulls: [ndisc], limit: 1024 } as const,
    ],
  });
  const [now, before] = [
    { of: 'neighbours', lines: 1, ago: 5 },
    { of: 'neighbours', lines: 1, ago: 900 },
  ] as const;
  const told = (logged: NonNullable<Given['logged']>) =>
    leadsFrom({ seconds: 2, elsewhere: [caches(7, 1), caches(7, 5)], logged });
  expect(told([now])).toMatchObject([{ cache: { name: 'ndisc_cache' }, perSecond: 2, logged: now }]);
  expect(told([before])).toMatchObject([{ perSecond: 2, logged: undefined }]);
  expect(leadsFrom({ logged: [now] })).toMatchObject([{ cache: undefined, perSecond: 0, logged: now }]);
});
