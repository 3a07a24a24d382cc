// Growth that outliers do not distort, and the time left.

import { describe, expect, test } from 'vitest';
import { growthOf, timeToFull } from '../../../src/evaluate/forecast.ts';

function samples(...pairs: readonly (readonly [uptime: number, entries: number])[]) {
  return pairs.map(([uptime, entries]) => ({ uptime, entries, cpus: [] }));
}

describe('growth', () => {
  test.each([
    ['too few samples', samples([0, 0], [10, 10], [20, 20], [30, 30]), undefined],
    ['five', samples([0, 0], [10, 10], [20, 20], [30, 30], [40, 40]), 1],
    ['a table that gets emptier', samples([0, 40], [10, 30], [20, 20], [30, 10], [40, 0]), -1],
    ['a constant table', samples([0, 7], [10, 7], [20, 7], [30, 7], [40, 7]), 0],
    ['an outlier in the middle', samples([0, 0], [10, 10], [20, 9000], [30, 30], [40, 40]), 1],
    ['an outlier at the end', samples([0, 0], [10, 10], [20, 20], [30, 30], [40, 9000]), 1],
    // The two median slopes are 3 and 3.75.
    ['the mean of the two median slopes', samples([0, 0], [10, 10], [20, 30], [30, 70], [40, 150]), 3.375],
    [
      'runs by hand close together do not outvote the trend',
      samples([0, 0], [100, 100], [101, 90], [102, 80], [103, 70], [104, 60], [105, 50], [1000, 1000]),
      expect.closeTo(1, 0.2),
    ],
    // A tenth of 100 seconds: including the three pairs, 50/s would be the median.
    ['a pair of exactly a tenth is too close', samples([0, 0], [10, 500], [20, 1000], [30, 1500], [100, 100]), 1],
    // 10 is more than 2.
    ['an odd number of pairs', samples([0, 0], [10, 10], [20, 30], [30, 120], [40, 220], [50, 220]), 5.25],
  ])('%s', (_, given, expected) => expect(growthOf(given)).toEqual(expected));

  test('ignores samples of one moment', () => {
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
