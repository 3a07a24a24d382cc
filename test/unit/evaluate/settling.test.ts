// Growth that settles, as opposed to growth that continues: simulated series, and properties of all series.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { growthOf, timeToFull } from '../../../src/evaluate/forecast.ts';
import type { Measured } from '../../../src/evaluate/measurements.ts';
import { isSettling } from '../../../src/evaluate/settling.ts';
import { sampleOf, trendOf } from '../../../src/evaluate/trend.ts';
import type { Counters } from '../../../src/model/counters.ts';
import type { Sample } from '../../../src/model/sample.ts';
import type { Table } from '../../../src/model/table.ts';

const LIMIT = 100_000;
const WINDOW = 300;
const CRITICAL = 900;

type Course = (seconds: number) => number;

/** Returns the samples of a check every `step` seconds from 0 to `until`, limited to the window. */
function samplesOf(course: Course, step: number, until: number): readonly Sample[] {
  const times = Array.from({ length: Math.floor(until / step) + 1 }, (_, at) => at * step);
  return times
    .filter((time) => until - time <= WINDOW)
    .map((time) => ({ uptime: 1000 + time, entries: Math.round(course(time)), cpus: [] }));
}

/** Returns the reported time to full; undefined if there is none. */
function timeToFullOf(samples: readonly Sample[]): number | undefined {
  const perSecond = growthOf(samples);
  const entries = samples[samples.length - 1]?.entries ?? 0;
  if (perSecond === undefined || isSettling(samples, LIMIT)) return undefined;
  return timeToFull(entries, LIMIT, perSecond);
}

/**
 * Returns the times, in seconds from the start, at which a check every `step` seconds reports a full table within 15
 * minutes.
 */
function alarms(course: Course, step: number, until: number): readonly number[] {
  const times = Array.from({ length: Math.floor(until / step) }, (_, at) => (at + 1) * step);
  return times.filter((time) => (timeToFullOf(samplesOf(course, step, time)) ?? Number.POSITIVE_INFINITY) < CRITICAL);
}

// M/G/infinity: entries arrive at a constant rate and stay for `stay` seconds on average.
const approach =
  (plateau: number, stay: number): Course =>
  (time) =>
    plateau * (1 - Math.exp(-time / stay));

// Every entry stays equally long: a straight line that ends.
const filling =
  (plateau: number, stay: number): Course =>
  (time) =>
    plateau * Math.min(1, time / stay);

describe('growth that settles below the limit', () => {
  test.each([
    ['UDP, every 10 s', 10, 30, 70],
    ['UDP, every 60 s', 60, 30, 0],
    ['TIME_WAIT, every 10 s', 10, 120, 190],
    ['TIME_WAIT, every 60 s', 60, 120, 0],
  ])('an approach to 69 %%: %s', (_, step, stay, last) => {
    expect(Math.max(0, ...alarms(approach(0.69 * LIMIT, stay), step, 900))).toBeLessThanOrEqual(last);
  });

  test('never reports an approach to 150 % as settling', () => {
    for (const stay of [30, 120])
      for (const step of [10, 60]) {
        const course = approach(1.5 * LIMIT, stay);
        const reached = -stay * Math.log(1 - 1 / 1.5);
        for (let time = 2 * step; time < reached; time += step)
          expect(isSettling(samplesOf(course, step, time), LIMIT)).toBe(false);
      }
  });

  test('a line that ends at 69 %: no alarm once it has ended for half of the window', () => {
    expect(alarms(filling(0.69 * LIMIT, 120), 10, 900).filter((time) => time > 240)).toEqual([]);
  });

  test('a step: no alarm once it has lasted for a minute', () => {
    const step: Course = (time) => (time < 300 ? 10_000 : 60_000);
    expect(alarms(step, 10, 900).filter((time) => time > 360)).toEqual([]);
    expect(isSettling(samplesOf(step, 10, 370), LIMIT)).toBe(true);
  });

  test.each([
    ['UDP, every 10 s', 10, 30, 60],
    ['UDP, every 60 s', 60, 30, 180],
    ['TIME_WAIT, every 10 s', 10, 120, 190],
    ['TIME_WAIT, every 60 s', 60, 120, 180],
  ])('an approach to 69 %% after a quiet time: %s', (_, step, stay, last) => {
    const course: Course = (time) => 1000 + (time < 600 ? 0 : approach(0.69 * LIMIT, stay)(time - 600));
    expect(Math.max(0, ...alarms(course, step, 1500).map((time) => time - 600))).toBeLessThanOrEqual(last);
  });

  test('a straight line: as before', () => {
    const samples = samplesOf((time) => 1000 + 100 * time, 10, 300);
    expect(timeToFullOf(samples)).toBeCloseTo((LIMIT - 31_000) / 100, 6);
  });

  test('a saw-tooth that rises on the whole', () => {
    const saw: Course = (time) => 20_000 + 100 * time + 200 * (time % 60);
    const settled = Array.from({ length: 40 }, (_, at) => 300 + 10 * at).filter((time) =>
      isSettling(samplesOf(saw, 10, time), LIMIT),
    );
    expect(settled).toEqual([]);
  });

  test('a jump, with growth that continues after it', () => {
    const course: Course = (time) => 10_000 + (time < 100 ? 0 : 20_000) + 50 * time;
    const called = Array.from({ length: 80 }, (_, at) => 10 * at).filter((time) =>
      isSettling(samplesOf(course, 10, time), LIMIT),
    );
    expect(called).toEqual([]);
  });

  test('a flood that has just begun, after an approach that had settled', () => {
    const course: Course = (time) => approach(0.3 * LIMIT, 60)(time) + Math.max(0, time - 290) * 1000;
    expect(isSettling(samplesOf(course, 10, 290), LIMIT)).toBe(true);
    expect(isSettling(samplesOf(course, 10, 300), LIMIT)).toBe(false);
  });

  test('a table stopped at its limit has not settled below it', () => {
    expect(
      isSettling(
        samplesOf((time) => Math.min(LIMIT - 6, 1000 * time), 10, 300),
        LIMIT,
      ),
    ).toBe(false);
  });

  test('growth that began a moment ago shows nothing yet', () => {
    const course: Course = (time) => 15_000 * Math.min(2, Math.max(0, (time - 280) / 5));
    expect(isSettling(samplesOf(course, 5, 300), LIMIT)).toBe(false);
    expect(isSettling(samplesOf(course, 5, 380), LIMIT)).toBe(true);
  });

  test('an approach to the limit itself does not settle before it is reached', () => {
    for (const stay of [30, 60, 120])
      for (let time = 60; time < 3 * stay; time += 10)
        expect(isSettling(samplesOf(approach(LIMIT, stay), 10, time), LIMIT)).toBe(false);
  });

  test('an approach that starts from a high level, after a quiet time', () => {
    const course: Course = (time) => 40_000 + (time < 600 ? 0 : approach(0.3 * LIMIT, 30)(time - 600));
    const settled = Array.from({ length: 20 }, (_, at) => 600 + 10 * at).filter((time) =>
      isSettling(samplesOf(course, 10, time), LIMIT),
    );
    expect(settled).toEqual(Array.from({ length: settled.length }, (_, at) => 790 - 10 * at).reverse());
    expect(settled[0]).toBeLessThanOrEqual(700);
  });

  test('a shrinking table does not settle', () => {
    expect(
      isSettling(
        samplesOf((time) => 90_000 - 10 * time - time * time * 0.1, 10, 300),
        LIMIT,
      ),
    ).toBe(false);
  });

  test('three samples of any shape; four', () => {
    const far = Number.MAX_SAFE_INTEGER;
    const shown = (entries: readonly number[]) =>
      isSettling(
        entries.map((count, at) => ({ uptime: 100 * at, entries: count })),
        far,
      );
    expect(shown([0, 40_000, 50_000])).toBe(false);
    expect(shown([0, 40_000, 50_000, 52_000])).toBe(true);
  });

  test('too few samples', () => {
    expect(isSettling([], LIMIT)).toBe(false);
    expect(
      isSettling(
        samplesOf((time) => time, 10, 10),
        LIMIT,
      ),
    ).toBe(false);
  });
});

const rate = fc.double({ min: 1, max: 1000, noNaN: true });
const steps = fc.constantFrom(5, 10, 20, 60);

describe('properties of all series', () => {
  test('never reports steady growth as slowing', () => {
    const property = fc.property(rate, fc.double({ min: 0, max: 10, noNaN: true }), steps, (slope, bend, step) => {
      const course: Course = (time) => slope * time + bend * time * time;
      expect(isSettling(samplesOf(course, step, WINDOW), Number.MAX_SAFE_INTEGER)).toBe(false);
    });
    fc.assert(property);
  });

  test('also with irregular check times', () => {
    const gaps = fc.array(fc.double({ min: 0.1, max: 60, noNaN: true }), { minLength: 2, maxLength: 60 });
    const property = fc.property(gaps, rate, (apart, slope) => {
      let uptime = 0;
      const samples = apart.map((gap) => {
        uptime += gap;
        return { uptime, entries: slope * uptime, cpus: [] };
      });
      expect(isSettling(samples, Number.MAX_SAFE_INTEGER)).toBe(false);
    });
    fc.assert(property);
  });

  test('does not treat a short pause as the end', () => {
    const property = fc.property(rate, fc.integer({ min: 0, max: 300 }), (slope, begins) => {
      const course: Course = (time) => slope * (time - Math.min(Math.max(time - begins, 0), 0.15 * WINDOW));
      expect(isSettling(samplesOf(course, 10, WINDOW), Number.MAX_SAFE_INTEGER)).toBe(false);
    });
    fc.assert(property, {
      examples: [
        [1, 255],
        [100, 225],
        [100, 210],
      ],
    });
  });

  test('does not treat one outlier as the end', () => {
    const anywhere = fc.integer({ min: 1, max: 29 });
    const property = fc.property(rate, anywhere, fc.integer({ min: -50_000, max: 50_000 }), (slope, odd, by) => {
      const course: Course = (time) => 50_000 + slope * time + (time === 10 * odd ? by : 0);
      expect(isSettling(samplesOf(course, 10, WINDOW), Number.MAX_SAFE_INTEGER)).toBe(false);
    });
    fc.assert(property);
  });

  test('every approach that settles ends below the limit, at any rate and stay', () => {
    const property = fc.property(
      fc.double({ min: 0.05, max: 3, noNaN: true }),
      fc.double({ min: 5, max: 2000, noNaN: true }),
      steps,
      fc.integer({ min: 3, max: 60 }),
      (plateau, stay, step, looks) => {
        const samples = samplesOf(approach(plateau * LIMIT, stay), step, looks * step);
        if (isSettling(samples, LIMIT)) expect(plateau).toBeLessThan(1);
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });

  test('an approach to 69 % has settled after three stays, if that fits the window', () => {
    const property = fc.property(fc.integer({ min: 10, max: 100 }), fc.constantFrom(5, 10, 20), (stay, step) => {
      const until = Math.max(3 * stay, 6 * step);
      expect(isSettling(samplesOf(approach(0.69 * LIMIT, stay), step, until), LIMIT)).toBe(true);
    });
    fc.assert(property);
  });
});

describe('in the metrics', () => {
  const measured = (course: Course, counters: Counters = {}, limit = LIMIT) => {
    const samples = samplesOf(course, 10, WINDOW).map((sample, at) => ({
      ...sample,
      cpus: [at < 29 ? NONE : { ...NONE, ...counters }],
    }));
    const now = samples[samples.length - 1];
    const source = '/proc/x';
    const statistics = { ok: true, value: { cpus: now?.cpus ?? [] }, source } as const;
    const unseen = { ok: false, fault: { kind: 'not-asked', source } } as const;
    const table: Table = {
      key: 'own',
      isOwn: true,
      isInitial: true,
      pids: [],
      number: undefined,
      mount: undefined,
      entries: now?.entries ?? 0,
      entriesSource: source,
      limit,
      limitSource: source,
      statistics,
      extensions: { acct: unseen, timestamp: unseen, events: unseen, listener: unseen },
    };
    const clock = { ok: true, value: { boot: 'x', uptime: now?.uptime ?? 0 }, source } as const;
    expect(sampleOf(table, clock.value)).toEqual({ ...now, limit });
    const history = { ok: true, value: { past: samples.slice(0, -1), window: WINDOW }, source } as const;
    return trendOf(table, clock, history, { ok: true, value: { major: 6, minor: 1 }, source }).measured;
  };
  const NONE = { drop: 0, early_drop: 0, insert_failed: 0, chainlength: 0 };
  const slowing: Measured = { kind: 'none', why: 'growth is slowing' };

  test('keeps the value of growth, and gives a reason for the missing time to full', () => {
    const { growth: perSecond, time_to_full: full } = measured(approach(0.69 * LIMIT, 60));
    expect(full).toEqual(slowing);
    expect(perSecond.kind).toBe('value');
  });

  test('not if entries were refused meanwhile: growth has slowed because the table is full', () => {
    const course = approach(0.69 * LIMIT, 60);
    for (const counters of [{ drop: 1 }, { early_drop: 1 }, { chainlength: 1, insert_failed: 1 }])
      expect(measured(course, counters).time_to_full.kind).toBe('value');
  });

  test('not while it falls: both earlier samples had more; one lower sample is not enough', () => {
    const back = (by: number) => measured((time) => 20_000 + 100 * time - (time === 300 ? by : 0)).time_to_full;
    expect(back(0).kind).toBe('value');
    expect(back(2000).kind).toBe('value');
    expect(back(2001)).toEqual({ kind: 'none', why: 'fewer entries than in the samples before' });
    const full = (time: number) => Math.min(LIMIT - 6, 1000 * time) - (time === 300 ? 100 : 0);
    expect(measured(full, { drop: 1 }).time_to_full.kind).toBe('value');
  });

  test('not without a limit', () => {
    expect(measured(approach(0.69 * LIMIT, 60), {}, 0).time_to_full).toEqual({ kind: 'none', why: 'no limit is set' });
  });
});

// M/G/infinity as a random walk instead of a formula. An entry that has left does not return.
describe('with the noise of real arrivals', () => {
  // A generator with a seed, so that a failure can be repeated.
  const drawn = (seed: number) => {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
  };
  const normal = (random: () => number) => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

  /** In each step some entries leave and some arrive, both at random. */
  function walk(seed: number, perSecond: number, stay: number, step: number, looks: number): readonly Sample[] {
    const random = drawn(seed);
    const left = Math.exp(-step / stay);
    let entries = 0;
    return Array.from({ length: looks + 1 }, (_, at) => {
      const [staying, coming] = [entries * left, perSecond * stay * (1 - left)];
      const spread = Math.sqrt(entries * left * (1 - left) + coming);
      if (at > 0) entries = Math.max(0, Math.round(staying + coming + spread * normal(random)));
      return { uptime: 1000 + at * step, entries, cpus: [] };
    }).filter(({ uptime }) => 1000 + looks * step - uptime <= WINDOW);
  }

  test('a table of thousands that settles at 69 % stops alarming once it has', () => {
    const seeds = Array.from({ length: 100 }, (_, at) => at + 1);
    const alarmed = seeds.flatMap((seed) =>
      Array.from({ length: 24 }, (_, at) => at + 7).filter((looks) => {
        const samples = walk(seed, (0.69 * LIMIT) / 30, 30, 10, looks);
        return (timeToFullOf(samples) ?? Number.POSITIVE_INFINITY) < CRITICAL;
      }),
    );
    expect(alarmed.length).toBeLessThan(0.01 * 100 * 24);
  });

  test('permanent entries are almost never taken for a settling table', () => {
    const seeds = Array.from({ length: 200 }, (_, at) => at + 1);
    const called = seeds.filter((seed) => isSettling(walk(seed, 200, 1e6, 10, 30), LIMIT));
    expect(called).toEqual([]);
  });
});
