import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addTally,
  CAPACITY,
  countKey,
  countOf,
  countWord,
  heaviest,
  newTally,
  scaleTally,
  type Tally,
} from '../../../../src/report/list/tally.ts';

function total({ counts }: Tally): number {
  return counts.reduce((sum, held) => sum + held, 0);
}

/** Yields ten frequent keys mixed with unique ones. */
function* spoofed(times: number, heavy: number): Generator<number> {
  for (let at = 0; at < times; at++) yield at % heavy === 0 ? (at / heavy) % 10 : Math.imul(at + 1000, 0x9e3779b1);
}

test('counts are exact while there are few keys', () => {
  const tally = newTally(1);
  for (const key of [5, 5, -1, 5, 7, -1]) countWord(tally, key);
  expect(heaviest(tally, 2)).toEqual([
    { key: [5], count: 3 },
    { key: [-1], count: 2 },
  ]);
  expect([tally.lacking, tally.used]).toEqual([0, 3]);
});

test('equal counts are ordered by address', () => {
  const tally = newTally(1);
  for (const key of [-1, 0x7f000001, 0x0a000001]) countWord(tally, key);
  expect(heaviest(tally, 3).map(({ key }) => key[0])).toEqual([0x0a000001, 0x7f000001, -1]);
});

test('addresses are ordered by the first word that differs', () => {
  const tally = newTally(3);
  for (const key of [
    [1, -1, 0],
    [1, 2, 9],
    [1, 2, 3],
  ])
    countKey(tally, Int32Array.from(key));
  expect(heaviest(tally, 3).map(({ key }) => key)).toEqual([
    [1, 2, 3],
    [1, 2, 9],
    [1, -1, 0],
  ]);
});

test('counting a word and counting a key of one word agree', () => {
  const [one, other] = [newTally(1), newTally(1)];
  for (const key of spoofed(50_000, 20)) {
    countWord(one, key);
    countKey(other, Int32Array.of(key));
  }
  expect(one).toEqual(other);
});

test('a tally at its capacity is still exact', () => {
  const tally = newTally(4);
  for (let at = 0; at < CAPACITY; at++) countKey(tally, Int32Array.of(0x20010db8, 0, 0, at));
  expect([tally.used, tally.lacking, total(tally)]).toEqual([CAPACITY, 0, CAPACITY]);
});

describe('a flood of unique sources', () => {
  const N = 300_000;
  const tally = newTally(1);
  const exact = new Map<number, number>();
  for (const key of spoofed(N, 100)) {
    countWord(tally, key);
    exact.set(key, (exact.get(key) ?? 0) + 1);
  }

  test('takes bounded memory', () => {
    expect(tally.counts.length).toBe(8192);
    expect(tally.used).toBeLessThanOrEqual(CAPACITY);
  });

  test('leaves each count short by at most the reported error, which is within its bound', () => {
    expect(tally.lacking).toBeGreaterThan(0);
    expect(tally.lacking).toBeLessThanOrEqual((2 * N) / CAPACITY);
    for (const { key, count: counted } of heaviest(tally, CAPACITY)) {
      const [word = 0] = key;
      const truth = exact.get(word) ?? 0;
      expect(counted).toBeLessThanOrEqual(truth);
      expect(counted + tally.lacking).toBeGreaterThanOrEqual(truth);
    }
  });

  test('ranks the ten keys with a thousandth each first', () => {
    const top = heaviest(tally, 10).map(({ key }) => key[0]);
    expect(new Set(top)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});

test('parts of a list add up to the counts of the whole', () => {
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

test('two full tallies added keep the error bound', () => {
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

test('each count is found, even if its slot was taken', () => {
  const [tally, pairs] = [newTally(1), newTally(2)];
  for (let at = 0; at < CAPACITY; at++) {
    for (let times = 0; times <= at % 3; times++) countWord(tally, Math.imul(at, 0x01000193));
    countKey(pairs, Int32Array.of(7, at), 1 + (at % 3));
  }
  const wrong = Array.from({ length: CAPACITY }, (_, at) => at).filter(
    (at) => countOf(tally, [Math.imul(at, 0x01000193)]) !== 1 + (at % 3) || countOf(pairs, [7, at]) !== 1 + (at % 3),
  );
  expect(wrong).toEqual([]);
  expect([countOf(tally, [0x7fffffff]), countOf(pairs, [8, 0]), countOf(newTally(1), [0])]).toEqual([0, 0, 0]);
});

describe('counts above the capacity are lower bounds', () => {
  // An odd number of counts, so the median is the middle one.
  const HALF = CAPACITY / 2;

  test.each([
    [1, HALF + 1, 5, 1],
    [1, HALF, 5, 5],
    [255, HALF + 1, 900, 255],
    [256, HALF + 1, 900, 256],
    [400, HALF + 1, 900, 400],
    [400, HALF, 900, 900],
    [9, HALF, 100, 100],
  ])('short by the median: %i for %i keys, %i for the others', (low, of, high, median) => {
    const tally = newTally(1);
    // Mixes low and high counts: 3 and the number of keys are coprime.
    for (let at = 0; at <= CAPACITY; at++)
      countKey(tally, Int32Array.of(at), (3 * at) % (CAPACITY + 1) < of ? low : high);
    const left = median === low ? CAPACITY + 1 - of : 0;
    expect([tally.lacking, tally.used, total(tally)]).toEqual([median, left, left * (high - low)]);
  });

  test('short by more each time', () => {
    const tally = newTally(1);
    for (let at = 0; at < 2 * CAPACITY + 2; at++) countWord(tally, at);
    expect([tally.lacking, tally.used]).toEqual([2, 0]);
  });
});

test('errors of two tallies add up', () => {
  const [left, right] = [newTally(1), newTally(1)];
  left.lacking = 2;
  right.lacking = 3;
  addTally(left, right);
  expect([left.lacking, right.lacking]).toEqual([5, 3]);
});

test('scaling a part estimates the whole, and rounds the error up', () => {
  const tally = newTally(1);
  for (const key of [5, 5, 5, 7]) countWord(tally, key);
  tally.lacking = 3;
  scaleTally(tally, 1.5);
  expect([countOf(tally, [5]), countOf(tally, [7]), tally.lacking]).toEqual([5, 2, 5]);
});

test('the median may be a large count', () => {
  const tally = newTally(1);
  for (let at = 0; at <= CAPACITY; at++) for (let times = 0; times < 300; times++) countWord(tally, at);
  expect(tally.lacking).toBe(300);
  expect(tally.used).toBeLessThanOrEqual(1);
});
