// Messages for mistakes on the command line, with suggestions.

import { expect, test } from 'vitest';
import { mistakeWords } from '../../../src/cli/mistake.ts';
import { parseRequest } from '../../../src/cli/options.ts';

function words(...argv: readonly string[]): string {
  const request = parseRequest(argv, {});
  if (request.kind !== 'mistake') throw new Error(request.kind);
  return mistakeWords(request);
}

const SEVERAL = 'several arguments in one word; leave out the quotes';
const METRICS = /^--warning (\S+): unknown metric, available: (.*); see check_conntrack --help$/;

test.each<[argv: readonly string[], string]>([
  [['-w 80 -c 90'], `--warning 80 -c 90: ${SEVERAL}`],
  [['--warning 80'], `--warning 80: ${SEVERAL}`],
  [['-vw 80'], `--warning 80: ${SEVERAL}`],
  [['-t\t5'], `--timeout ?5: ${SEVERAL}`],
  [['-w', '80 -c 90'], `--warning 80 -c 90: ${SEVERAL}`],
  [['-c80 --warning=90'], `--critical 80 --warning=90: ${SEVERAL}`],
  [['-w', '80 -c usage=90'], `--warning 80 -c usage=90: ${SEVERAL}`],
  [['-w', '80 90'], '--warning 80 90: not a range'],
  [['--absent', 'ok -w'], '--absent ok -w: not ok, warning, critical or unknown'],
  [['-w', '/root:80'], "--warning /root:80: the shell expanded ~ to a path; quote it: 'usage=~:80'"],
  [
    ['-c', 'usage=/home/a b:80%'],
    "--critical usage=/home/a b:80%: the shell expanded ~ to a path; quote it: 'usage=~:80'",
  ],
  [
    ['-w', 'entries=/root:5k'],
    "--warning entries=/root:5k: the shell expanded ~ to a path; quote it: 'entries=~:5000'",
  ],
  [['-w', 'usage=/root:'], "--warning usage=/root:: the shell expanded ~ to a path; quote it: 'usage=~:'"],
  [['-w', '/root:x'], '--warning /root:x: not a range'],
  [['-w', '/root:80:90'], '--warning /root:80:90: not a range'],
  [['-w', '/root'], '--warning /root: not a range'],
  [['--root', '/root:80\ufffd'], '--root /root:80?: not UTF-8'],
  [[''], '(empty): unknown argument'],
  [['--warn', '80'], '--warn: unknown option (did you mean --warning?)'],
  [['reprot'], 'reprot: unknown argument (did you mean report?)'],
  [['version'], 'version: unknown argument (did you mean --version?)'],
])('%j: %s', (argv, expected) => expect(words(...argv)).toBe(`${expected}; see check_conntrack --help`));

test('points to the help of the command', () => {
  expect(words('report', '--wach')).toBe(
    '--wach: unknown option (did you mean --watch?); see check_conntrack report --help',
  );
});

test.each<[string, first: string]>([
  ['x=1', 'usage'],
  ['droprate=1', 'drop_rate'],
  ['slab-max=1', 'slab_max'],
  ['netns_usag=1', 'usage'],
])('%s lists every metric that takes thresholds, starting with %s', (text, first) => {
  const [, given, listed = ''] = METRICS.exec(words('-w', text)) ?? [];
  expect([given, listed.split(' ')[0]]).toEqual([text, first]);
  expect(listed.split(' ').length).toBe(new Set(listed.split(' ')).size);
  expect(listed).not.toContain('netns_');
  expect(listed).toContain(' time_to_full');
});
