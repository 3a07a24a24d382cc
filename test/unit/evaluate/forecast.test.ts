// Growth that a few odd moments do not bend, and the time that is left.

import { describe, expect, test } from 'vitest';
import { growthOf, timeToFull } from '../../../src/evaluate/forecast.ts';

function samples(...pairs: readonly (readonly [uptime: number, entries: number])[]) {
  return pairs.map(([uptime, entries]) => ({ uptime, entries, cpus: [] }));
}

describe('growth', () => {
  test.each([
    ['too few', samples([0, 0], [10, 10], [20, 20], [30, 30]), undefined],
    ['five', samples([0, 0], [10, 10], [20, 20], [30, 30], [40, 40]), 1],
    ['a table that empties', samples([0, 40], [10, 30], [20, 20], [30, 10], [40, 0]), -1],
    ['one that stands', samples([0, 7], [10, 7], [20, 7], [30, 7], [40, 7]), 0],
    ['an odd one in between', samples([0, 0], [10, 10], [20, 9000], [30, 30], [40, 40]), 1],
    ['an odd one last', samples([0, 0], [10, 10], [20, 20], [30, 30], [40, 9000]), 1],
    // The two in the middle are 3 and 3.75.
    ['between the two middle ones', samples([0, 0], [10, 10], [20, 30], [30, 70], [40, 150]), 3.375],
    [
      'runs by hand close together do not outvote the trend',
      samples([0, 0], [100, 100], [101, 90], [102, 80], [103, 70], [104, 60], [105, 50], [1000, 1000]),
      expect.closeTo(1, 0.2),
    ],
    // Ten of 100 seconds: with the three of them 50/s would have most.
    ['a pair of just a tenth is too close', samples([0, 0], [10, 500], [20, 1000], [30, 1500], [100, 100]), 1],
    // 10 is more than 2.
    ['an odd number of pairs', samples([0, 0], [10, 10], [20, 30], [30, 120], [40, 220], [50, 220]), 5.25],
  ])('%s', (_, given, expected) => expect(growthOf(given)).toEqual(expected));

  test('all at once is no time at all', () => {
    expect(growthOf(samples([5, 0], [5, 1], [5, 2], [5, 3], [5, 4]))).toBeUndefined();
  });
});

test.each([
  [60, 100, 2, 20],
  [100, 100, 2, 0],
  [120, 100, 2, 0],
  [60, 100, 0, undefined],
  [60, 100, -1, undefined],
])('%d of %d at %d/s: %s', (entries, max, perSecond, seconds) => {
  expect(timeToFull(entries, max, perSecond)).toBe(seconds);
});
