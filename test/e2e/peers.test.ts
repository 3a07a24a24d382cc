// Mistakes of other conntrack checks, each as a regression case: OK or a crash if the table cannot be read, a verdict
// one level off, a division by a limit of zero.

import { expect, test } from 'vitest';
import { fixture, plugin } from './support/plugin.ts';

const CASES = [
  ['80 % is not above 80', 'usage-80-synthetic', 0, /^CONNTRACK OK - 52400 of 65500 entries \(80\.0%\)/],
  ['85 % is above 80', 'usage-85-synthetic', 1, /^CONNTRACK WARNING - 55675 of 65500 entries \(85\.0%\)/],
  ['90 % is not above 90', 'usage-90-synthetic', 1, /^CONNTRACK WARNING - 58950 of 65500 entries \(90\.0%\)/],
  ['above 100 % is judged', 'over-limit-synthetic', 2, /^CONNTRACK CRITICAL - table full: 262150 of 262144/],
  ['max = 0 is no limit', 'no-limit-synthetic', 0, /^CONNTRACK OK - 24030 entries, no limit set \| entries=24030;;;0 /],
  ['count missing', 'no-count-synthetic', 3, /^CONNTRACK UNKNOWN - cannot read .*nf_conntrack_count: no such file$/],
  ['max missing', 'no-max-synthetic', 3, /^CONNTRACK UNKNOWN - cannot read .*nf_conntrack_max: no such file$/],
  ['count = abc', 'count-abc-synthetic', 3, /^CONNTRACK UNKNOWN - cannot use .*_count: not a number, 4 bytes$/],
  ['module not loaded', 'no-conntrack-synthetic', 3, /^CONNTRACK UNKNOWN - no connection tracking visible here$/],
  ['built in, no /proc/modules', 'linux-6.18-capture', 0, /^CONNTRACK OK - 3240 of 262144 entries \(1\.2%\)/],
] as const;

test.each(CASES)('%s', (_, tree, status, line) => {
  const answer = plugin('--root', fixture(tree));
  expect(answer.stdout.trimEnd()).toMatch(line);
  expect(answer).toMatchObject({ status, stderr: '' });
});

test('judges every usage the same way, whatever the levels', () => {
  const states = ['-w80 -c86', '-w86 -c87', '-w80 -c84', '-w85 -c85', '-w84.99 -c99'].map(
    (levels) => plugin('--root', fixture('usage-85-synthetic'), ...levels.split(' ')).status,
  );
  expect(states).toEqual([1, 0, 2, 0, 1]);
});
