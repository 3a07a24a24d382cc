// Long lists: exact up to 65 536 lines; longer ones are sampled evenly, with the error reported.

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

test('counts a list of 65 536 lines line by line', () => {
  const { stdout } = plugin('report', '--entries', written(EXACT), '--format', 'json');
  expect(listOf(stdout)).toMatchObject({ entries: EXACT, sample: null, complete: true, lines_not_understood: 0 });
});

test.each([
  ['a file', (path: string) => `$RUN report --entries ${path}`],
  ['stdin', (path: string) => `$RUN report --entries - <${path}`],
  ['a pipe', (path: string) => `cat ${path} | $RUN report --entries -`],
])('samples a longer one, and reports the error: %s', (_, script) => {
  const { sample, entries, complete, sources } = listOf(shell(`${script(written(LONG))} --format json`).stdout);
  expect({ entries, complete }).toEqual({ entries: LONG, complete: true });
  expect(sample?.of_lines).toBe(LONG);
  expect(sample?.lines).toBeGreaterThanOrEqual(EXACT);
  const error = sample?.error_percentage_points ?? 0;
  expect(error).toBeCloseTo(98 / Math.sqrt(sample?.lines ?? 0), 2);
  const [first] = sources.top;
  expect(first?.address).toBe('198.51.100.7');
  const share = (100 * (first?.entries ?? 0)) / entries;
  // The reported error holds 19 times out of 20; an exception of twice the error is out of reach.
  expect(share).toBeLessThan(10 + 2 * error);
  expect(share + (100 * sources.may_lack) / entries).toBeGreaterThan(10 - 2 * error);
});

test('reports the same as text', () => {
  const { stdout } = plugin('report', '--entries', written(LONG));
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /200,000 entries of \S+, from an even random sample of \d\d,\d{3} lines: shares are accurate to 0\.4 percentage points \(95% confidence\)\./,
  );
  expect(stdout).toMatch(/Destinations \(at least 1\)/);
});

test('needs bounded memory: 64 MiB of address space for any list', () => {
  const path = written(1000);
  const script = `for i in $(seq 300); do cat ${path}; done | (ulimit -v 65536; ${RUN.join(' ')} report --entries -)`;
  expect(shell(script)).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('300,000 entries of stdin'),
  });
});
