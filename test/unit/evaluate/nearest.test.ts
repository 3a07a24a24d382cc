// Suggestions for a mistyped name.

import { expect, test } from 'vitest';
import { METRIC_NAMES } from '../../../src/evaluate/metrics.ts';
import { nearest } from '../../../src/evaluate/nearest.ts';

test.each<[string, text: string, string | undefined]>([
  ['two letters exchanged', 'entreis', 'entries'],
  ['a letter too many', 'entriess', 'entries'],
  ['a letter left out', 'clainlength', 'chainlength'],
  ['a dash for an underscore', 'slab-max', 'slab_max'],
  ['no underscores', 'timetofull', 'time_to_full'],
  ['a prefix of one name', 'insert_failed_', 'insert_failed_rate'],
  ['a short prefix of one name', 'load', 'load_factor'],
  ['a prefix too short to be meant', 'gro', undefined],
  ['a prefix of several names, one of them near', 'netns_cou', 'netns_count'],
  ['another word', 'packets', undefined],
  ['a name itself', 'drop', undefined],
  ['nothing', '', undefined],
])('%s: %s is %s', (_, text, near) => {
  expect(nearest(text, METRIC_NAMES)).toBe(near);
});

test('takes no time for a text as long as a command line can be', () => {
  const started = performance.now();
  expect(nearest('u'.repeat(100_000), METRIC_NAMES)).toBe(undefined);
  expect(performance.now() - started).toBeLessThan(500);
});
