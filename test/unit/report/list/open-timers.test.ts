// Open connections between two readings: whose timer was set back by a packet, and whose ran on.

import { expect, test } from 'vitest';
import { type OpenGroup, openGroups, openTimers } from '../../../../src/report/list/open-timers.ts';
import { type Line, line, MARKS, times } from '../../support/listed.ts';

function groups(before: readonly string[], after: readonly string[], seconds = 1): readonly OpenGroup[] {
  return openGroups(openTimers(before), after, seconds, MARKS);
}

function one(before: Line, after: Line, seconds = 1): OpenGroup | undefined {
  return groups([line(before)], [line(after)], seconds)[0];
}

test.each([
  ['ran on', 200_000, 199_999, 1, { reset: 0, idle: 1 }],
  ['ran on, as whole seconds may show it', 200_000, 199_998, 1.1, { reset: 0, idle: 1 }],
  ['was set back to the same second', 431_999, 431_999, 1, { reset: 1, idle: 0 }],
  ['was set back', 200_000, 431_999, 1, { reset: 1, idle: 0 }],
  ['was set back in a longer time', 431_999, 431_998, 3, { reset: 1, idle: 0 }],
  ['shows nothing in less than a second', 200_000, 200_000, 0.1, { reset: 1, idle: 0 }],
  ['of a timeout of an hour was set back', 3599, 3599, 1, { reset: 1, idle: 0 }],
  ['was not idle for long', 431_000, 430_999, 1, { reset: 0, idle: 0 }],
  ['may wait for an acknowledgement', 300, 299, 1, { reset: 0, idle: 0 }],
  ['does not', 302, 301, 1, { reset: 0, idle: 1 }],
] as const)('a timer that %s', (_, before, after, seconds, expected) => {
  expect(one({ left: before }, { left: after }, seconds)).toMatchObject({ both: 1, port: 443, ...expected });
});

test('only open connections that are in both', () => {
  expect(one({ left: 9, state: 'TIME_WAIT' }, { left: 8, state: 'TIME_WAIT' })).toBeUndefined();
  expect(one({ left: 9, protocol: 'udp' }, { left: 8, protocol: 'udp' })).toBeUndefined();
  expect(one({ left: 9 }, { left: 8, from: 40_001 })).toBeUndefined();
  expect(one({ left: 9, state: 'CLOSE_WAIT' }, { left: 8, state: 'CLOSE_WAIT' })).toMatchObject({ both: 1, state: 6 });
});

test('by port, as the kernel and as conntrack(8) print them', () => {
  const at = (left: number) => [...times(3, () => ({ left })), ...times(2, () => ({ left, port: 22 }))];
  const bare = (lines: readonly string[]) => lines.map((text) => text.replace(/^ipv4 +2 /, ''));
  for (const print of [(lines: readonly string[]) => lines, bare])
    expect(groups(print(at(200_000)), print(at(199_999)))).toMatchObject([
      { port: 443, both: 3, idle: 3 },
      { port: 22, both: 2, idle: 2 },
    ]);
});
