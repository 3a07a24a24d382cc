// Open connections in two samples: a packet restarted the timer, or it ran on.

import { expect, test } from 'vitest';
import { type OpenGroup, openGroups, openTimers } from '../../../../src/report/list/open-timers.ts';
import { type Line, line, MARKS, times } from '../../support/listed.ts';

function groups(before: readonly string[], after: readonly string[], seconds = 1): readonly OpenGroup[] {
  return openGroups(openTimers(before), after, seconds, MARKS);
}

function one(before: Line, after: Line, seconds = 1): OpenGroup | undefined {
  return groups([line(before)], [line(after)], seconds)[0];
}

// Another connection of the group, idle for less time.
const [LESS_BEFORE, LESS_AFTER] = [
  { from: 1, left: 300_000 },
  { from: 1, left: 299_999 },
];

function beside(before: number, after: number, seconds: number): OpenGroup | undefined {
  return groups([line(LESS_BEFORE), line({ left: before })], [line(LESS_AFTER), line({ left: after })], seconds)[0];
}

test.each([
  ['ran on', 200_000, 199_999, 1, { reset: 0, idle: 1 }],
  ['ran on, as whole seconds may show it', 200_000, 199_998, 1.1, { reset: 0, idle: 1 }],
  ['was set back to the same second', 431_999, 431_999, 1, { reset: 1, idle: 0 }],
  ['was set back', 200_000, 431_999, 1, { reset: 1, idle: 0 }],
  ['was set back, with a timeout of an hour', 3599, 3599, 1, { reset: 1, idle: 0 }],
  ['was not idle for long', 431_000, 430_999, 1, { reset: 0, idle: 0 }],
  ['may wait for an acknowledgement', 301, 300, 1, { reset: 0, idle: 0 }],
  ['is past waiting for an acknowledgement', 302, 301, 1, { reset: 0, idle: 1 }],
  ['was idle for slightly longer than the other', 292_561, 292_560, 1, { reset: 0, idle: 0 }],
  ['was idle for 2 h 4 min longer', 292_560, 292_559, 1, { reset: 0, idle: 1 }],
] as const)('a timer that %s', (_, before, after, seconds, expected) => {
  expect(beside(before, after, seconds)).toMatchObject({ both: 2, port: 443, ...expected });
});

test('a timer that ran on for less than the time between samples was set back', () => {
  expect(one({ left: 200_000 }, { left: 200_000 }, 0.1)).toMatchObject({ reset: 1 });
  expect(one({ left: 431_999 }, { left: 431_998 }, 3)).toMatchObject({ reset: 1 });
});

test('connections with about the same time left may have a timeout that short', () => {
  const at = (left: number) => times(50, (each) => ({ left: left - each }));
  expect(groups(at(3599), at(3598))).toMatchObject([{ both: 50, reset: 0, idle: 0 }]);
});

test('only open connections in both samples are counted', () => {
  expect(one({ left: 9, state: 'TIME_WAIT' }, { left: 8, state: 'TIME_WAIT' })).toBeUndefined();
  expect(one({ left: 9, protocol: 'udp' }, { left: 8, protocol: 'udp' })).toBeUndefined();
  expect(one({ left: 9 }, { left: 8, from: 40_001 })).toBeUndefined();
  expect(one({ left: 9, state: 'CLOSE_WAIT' }, { left: 8, state: 'CLOSE_WAIT' })).toMatchObject({ both: 1, state: 6 });
});

test("connections are grouped by port, in the kernel's and conntrack(8)'s format", () => {
  const at = (left: number) => [...times(3, () => ({ left })), ...times(2, () => ({ left, port: 22 }))];
  const bare = (lines: readonly string[]) => lines.map((text) => text.replace(/^ipv4 +2 /, ''));
  for (const print of [(lines: readonly string[]) => lines, bare])
    expect(groups(print(at(200_000)), print(at(199_999)))).toMatchObject([
      { port: 443, both: 3, reset: 0 },
      { port: 22, both: 2, reset: 0 },
    ]);
});
