// The source that fills a table, in one name.

import { expect, test } from 'vitest';
import { arrivalsOf } from '../../../src/report/list/arrivals.ts';
import { holdingsOf } from '../../../src/report/list/holders.ts';
import { DEFAULT_TIMEOUTS } from '../../../src/report/list/timeouts.ts';
import { mainSource } from '../../../src/report/main-source.ts';
import { digestOf, listed, times } from '../support/listed.ts';
import { fault } from '../support/observation.ts';

const idle = times(700, (at) => ({ source: `10.2.${at % 7}.${at % 200}`, port: 5432 }));
const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 9 } as const;
const flood = times(300, () => ({ ...UDP, source: '203.0.113.9', left: 28 }));
const network = times(300, (at) => ({ ...UDP, source: `203.0.113.${at % 200}`, left: 28 }));
const forged = times(300, (at) => ({ ...UDP, source: `${1 + (at % 200)}.${at % 251}.0.1`, left: 28 }));

function mainOf(lines: readonly string[], began?: readonly string[], changes = {}) {
  const list = { kind: 'list', source: 'x', cut: undefined, ...listed(lines, began) } as const;
  return mainSource({ listed: list, shortage: 'unknown', isForeign: false, ...changes });
}

test.each([
  ['who adds, though others hold more', mainOf([...idle, ...flood], flood), 'source', '203.0.113.9', 100, 'added'],
  ['what is fresh, if nothing was seen to be new', mainOf([...idle, ...flood]), 'source', '203.0.113.9', 100, 'added'],
  ['a network', mainOf([...idle, ...network], network), 'network', '203.0.113.0/24', 100, 'added'],
  [
    'forged sources: where they all go',
    mainOf([...idle, ...forged], forged),
    'destination',
    'udp 9 of 192.0.2.1',
    100,
    'added',
  ],
  [
    'who holds',
    mainOf([...times(900, () => ({ source: '10.9.9.9' })), ...idle.slice(0, 100)]),
    'source',
    '10.9.9.9',
    90,
    'held',
  ],
])('%s', (_, found, kind, name, share, of) => {
  expect(found).toEqual({ kind, name, share, of });
});

test('a little that is added is not the reason', () => {
  expect(
    mainOf(
      times(900, () => ({ source: '10.9.9.9' })),
      [],
    ) ?? null,
  ).toMatchObject({ of: 'held' });
});

test('entries of the time since the check before count as fresh, and no others', () => {
  const old = times(300, () => ({ ...UDP, source: '203.0.113.9', left: 5 }));
  const digest = digestOf([...idle, ...old]);
  const some = arrivalsOf(digest, undefined, 10, undefined, 60);
  expect(some).toMatchObject({ kind: 'fresh', seconds: 60, telling: false });
  const list = {
    kind: 'list',
    source: 'x',
    cut: undefined,
    holdings: holdingsOf(digest, DEFAULT_TIMEOUTS, 10),
    arrivals: some,
  } as const;
  expect(mainSource({ listed: list, shortage: 'unknown', isForeign: false })).toMatchObject({
    kind: 'destination',
    of: 'held',
  });
});

test('NAT without a port: the destination that has none left', () => {
  const group = { ipv6: false, protocol: 17, translated: [1], destination: [0xc0000201], port: 53 };
  const use = { ...group, used: 100, lowest: 1, highest: 100, mostly: { protocol: 17, state: 0, assured: false } };
  const shortage = { use, range: { first: 1, last: 100 } };
  const main = { kind: 'nat', name: 'udp 53 of 192.0.2.1', of: 'held' };
  expect(mainOf(idle, undefined, { shortage })).toMatchObject({
    ...main,
    nat: { address: '0.0.0.1', source: null, share: 0 },
  });
  const used = { ...shortage, use: { ...use, largest: { source: [0x0a000007], share: 92 } } };
  expect(mainOf(idle, undefined, { shortage: used })).toMatchObject({
    ...main,
    nat: { address: '0.0.0.1', source: '10.0.0.7', share: 92 },
  });
});

test('unknown: no list, an empty one, or one of another table', () => {
  const none = { kind: 'none', fault: fault('denied').fault } as const;
  expect(mainSource({ listed: none, shortage: 'unknown', isForeign: false })).toBe(null);
  expect(mainOf([])).toBe(null);
  expect(mainOf(flood, flood, { isForeign: true })).toBe(null);
});
