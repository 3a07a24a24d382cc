// What there is to say of two moments, where the older one told less.

import { expect, test } from 'vitest';
import { trendOf } from '../../../src/evaluate/trend.ts';
import type { Counters } from '../../../src/observation/counters.ts';
import { ok, table } from '../support/observation.ts';

const OLD = { drop: 5, early_drop: 0, insert_failed: 0 };

function trend(older: Counters, newer: Counters) {
  const clock = ok({ boot: 'boot', uptime: 1060 });
  const history = ok({ past: [{ uptime: 1000, entries: 10, cpus: [older] }], window: 300 });
  return trendOf(table({ entries: 10, statistics: ok({ cpus: [newer] }) }), clock, history);
}

test('a counter that is told from now on has no rate yet, and the others have theirs', () => {
  const { measured, losses } = trend(OLD, { ...OLD, drop: 11, chainlength: 4096 });
  expect(measured.chainlength_rate).toEqual({ kind: 'none', why: 'the counter was not told before' });
  expect(measured.drop_rate).toEqual({ kind: 'value', value: 0.1 });
  expect(losses?.events).toEqual({ drop: 6, early_drop: 0, insert_failed: 0 });
});

test('one that is no longer told is none that went back', () => {
  const { measured } = trend({ ...OLD, chainlength: 4096 }, OLD);
  expect(measured.chainlength_rate).toEqual({ kind: 'none', why: 'unsupported by this kernel' });
  expect(measured.drop_rate).toEqual({ kind: 'value', value: 0 });
});
