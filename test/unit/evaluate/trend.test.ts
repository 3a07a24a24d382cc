// Trends from two samples, the older of which may lack counters.

import { describe, expect, test } from 'vitest';
import { sampleOf, trendOf } from '../../../src/evaluate/trend.ts';
import type { Counters } from '../../../src/model/counters.ts';
import type { Sample } from '../../../src/model/sample.ts';
import { fault, ok, table } from '../support/observation.ts';

const OLD = { drop: 5, early_drop: 0, insert_failed: 0 };

const LINUX = (major: number, minor: number) => ok({ major, minor });

function trend(older: Counters, newer: Counters, release = LINUX(6, 1)) {
  const clock = ok({ boot: 'boot', uptime: 1060 });
  const history = ok({ past: [{ uptime: 1000, entries: 10, cpus: [older] }], window: 300 });
  return trendOf(table({ entries: 10, statistics: ok({ cpus: [newer] }) }), clock, history, release);
}

test('a counter that is new has no rate yet; the others have theirs', () => {
  const { measured, losses } = trend(OLD, { ...OLD, drop: 11, chainlength: 4096 });
  expect(measured.chainlength_rate).toEqual({ kind: 'none', why: 'the counter was not available before' });
  expect(measured.drop_rate).toEqual({ kind: 'value', value: 0.1 });
  expect(losses?.events).toEqual({ drop: 6, early_drop: 0, insert_failed: 0 });
});

test('a counter that only some CPUs have is unsupported', () => {
  const [all, partial] = [{ ...OLD, chainlength: 1 }, OLD];
  const past = [{ uptime: 1000, entries: 10, cpus: [all, all] }];
  const newer = table({ statistics: ok({ cpus: [all, partial] }) });
  const { measured } = trendOf(newer, ok({ boot: 'boot', uptime: 1060 }), ok({ past, window: 300 }), LINUX(6, 1));
  expect(measured.chainlength_rate).toEqual({ kind: 'none', why: 'unsupported by this kernel' });
});

test('a counter that has disappeared is not a reset', () => {
  const { measured } = trend({ ...OLD, chainlength: 4096 }, OLD);
  expect(measured.chainlength_rate).toEqual({ kind: 'none', why: 'unsupported by this kernel' });
  expect(measured.drop_rate).toEqual({ kind: 'value', value: 0 });
});

describe('lost packets by cause, from counters that overlap', () => {
  const NONE = { drop: 0, insert_failed: 0 };
  test.each<[string, Counters, ReturnType<typeof LINUX>, object, object]>([
    // 60 s between the samples.
    [
      '5.10: a drop that is a clash is recognised',
      { drop: 90, insert_failed: 30 },
      LINUX(5, 10),
      { value: 1 },
      { value: 0.5 },
    ],
    ['one clash and no full table', { drop: 6, insert_failed: 6 }, LINUX(6, 1), { value: 0 }, { value: 0.1 }],
    ['4.6: no clash is a drop', { drop: 60, insert_failed: 30 }, LINUX(4, 6), { value: 1 }, { value: 0.5 }],
    [
      '4.7 to 5.9: an upper bound, and no rate of clashes',
      { drop: 60, insert_failed: 30 },
      LINUX(5, 4),
      { value: 1 },
      { kind: 'none', why: 'unsupported by this kernel' },
    ],
  ])('%s', (_, newer, release, lost, clash) => {
    expect(trend(NONE, newer, release).measured).toMatchObject({ lost_rate: lost, clash_rate: clash });
  });

  test('counts long chains as a loss', () => {
    const older = { ...NONE, chainlength: 0 };
    const { measured } = trend(older, { drop: 0, insert_failed: 60, chainlength: 60 });
    expect(measured).toMatchObject({ lost_rate: { value: 1 }, clash_rate: { value: 0 } });
  });

  test('has no rate of either without one of the counters', () => {
    const why = { kind: 'none', why: 'unsupported by this kernel' };
    expect(trend({ drop: 0 }, { drop: 6 }).measured).toMatchObject({ lost_rate: why, clash_rate: why });
  });
});

const CLOCK = ok({ boot: 'boot', uptime: 1060 });
const none = (why: string) => ({ kind: 'none', why });

describe('reasons for a missing trend', () => {
  const past = [{ uptime: 1000, entries: 10, cpus: [OLD] }];
  const statistics = ok({ cpus: [{ drop: 5 }] });
  type Given = Parameters<typeof trendOf>;

  test.each<[string, Given[1], Given[2], object]>([
    ['nobody keeps one', CLOCK, undefined, none('no state directory')],
    ['it cannot be kept', CLOCK, fault('not-written'), { kind: 'broken', fault: fault('not-written').fault }],
    ['a first run', CLOCK, ok({ past: 'first run since boot', window: 300 }), none('first run since boot')],
    ['no clock', undefined, ok({ past, window: 300 }), none('the clock did not move')],
    ['a clock that cannot be read', fault('denied'), ok({ past, window: 300 }), none('the clock did not move')],
    [
      'a reset',
      CLOCK,
      ok({ past: [{ uptime: 1000, entries: 1, cpus: [{ drop: 9 }] }], window: 300 }),
      none('the counters were reset'),
    ],
  ])('%s', (_, clock, history, why) => {
    const { measured, losses, pace } = trendOf(table({ statistics }), clock, history, LINUX(6, 1));
    expect(Object.values(measured)).toEqual(Array(9).fill(why));
    expect([losses, pace]).toEqual([undefined, undefined]);
  });

  test('has growth without readable counters', () => {
    const newer = table({ entries: 70, statistics: fault('denied') });
    const { measured, losses, pace } = trendOf(
      newer,
      CLOCK,
      ok({ past: [{ uptime: 1000, entries: 10, cpus: [] }], window: 300 }),
      LINUX(6, 1),
    );
    expect(measured.drop_rate).toEqual({ kind: 'broken', fault: fault('denied').fault });
    expect([losses, pace]).toEqual([undefined, 1]);
  });
});

describe('growth and the time left', () => {
  const samples = (...entries: readonly number[]) =>
    entries.map((count, at) => ({ uptime: 1060 - 10 * (entries.length - at), entries: count, cpus: [] }));
  const measured = (limit: number, past: readonly Sample[], window = 300) =>
    trendOf(table({ entries: 50, limit, statistics: ok({ cpus: [] }) }), CLOCK, ok({ past, window }), LINUX(6, 1))
      .measured;

  test.each<[string, number, readonly Sample[], object, object]>([
    ['growing', 100, samples(10, 20, 30, 40), { value: 1 }, { value: 50 }],
    ['full', 50, samples(10, 20, 30, 40), { value: 1 }, { value: 0 }],
    ['not growing', 100, samples(50, 50, 50, 50), { value: 0 }, none('not growing')],
    ['without a limit', 0, samples(10, 20, 30, 40), { value: 1 }, none('no limit is set')],
    [
      'too few samples',
      100,
      samples(20, 30, 40),
      none('too few samples in the window yet'),
      none('too few samples in the window yet'),
    ],
  ])('%s', (_, limit, past, growth, time) => {
    expect(measured(limit, past)).toMatchObject({ growth, time_to_full: time });
  });

  test('uses only samples within the window, including both ends', () => {
    const past = [{ uptime: 500, entries: 9000, cpus: [] }, ...samples(10, 20, 30, 40)];
    expect(measured(100, past, 40).growth).toMatchObject({ value: 1 });
    expect(measured(100, past, 39).growth).toEqual(none('too few samples in the window yet'));
  });
});

test('keeps the entries and the limit of a table without counters', () => {
  const clock = { boot: 'boot', uptime: 7 };
  const kept = { uptime: 7, entries: 100, limit: 1000 };
  expect(sampleOf(table({ statistics: fault('denied') }), clock)).toEqual({ ...kept, cpus: [] });
  expect(sampleOf(table({ statistics: ok({ cpus: [OLD] }) }), clock)).toEqual({ ...kept, cpus: [OLD] });
});

describe('time to full appears only if the newest samples agree', () => {
  const at = (entries: readonly number[], limit = 1000) => {
    const past = entries.slice(0, -1).map((held, place) => ({ uptime: 100 * place, entries: held, cpus: [] }));
    const clock = ok({ boot: 'boot', uptime: 100 * past.length });
    const last = entries[entries.length - 1] ?? 0;
    const silent = table({ entries: last, limit, statistics: ok({ cpus: [] }) });
    return trendOf(silent, clock, ok({ past, window: 10_000 }), LINUX(6, 1)).measured.time_to_full;
  };

  test.each<[string, readonly number[], object]>([
    ['growth that goes on', [100, 200, 300, 400, 500, 600], { kind: 'value', value: 400 }],
    [
      'after a collapse it is too early to tell',
      [100, 300, 500, 700, 940, 2, 3],
      none('too few samples in the window yet'),
    ],
    ['a tooth of its own', [500, 700, 940, 100, 200, 300, 400, 500], { kind: 'value', value: 500 }],
    ['one odd sample is no collapse', [100, 200, 9000, 400, 500, 600], { kind: 'value', value: 400 }],
    ['a full table that stands', [700, 800, 900, 1000, 1000, 1000, 1000], none('not growing')],
    ['growth that has ended', [100, 200, 300, 400, 400, 400], none('not growing')],
  ])('%s', (_, entries, expected) => expect(at(entries)).toEqual(expected));
});
