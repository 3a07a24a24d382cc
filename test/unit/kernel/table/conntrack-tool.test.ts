// conntrack(8): how it is run, and how what it prints is read.

import { expect, test } from 'vitest';
import { readToolStatistics } from '../../../../src/kernel/table/conntrack-tool.ts';
import { fault, ok } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';
import { withTools } from '../../support/tools.ts';

const TOLD = 'cpu=0   found=1 drop=2\n';
const COUNTED = ok({ cpus: [{ drop: 2 }] }, 'conntrack -S');
const ENTER = ['/usr/bin/nsenter', '--net=/x'];

test('is run once, where it is found first', () => {
  const lines = withTools({ '/usr/bin/conntrack': TOLD, '/sbin/conntrack': TOLD });
  expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
  expect(lines).toEqual(['/sbin/conntrack -S']);
});

test('is run inside of a namespace', () => {
  const lines = withTools({ '/usr/bin/nsenter': '', '/sbin/conntrack': TOLD });
  expect(readToolStatistics(rootOf({}), ENTER)).toEqual(COUNTED);
  expect(lines).toEqual(['/usr/bin/nsenter --net=/x /sbin/conntrack -S']);
});

test('is not installed', () => {
  const lines = withTools({ '/usr/bin/nsenter': '' });
  for (const enter of [[], ENTER])
    expect(readToolStatistics(rootOf({}), enter)).toEqual(fault('tool-missing', 'conntrack -S'));
  expect(lines).toEqual([]);
});

test('what it says when it fails does not count', () => {
  withTools({ '/usr/sbin/conntrack': { stdout: TOLD, status: 1 } });
  expect(readToolStatistics(rootOf({}))).toEqual({
    ok: false,
    fault: { kind: 'tool-failed', source: 'conntrack -S', detail: 'exit status 1' },
  });
});

test('what it says in another form is none', () => {
  withTools({ '/usr/sbin/conntrack': 'cpu=0 found=1\n' });
  expect(readToolStatistics(rootOf({}))).toEqual(fault('malformed', 'conntrack -S'));
});

test('a line of something else is no CPU', () => {
  withTools({ '/usr/sbin/conntrack': `# cpu=1 found=1\n${TOLD}` });
  expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
});
