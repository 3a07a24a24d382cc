// Samples that a later one can be compared with, and the events in between.

import { describe, expect, test } from 'vitest';
import { baseSample, comparable, lossesBetween } from '../../../src/evaluate/rates.ts';
import type { Counters } from '../../../src/model/counters.ts';
import type { Sample } from '../../../src/model/sample.ts';

const WRAP = 2 ** 32;

function at(uptime: number, ...drops: readonly number[]): Sample {
  return { uptime, entries: 0, cpus: drops.map((drop) => ({ drop })) };
}

function uptimes(chain: ReturnType<typeof comparable>) {
  return typeof chain === 'string' ? chain : chain.map(({ uptime }) => uptime);
}

describe('comparable samples', () => {
  test.each<[string, Sample, readonly Sample[], readonly number[] | string]>([
    ['all older samples', at(300, 3), [at(100, 1), at(200, 2)], [100, 200]],
    ['nothing', at(300, 3), [], 'the clock did not move'],
    ['a sample of the same moment', at(300, 3), [at(300, 3)], 'the clock did not move'],
    ['a later sample of another run', at(300, 3), [at(100, 1), at(300, 3), at(400, 4)], [100]],
    ['back to a reset', at(300, 3), [at(100, 9), at(200, 2)], [200]],
    ['a reset since', at(300, 3), [at(200, 9)], 'the counters were reset'],
    ['a CPU added since', at(300, 3, 3), [at(200, 2)], 'the number of CPUs changed'],
    ['back to an added CPU', at(300, 3), [at(100, 1, 1), at(200, 2)], [200]],
    ['one CPU with a reset', at(300, 3, 1), [at(200, 2, 2)], 'the counters were reset'],
    ['a constant counter', at(300, 3), [at(200, 3)], [200]],
    ['a wrap', at(300, 5), [at(200, WRAP - 5)], [200]],
    ['the most that a CPU can count in a second', at(201, 20e6), [at(200, 0)], [200]],
    ['more than that', at(201, 20e6 + 1), [at(200, 0)], 'the counters were reset'],
    ['half of the range, in a long time', at(1e6, WRAP / 2), [at(200, 0)], [200]],
    ['more than half of the range', at(1e6, WRAP / 2 + 1), [at(200, 0)], 'the counters were reset'],
  ])('%s', (_, now, past, expected) => expect(uptimes(comparable(now, past))).toEqual(expected));

  test('does not treat a counter missing from either sample as a reset', () => {
    const sampleWith = (uptime: number, cpu: Counters): Sample => ({ uptime, entries: 0, cpus: [cpu] });
    expect(uptimes(comparable(sampleWith(300, { drop: 1 }), [sampleWith(200, { drop: 1, chainlength: 9 })]))).toEqual([
      200,
    ]);
    expect(uptimes(comparable(sampleWith(300, { drop: 1, chainlength: 9 }), [sampleWith(200, { drop: 1 })]))).toEqual([
      200,
    ]);
  });
});

describe('the sample that rates are taken from', () => {
  const chain = [at(100), at(200), at(250)];

  test.each([
    [1000, 100],
    [200, 100],
    [199, 200],
    [60, 250],
    [10, 250],
  ])('over %d s it is the one at %d', (window, uptime) => {
    expect(baseSample(at(300), chain, window)?.uptime).toBe(uptime);
  });
});

describe('events', () => {
  test('sums all CPUs over the actual span', () => {
    expect(lossesBetween(at(100, 1, 10), at(160, 4, 30))).toEqual({ seconds: 60, events: { drop: 23 } });
  });

  test('wraps each CPU separately', () => {
    expect(lossesBetween(at(100, WRAP - 1, 0), at(160, 1, 5)).events).toEqual({ drop: 7 });
  });

  test('counts only counters that every CPU has in both samples', () => {
    const partial: Sample = { uptime: 160, entries: 0, cpus: [{ drop: 1, early_drop: 1 }, { drop: 1 }] };
    const all: Sample = {
      uptime: 100,
      entries: 0,
      cpus: [
        { drop: 0, early_drop: 0 },
        { drop: 0, early_drop: 0 },
      ],
    };
    expect(lossesBetween(all, partial).events).toEqual({ drop: 2 });
    expect(
      lossesBetween(partial, {
        ...all,
        uptime: 200,
        cpus: [
          { drop: 1, early_drop: 1 },
          { drop: 1, early_drop: 1 },
        ],
      }).events,
    ).toEqual({ drop: 0 });
  });

  test('has no events without CPUs', () => {
    expect(lossesBetween(at(100), at(160)).events).toEqual({});
  });
});
