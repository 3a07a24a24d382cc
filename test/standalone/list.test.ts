// Long lists: exact up to 65 536 lines, an even sample beyond, with its error told.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flood, listOf } from '../e2e/support/list.ts';
import { plugin, RUN, shell } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';

const [EXACT, LONG] = [65_536, 200_000];
const text = flood(LONG);

function written(lines: number): string {
  const path = join(scratch(), 'list');
  writeFileSync(path, `${text.split('\n').slice(0, lines).join('\n')}\n`);
  return path;
}

test('a list of 65 536 lines is counted line by line', () => {
  const { stdout } = plugin('report', '--entries', written(EXACT), '--format', 'json');
  expect(listOf(stdout)).toMatchObject({ entries: EXACT, sample: null, complete: true, lines_not_understood: 0 });
});

test.each([
  ['a file', (path: string) => `$RUN report --entries ${path}`],
  ['stdin', (path: string) => `$RUN report --entries - <${path}`],
  ['a pipe', (path: string) => `cat ${path} | $RUN report --entries -`],
])('of a longer one a sample is, and its error is told: %s', (_, script) => {
  const { sample, entries, complete, sources } = listOf(shell(`${script(written(LONG))} --format json`).stdout);
  expect({ entries, complete }).toEqual({ entries: LONG, complete: true });
  expect(sample?.of_lines).toBe(LONG);
  expect(sample?.lines).toBeGreaterThanOrEqual(EXACT);
  const error = sample?.error_percentage_points ?? 0;
  expect(error).toBeCloseTo(98 / Math.sqrt(sample?.lines ?? 0), 2);
  const [first] = sources.top;
  expect(first?.address).toBe('198.51.100.7');
  const share = (100 * (first?.entries ?? 0)) / entries;
  // Told is what holds 19 times out of 20; nobody will see an exception from twice that.
  expect(share).toBeLessThan(10 + 2 * error);
  expect(share + (100 * sources.may_lack) / entries).toBeGreaterThan(10 - 2 * error);
});

test('the text says so too', () => {
  const { stdout } = plugin('report', '--entries', written(LONG));
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /200,000 entries of \S+, from an even random sample of \d\d,\d{3} lines: shares are right to within 0\.4 percentage points \(19 times out of 20\)\./,
  );
  expect(stdout).toMatch(/Destinations \(more than 1\)/);
});

test('memory is bounded: 64 MiB of address space are enough for any list', () => {
  const path = written(1000);
  const script = `for i in $(seq 300); do cat ${path}; done | (ulimit -v 65536; ${RUN.join(' ')} report --entries -)`;
  expect(shell(script)).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('300,000 entries of stdin'),
  });
});
