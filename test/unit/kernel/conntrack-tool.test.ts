// conntrack(8): where it is, and what it is taken to have said.

import { describe, expect, test } from 'vitest';
import { findConntrackTool, readToolStatistics } from '../../../src/kernel/conntrack-tool.ts';
import { fault, ok } from '../support/observation.ts';
import { rootOf } from '../support/root.ts';
import { withTools } from '../support/tools.ts';

const TOLD = 'cpu=0   found=1 drop=2\n';
const COUNTED = ok({ cpus: [{ drop: 2 }] }, 'conntrack -S');
const ENTER = ['/usr/bin/nsenter', '--net=/x'];

describe('where it is', () => {
  test.each([['/usr/sbin/conntrack'], ['/sbin/conntrack'], ['/usr/bin/conntrack']])('%s', (place) => {
    const lines = withTools({ [place]: TOLD });
    expect(findConntrackTool()).toBe(place);
    expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
    expect(lines[lines.length - 1]).toBe(`${place} -S`);
  });

  test('the first of several', () => {
    const lines = withTools({ '/usr/bin/conntrack': TOLD, '/sbin/conntrack': TOLD });
    expect(findConntrackTool()).toBe('/sbin/conntrack');
    expect(readToolStatistics(rootOf({}))).toEqual(COUNTED);
    expect(lines).toEqual(['/usr/sbin/conntrack -S', '/sbin/conntrack -S']);
  });

  test('nowhere', () => {
    withTools({ '/usr/bin/nsenter': '' });
    expect(findConntrackTool()).toBeUndefined();
    expect(readToolStatistics(rootOf({}))).toEqual(fault('tool-missing', 'conntrack -S'));
    expect(readToolStatistics(rootOf({}), ENTER)).toEqual(fault('tool-missing', 'conntrack -S'));
  });
});

test('inside of a namespace only what is there is looked for', () => {
  const lines = withTools({ '/usr/bin/nsenter': '', '/sbin/conntrack': TOLD });
  expect(readToolStatistics(rootOf({}), ENTER)).toEqual(COUNTED);
  expect(lines).toEqual(['/usr/bin/nsenter --net=/x /sbin/conntrack -S']);
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
