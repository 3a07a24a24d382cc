import fc from 'fast-check';
import { expect, test } from 'vitest';
import { perfdataOf } from '../../../src/check/perfdata.ts';
import { evaluate } from '../../../src/evaluate/evaluate.ts';
import { METRIC_NAMES } from '../../../src/evaluate/metrics.ts';
import { parseRange, type Range } from '../../../src/evaluate/range.ts';
import type { Thresholds } from '../../../src/evaluate/thresholds.ts';
import { type Changes, observation } from '../support/observation.ts';

function elements(changes: Changes, given: Thresholds): readonly string[] {
  const options = { thresholds: given, objectSize: undefined, drift: 'warning', partial: 'ok' } as const;
  return perfdataOf(evaluate(observation(changes), new Map(), options).results[0]);
}

test('no thresholds at all, no bounds', () => {
  expect(elements({}, {}).slice(0, 2)).toEqual(['usage=10%;;;0;100', 'entries=100;;;0;1000']);
});

test('the bounds of entries follow usage level by level, as people would reckon them', () => {
  const upTo = (end: number): Range => ({ start: 0, end, inside: false });
  const bounds = (given: Thresholds, limit: number) => elements({ limit }, given)[1];
  expect(bounds({ usage: { critical: upTo(90) } }, 1000)).toBe('entries=100;;900;0;1000');
  expect(bounds({ usage: { warning: upTo(80), critical: upTo(90) } }, 65536)).toBe('entries=100;52428;58982;0;65536');
  expect(bounds({ usage: { warning: upTo(1.1), critical: upTo(0.7) } }, 300)).toBe('entries=100;3;2;0;300');
});

test.each(METRIC_NAMES)('%s can be a label', (name) => expect(name).toMatch(/^[a-z0-9_]{1,19}$/));

const end = fc.option(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })));
const range: fc.Arbitrary<Range> = fc
  .record({ first: end, last: end, inside: fc.boolean() })
  .map(({ first, last, inside }) => ({
    start: (first ?? Number.NEGATIVE_INFINITY) + 0,
    end: (last ?? Number.POSITIVE_INFINITY) + 0,
    inside,
  }))
  .filter(({ start, end }) => start <= end);
const thresholds: fc.Arbitrary<Thresholds> = fc.dictionary(
  fc.constantFrom(...METRIC_NAMES),
  fc.record({ warning: range, critical: range }, { requiredKeys: [] }),
);

test('every element has the form that every grapher reads, whatever is counted and asked for', () => {
  const int = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(int, int, thresholds, (entries, limit, given) => {
      for (const element of elements({ entries, limit }, given)) {
        const [, bounds = ''] = /^[a-z0-9_]{1,19}=\d+(?:\.\d+)?[%Bc]?;(.*;.*);0(?:;\d+)?$/.exec(element) ?? [];
        const [warning = 'none', critical = 'none'] = bounds.split(';');
        for (const text of [warning, critical]) expect([element, isBound(text)]).toEqual([element, true]);
      }
    }),
    { numRuns: 500 },
  );
});

function isBound(text: string): boolean {
  return text === '' || /^-?\d+(\.\d+)?$/.test(text) || parseRange(text, {}).ok;
}
