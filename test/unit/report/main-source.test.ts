// The main source of a table's entries, as one name.

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
  [
    'the source that adds most, even if others hold more',
    mainOf([...idle, ...flood], flood),
    'source',
    '203.0.113.9',
    100,
    'added',
  ],
  [
    'the source of fresh entries, if no new ones were seen',
    mainOf([...idle, ...flood]),
    'source',
    '203.0.113.9',
    100,
    'added',
  ],
  ['the network of many sources', mainOf([...idle, ...network], network), 'network', '203.0.113.0/24', 100, 'added'],
  [
    'the destination of forged sources',
    mainOf([...idle, ...forged], forged),
    'destination',
    'udp 9 of 192.0.2.1',
    100,
    'added',
  ],
  [
    'the source that holds most',
    mainOf([...times(900, () => ({ source: '10.9.9.9' })), ...idle.slice(0, 100)]),
    'source',
    '10.9.9.9',
    90,
    'held',
  ],
])('%s', (_, found, kind, name, share, of) => {
  expect(found).toEqual({ kind, name, share, of });
});

test('a source that adds little is not the main source', () => {
  expect(
    mainOf(
      times(900, () => ({ source: '10.9.9.9' })),
      [],
    ) ?? null,
  ).toMatchObject({ of: 'held' });
});

test('only entries begun since the previous check count as fresh', () => {
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

test('NAT without a free port: the destination it lacks ports for', () => {
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

test('no main source without a list, with an empty one, or with one of another table', () => {
  const none = { kind: 'none', fault: fault('denied').fault } as const;
  expect(mainSource({ listed: none, shortage: 'unknown', isForeign: false })).toBe(null);
  expect(mainOf([])).toBe(null);
  expect(mainOf(flood, flood, { isForeign: true })).toBe(null);
});
