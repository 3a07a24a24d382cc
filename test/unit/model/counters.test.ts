// The kernel's counters by name.

import { expect, test } from 'vitest';
import {
  byCounter,
  byRate,
  COLUMN_NAMES,
  COUNTER_NAMES,
  type CounterSpec,
  counterSpec,
  isColumnName,
  toolKeys,
} from '../../../src/model/counters.ts';

test('are in the order of the performance data, each with its rate', () => {
  expect(COUNTER_NAMES).toEqual(['drop', 'early_drop', 'insert_failed', 'chainlength', 'invalid']);
  expect(Object.entries(byCounter((name) => name)).every(([key, name]) => key === name)).toBe(true);
  const rates = Object.entries(byRate((name) => name));
  expect(rates.map(([, name]) => name)).toEqual(COUNTER_NAMES);
  expect(rates.every(([key, name]) => key === `${name}_rate`)).toBe(true);
});

test('include the additional columns, and nothing else', () => {
  expect(COLUMN_NAMES.slice(COUNTER_NAMES.length)).toEqual(['clashres', 'icmp_error']);
  expect([...COLUMN_NAMES, 'found', 'constructor', ''].map(isColumnName)).toEqual([
    ...COLUMN_NAMES.map(() => true),
    ...[false, false, false],
  ]);
});

test('have the names of conntrack(8)', () => {
  expect(COLUMN_NAMES.map(toolKeys)).toEqual([
    ['drop'],
    ['early_drop'],
    ['insert_failed'],
    ['chaintoolong', 'chainlength'],
    ['invalid'],
    ['clash_resolve', 'clashres'],
    ['error', 'icmp_error'],
  ]);
});

test.each<[CounterSpec['means'], readonly string[]]>([
  ['loss', ['drop', 'chainlength']],
  ['overlap', ['insert_failed']],
  ['eviction', ['early_drop']],
  ['untracked', ['invalid']],
])('an event is a %s', (means, names) => {
  expect(COUNTER_NAMES.filter((name) => counterSpec(name).means === means)).toEqual(names);
});

test('chains are counted since 5.15, everything else by every kernel', () => {
  const since = COUNTER_NAMES.map((name) => counterSpec(name).since);
  expect(since.filter(Boolean)).toEqual([[5, 15]]);
  expect(since[3]).toEqual([5, 15]);
});
