import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addTally, CAPACITY, count, countWord, heaviest, newTally, type Tally } from '../../../src/evaluate/tally.ts';

function total({ counts }: Tally): number {
  return counts.reduce((sum, held) => sum + held, 0);
}

/** Keys of which the first ten are met often, in an order that mixes them. */
function* spoofed(times: number, heavy: number): Generator<number> {
  for (let at = 0; at < times; at++) yield at % heavy === 0 ? (at / heavy) % 10 : Math.imul(at + 1000, 0x9e3779b1);
}

test('exact while there are few', () => {
  const tally = newTally(1);
  for (const key of [5, 5, -1, 5, 7, -1]) countWord(tally, key);
  expect(heaviest(tally, 2)).toEqual([
    { key: [5], count: 3 },
    { key: [-1], count: 2 },
  ]);
  expect([tally.lacking, tally.used]).toEqual([0, 3]);
});

test('equal ones in the order of the addresses', () => {
  const tally = newTally(1);
  for (const key of [-1, 0x7f000001, 0x0a000001]) countWord(tally, key);
  expect(heaviest(tally, 3).map(({ key }) => key[0])).toEqual([0x0a000001, 0x7f000001, -1]);
});

test('one word or several: the same', () => {
  const [one, other] = [newTally(1), newTally(1)];
  for (const key of spoofed(50_000, 20)) {
    countWord(one, key);
    count(other, Int32Array.of(key));
  }
  expect(one).toEqual(other);
});

test('full to the last place without an error', () => {
  const tally = newTally(4);
  for (let at = 0; at < CAPACITY; at++) count(tally, Int32Array.of(0x20010db8, 0, 0, at));
  expect([tally.used, tally.lacking, total(tally)]).toEqual([CAPACITY, 0, CAPACITY]);
});

describe('a flood of which every source differs', () => {
  const N = 300_000;
  const tally = newTally(1);
  const exact = new Map<number, number>();
  for (const key of spoofed(N, 100)) {
    countWord(tally, key);
    exact.set(key, (exact.get(key) ?? 0) + 1);
  }

  test('memory is bounded', () => {
    expect(tally.counts.length).toBe(8192);
    expect(tally.used).toBeLessThanOrEqual(CAPACITY);
  });

  test('each count lacks at most what is told, and that is as little as promised', () => {
    expect(tally.lacking).toBeGreaterThan(0);
    expect(tally.lacking).toBeLessThanOrEqual((2 * N) / CAPACITY);
    for (const { key, count: counted } of heaviest(tally, CAPACITY)) {
      const [word = 0] = key;
      const truth = exact.get(word) ?? 0;
      expect(counted).toBeLessThanOrEqual(truth);
      expect(counted + tally.lacking).toBeGreaterThanOrEqual(truth);
    }
  });

  test('the ten that have a thousandth each are first', () => {
    const top = heaviest(tally, 10).map(({ key }) => key[0]);
    expect(new Set(top)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});

test('parts of one list come to what the whole does, within the bound', () => {
  const keys = fc.array(fc.oneof(fc.nat(20), fc.integer()), { maxLength: 3000 });
  fc.assert(
    fc.property(keys, fc.nat(4), (list, seed) => {
      const [whole, left, right] = [newTally(1), newTally(1), newTally(1)];
      list.forEach((key, at) => {
        countWord(whole, key);
        countWord((at + seed) % 3 === 0 ? left : right, key);
      });
      addTally(left, right);
      expect(heaviest(left, 50)).toEqual(heaviest(whole, 50));
      expect(left.lacking).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('two full ones together still keep their word', () => {
  const [left, right] = [newTally(1), newTally(1)];
  const exact = new Map<number, number>();
  let at = 0;
  for (const key of spoofed(100_000, 50)) {
    countWord(at % 2 === 0 ? left : right, key);
    exact.set(key, (exact.get(key) ?? 0) + 1);
    at += 1;
  }
  addTally(left, right);
  for (const { key, count: counted } of heaviest(left, CAPACITY)) {
    const truth = exact.get(key[0] ?? 0) ?? 0;
    expect(counted).toBeLessThanOrEqual(truth);
    expect(counted + left.lacking).toBeGreaterThanOrEqual(truth);
  }
});

test('many that have much: the median is more than a small number', () => {
  const tally = newTally(1);
  for (let at = 0; at <= CAPACITY; at++) for (let times = 0; times < 300; times++) countWord(tally, at);
  expect(tally.lacking).toBe(300);
  expect(tally.used).toBeLessThanOrEqual(1);
});
