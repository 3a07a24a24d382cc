import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FaultKind } from '../../../src/model/fault.ts';
import { faultWords } from '../../../src/words/faults.ts';
import {
  comparedWords,
  durationWords,
  foreign,
  foreignPath,
  percentWords,
  sizeWords,
  valueWords,
} from '../../../src/words/words.ts';

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('|', '\n', '\r', '\u001b', '\0', 'é', '１', '\ud800', "'", '$', '`', 'a', ' ', '/'),
  }),
);

describe('untrusted text', () => {
  test('becomes harmless and at most 64 bytes long', () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(foreign(text)).toMatch(/^[A-Za-z0-9 _.:/@+,()=%~?-]{0,64}$/);
      }),
    );
  });

  test('stays unchanged if it is harmless and short', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9 _.:/@+,()=%~-]{0,64}$/), (text) => {
        expect(foreign(text)).toBe(text);
        expect(foreignPath(text)).toBe(text);
      }),
    );
  });

  test('becomes harmless as the root of a path, and at most 64 bytes long', () => {
    const ours = '/proc/net/stat/nf_conntrack';
    fc.assert(
      fc.property(anything, (root) => {
        const shown = foreignPath(root + ours);
        expect(shown).toMatch(/^[A-Za-z0-9 _.:/@+,()=%~?-]{0,64}\/proc\/net\/stat\/nf_conntrack$/);
      }),
    );
  });

  test('becomes harmless in the text of a fault', () => {
    const kinds = fc.constantFrom<FaultKind>(
      'missing',
      'denied',
      'not-directory',
      'timeout',
      'malformed',
      'not-a-number',
    );
    fc.assert(
      fc.property(kinds, anything, (kind, source) => {
        expect(faultWords({ kind, source, detail: '37' })).toMatch(/^[A-Za-z0-9 _.:/@+,()=%~?-]+$/);
      }),
    );
  });
});

describe('percent', () => {
  test.each<[percent: number, words: string]>([
    [0, '0.0%'],
    [0.04, '0.0%'],
    [36.6669, '36.7%'],
    [99.94, '99.9%'],
    [99.95, '99.9%'],
    [99.999999, '99.9%'],
    [100, '100.0%'],
    [119.96, '120.0%'],
  ])('%d is %s', (percent, words) => expect(percentWords(percent)).toBe(words));

  test('a value below 100 is never rounded up to it', () => {
    const below = fc.double({ min: 0, max: 100, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(below, (percent) => {
        expect(Number(percentWords(percent).slice(0, -1))).toBeLessThan(100);
      }),
    );
  });
});

test('a size in words is within half of its last digit', () => {
  const unit = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };
  fc.assert(
    fc.property(fc.maxSafeInteger(), (any) => {
      const bytes = Math.abs(any);
      const [, digits = '', name = ''] = /^(\d+(?:\.\d)?) (\w+)$/.exec(sizeWords(bytes)) ?? [];
      const scale = new Map(Object.entries(unit)).get(name) ?? Number.NaN;
      expect(Math.abs(Number(digits) * scale - bytes)).toBeLessThanOrEqual(0.0501 * scale);
    }),
  );
});

test.each([
  [0, '0 s'],
  [0.04, '0 s'],
  [9.94, '9.9 s'],
  [10.4, '10 s'],
  [59.6, '60 s'],
  [599, '599 s'],
  [600, '10 min'],
  [7199, '120 min'],
  [7200, '2 h'],
  [172_799, '48 h'],
  [172_800, '2 d'],
  [1e6, '12 d'],
])('%d seconds are %s', (seconds, words) => expect(durationWords(seconds)).toBe(words));

test.each([
  ['usage', 99.9999, '99.99%'],
  ['usage', 100, '100%'],
  ['usage', 120.5, '120.5%'],
  ['time_to_full', 900, '15 min'],
  ['usage', 36.6669, '36.67%'],
  ['memory_share', 0.5, '0.5%'],
  ['entries', 24030, '24030'],
  ['slab', 20652032, '19.7 MiB'],
  ['load_factor', 2.12345, '2.123'],
  ['drop', 1204, '1204'],
] as const)('%s of %d is %s', (metric, value, words) => expect(valueWords(metric, value)).toBe(words));

test.each([
  ['usage', 85.123, 80, '85.12% is above 80%'],
  ['usage', 80.001, 80, '80.001% is above 80%'],
  ['entries', 100, 99.5, '100 is above 99.5'],
  ['slab', 1025, 1024, '1025B is above 1024B'],
  ['drop_rate', 0.0001, 0, '0.0001 is above 0'],
  ['drop', 5, 4.6, '5 is above 4.6'],
] as const)('%s of %d over %d: %s', (metric, value, bound, words) =>
  expect(comparedWords(metric, value, 'above', bound)).toBe(words),
);
