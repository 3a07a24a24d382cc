// Thresholds that need history, and pairs that are mistakes.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alerts, covers } from '../../../src/evaluate/range.ts';
import {
  looserWarning,
  mergeThresholds,
  needingHistory,
  parseThresholds,
  thresholdsEverywhere,
} from '../../../src/evaluate/thresholds.ts';

function rangesOf(...texts: readonly string[]) {
  const parsed = parseThresholds(texts);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.ranges;
}

function looserOf(warning: readonly string[], critical: readonly string[]) {
  const thresholds = mergeThresholds({ warning: rangesOf(...warning), critical: rangesOf(...critical) });
  return looserWarning(thresholds, { warning, critical });
}

test.each<[warning: string, critical: string, looser: boolean]>([
  ['90', '80', true],
  ['80', '90', false],
  ['80', '80', false],
  ['drop=5', 'drop=4', true],
  ['drop=5', 'early_drop=4', false],
  ['time_to_full=10m:', 'time_to_full=20m:', true],
  ['time_to_full=20m:', 'time_to_full=10m:', false],
  ['time_to_full=10m:', 'time_to_full=10m:', false],
  // The lower end of the first one warns, or alerts alone.
  ['10:90', '80', false],
  ['10:', '80', false],
  ['90', '10:', false],
  ['10:90', '20:', false],
  ['10:90', '20:80', true],
  ['5:95', '10:90', true],
  ['5:', '10:90', true],
  ['10:', '20:30', true],
  ['10:', '@20:', false],
  ['@90:', '80', true],
  ['@80:', '80', false],
  ['@82:85', '@81:86', true],
  ['@82:85', '@83:86', false],
  ['@82:85', '@82:85', false],
  // One of them switches warnings or criticals off.
  ['~:', '10:', false],
  ['95', '~:', false],
  // A metric that is never negative, and one that may be.
  ['-5:80', '80', false],
  ['growth=-5:80', 'growth=80', true],
  ['growth=80', 'growth=-5:80', false],
  ['~:80', '0', true],
  ['entries=0', 'entries=0', false],
])('-w %s and -c %s: never warns is %s', (warning, critical, looser) => {
  expect(looserOf([warning], [critical]) !== undefined).toBe(looser);
});

test.each<[warning: string, isCovered: boolean]>([
  ['89.99', false],
  ['90', true],
  ['95', true],
  ['10:95', false],
  ['@95:', true],
  ['~:', false],
  ['entries=95', false],
])('-w %s alone never warns by the default -c 90: %s', (warning, isCovered) => {
  expect(looserOf([warning], [])?.isDefault).toBe(isCovered ? true : undefined);
});

test('accepts -c 70 alone', () => {
  expect(looserOf([], ['70'])).toBe(undefined);
});

test('finds a warning covered if no value has it as its state, for any ranges', () => {
  const end = fc.integer({ min: -3, max: 6 });
  const range = fc.record({ start: end, length: fc.nat({ max: 6 }), inside: fc.boolean() });
  fc.assert(
    fc.property(range, range, fc.boolean(), (first, other, signed) => {
      const [warning, critical] = [first, other].map(({ start, length, inside }) => ({
        start,
        end: start + length,
        inside,
      }));
      if (warning === undefined || critical === undefined) throw new Error('no ranges');
      const values = Array.from({ length: 61 }, (_, at) => (at - 20) / 2).filter((value) => signed || value >= 0);
      const warned = values.filter((value) => alerts(warning, value));
      const hidden = warned.filter((value) => alerts(critical, value));
      expect(covers(critical, warning, signed)).toBe(warned.length > 0 && hidden.length === warned.length);
    }),
    { numRuns: 2000 },
  );
});

test('names both ranges as they can be typed', () => {
  const looser = looserOf(['drop=1', '90'], ['80', 'drop=2']);
  expect(looser).toEqual({ warning: 'usage=90', critical: 'usage=80', isDefault: false });
});

test.each<[readonly string[], string | undefined]>([
  [[], undefined],
  [['80', 'drop=0'], undefined],
  [['80', 'drop_rate=0', 'growth=5'], 'drop_rate=0'],
  [['time_to_full=5:'], 'time_to_full=5:'],
  [['growth=5'], 'growth=5'],
  [['nothing=5'], undefined],
])('among %j, %s needs history', (texts, expected) => expect(needingHistory(texts)).toBe(expected));

test.each(['netns_usage=5', 'netns_count=5'])('%s takes no threshold: says what to use', (text) => {
  const name = text.slice(0, -2);
  const why = `no thresholds on ${name}, usage is judged in every namespace with --netns all`;
  expect(parseThresholds([text])).toEqual({ ok: false, text, why });
});

test.each<[string, string]>([
  ['200000', 'usage is a percentage; for entries use entries=200000'],
  ['usage=1000:200000%', 'usage is a percentage; for entries use entries=1000:200000'],
  ['1000.1:', 'usage is a percentage; for entries use entries=1000.1:'],
  ['time_to_full=15m', 'alerts below need a colon: 15m:'],
  ['time_to_full=.5', 'alerts below need a colon: .5:'],
  ['x=1', 'unknown metric'],
])('%s cannot do what was meant: %s', (text, why) => {
  expect(parseThresholds([text])).toEqual({ ok: false, text, why });
});

test.each([
  '1000',
  'memory_share=2000',
  'entries=200000',
  'time_to_full=15m:',
  'time_to_full=@15m',
  'time_to_full=0:15m',
])('accepts %s unchanged', (text) => expect(parseThresholds([text]).ok).toBe(true));

test('thresholds for every namespace', () => {
  const range = { warning: { start: 0, end: 1, inside: false } };
  const given = { usage: range, drop_rate: range, growth: range, slab: range, load_factor: range };
  expect(thresholdsEverywhere(given)).toStrictEqual({ usage: range, drop_rate: range });
});
