// Which thresholds need history, and which pair of them is a slip.

import { expect, test } from 'vitest';
import {
  looserWarning,
  needingHistory,
  parseThresholds,
  thresholdsEverywhere,
} from '../../../src/evaluate/thresholds.ts';

function rangesOf(...texts: readonly string[]) {
  const parsed = parseThresholds(texts);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.ranges;
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
  // Whoever gives one of these has thought of something.
  ['10:90', '80', false],
  ['10:', '80', false],
  ['90', '10:', false],
  ['@90:', '80', false],
  ['~:', '10:', false],
  ['10:', '@20:', false],
  ['10:', '20:30', false],
  ['10:90', '20:', false],
])('-w %s and -c %s: %s', (warning, critical, looser) => {
  const found = looserWarning({ warning: rangesOf(warning), critical: rangesOf(critical) });
  expect(found !== undefined).toBe(looser);
});

test('both are named, as they can be typed', () => {
  const given = { warning: rangesOf('drop=1', '90'), critical: rangesOf('80', 'drop=2') };
  expect(looserWarning(given)).toEqual({ text: 'usage=90', critical: 'usage=80' });
});

test.each<[readonly string[], string | undefined]>([
  [[], undefined],
  [['80', 'drop=0'], undefined],
  [['80', 'drop_rate=0', 'growth=5'], 'drop_rate=0'],
  [['time_to_full=5:'], 'time_to_full=5:'],
  [['growth=5'], 'growth=5'],
  [['nothing=5'], undefined],
])('of %j history is needed for %s', (texts, expected) => expect(needingHistory(texts)).toBe(expected));

test.each(['netns_usage=5', 'netns_count=5'])('%s is judged nowhere: what to use is said', (text) => {
  const name = text.slice(0, -2);
  const why = `no thresholds on ${name}, usage is judged in every namespace with --netns all`;
  expect(parseThresholds([text])).toEqual({ ok: false, text, why });
});

test('an unknown one lists those that can be judged', () => {
  const parsed = parseThresholds(['x=1']);
  expect(parsed).toMatchObject({ ok: false, why: expect.stringMatching(/time_to_full$/) });
});

test('what holds everywhere', () => {
  const range = { warning: { start: 0, end: 1, inside: false } };
  const given = { usage: range, drop_rate: range, growth: range, slab: range, load_factor: range };
  expect(thresholdsEverywhere(given)).toStrictEqual({ usage: range, drop_rate: range });
});
