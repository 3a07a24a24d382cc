// conntrack(8): how it is run, and how its output is parsed.

import { expect, test } from 'vitest';
import { readToolStatistics } from '../../../../src/kernel/table/conntrack-tool.ts';
import { fault, ok } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';
import { withTools } from '../../support/tools.ts';

const TOLD = 'cpu=0   found=1 drop=2\n';
const COUNTED = ok({ cpus: [{ drop: 2 }] }, 'conntrack -S');
const ENTER = ['/usr/bin/nsenter', '--net=/x'];

test('runs once, from the first path that has it', () => {
  const lines = withTools({ '/usr/bin/conntrack': TOLD, '/sbin/conntrack': TOLD });
  expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
  expect(lines).toEqual(['/sbin/conntrack -S']);
});

test('runs inside a namespace', () => {
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

test('ignores output of a run that failed', () => {
  withTools({ '/usr/sbin/conntrack': { stdout: TOLD, status: 1 } });
  expect(readToolStatistics(rootOf({}))).toEqual({
    ok: false,
    fault: { kind: 'tool-failed', source: 'conntrack -S', detail: 'exit status 1' },
  });
});

test('rejects output in another format', () => {
  withTools({ '/usr/sbin/conntrack': 'cpu=0 found=1\n' });
  expect(readToolStatistics(rootOf({}))).toEqual(fault('malformed', 'conntrack -S'));
});

test('ignores other lines', () => {
  withTools({ '/usr/sbin/conntrack': `# cpu=1 found=1\n${TOLD}` });
  expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
});
