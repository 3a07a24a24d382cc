// Log lines that name a namespace belong to it only since it was created, and only in the current boot.

import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../../../../src/model/full-log.ts';
import { fullSpells } from '../../../../src/report/diagnosis/log-owners.ts';
import { type Changes, fault, observation, ok, otherTable, unreadTable } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

const UPTIME = 1000;
const CLOCK = ok({ boot: 'b', uptime: UPTIME });
const OTHER = otherTable({ number: 8, pids: [7] });

function record(ago: number, namespace?: number): LogRecord {
  return { ago, time: `-${ago}`, namespace };
}

/** Process 7 started `started` seconds after boot. */
function spells(records: readonly LogRecord[], changes: Changes = {}, started = 100) {
  const stat = `7 (x) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ${100 * started} 9 9\n`;
  const root = { ...rootOf({ 'proc/7/stat': stat }), view: 'own' as const };
  const seen = observation({ release: ok({ major: 6, minor: 18 }), clock: CLOCK, others: [OTHER], ...changes });
  return fullSpells(root, { lines: records.length, namespaces: [], records }, seen);
}

test('each namespace gets its own lines', () => {
  const { ofTables, ofOthers } = spells([record(50, 8), record(45), record(40, 8), record(30)]);
  expect([...ofTables]).toEqual([
    ['own', { lines: 2, first: '-45', last: '-30', seconds: 15, ago: 30, times: 1, began: 45, allLines: 2 }],
    ['net:7', { lines: 2, first: '-50', last: '-40', seconds: 10, ago: 40, times: 1, began: 50, allLines: 2 }],
  ]);
  expect(ofOthers).toBeUndefined();
});

test('lines older than a namespace belong to the earlier owner of its number', () => {
  const { ofTables, ofOthers } = spells([record(60, 8), record(50, 8), record(40, 8)], {}, UPTIME - 45);
  expect([...ofTables]).toEqual([
    ['net:7', { lines: 1, first: '-40', last: '-40', seconds: 0, ago: 40, times: 1, began: 40, allLines: 1 }],
  ]);
  expect(ofOthers).toEqual({
    spell: { lines: 2, first: '-60', last: '-50', seconds: 10, ago: 50, times: 1, began: 60, allLines: 2 },
    number: 8,
    isNamed: true,
  });
});

test('lines of a deleted or unreadable namespace are not ours', () => {
  const { ofTables, ofOthers } = spells([record(50, 9), record(40, 9)], { unread: [unreadTable()] });
  expect(ofTables.size).toBe(0);
  expect(ofOthers).toMatchObject({ number: 9, isNamed: true });
});

describe('kernels that name namespaces', () => {
  test.each([
    [7, 0, true],
    [6, 19, true],
    [6, 18, true],
    [6, 17, false],
    [5, 19, false],
  ])('%d.%d: %j', (major, minor, names) => {
    const { ofTables, ofOthers } = spells([record(40)], { release: ok({ major, minor }) });
    expect(ofTables.has('own')).toBe(names);
    expect(ofOthers?.isNamed).toBe(names ? undefined : false);
  });

  test.each<[string, Changes]>([
    ['the kernel release is unknown', { release: fault('malformed') }],
    ['the clock cannot be read', { clock: fault('missing') }],
    ['the clock was not requested', { clock: undefined }],
  ])('the owner of a line is unknown if %s', (_, changes) => {
    const { ofTables, ofOthers } = spells([record(40, 8), record(30)], changes);
    expect(ofTables.size).toBe(0);
    expect(ofOthers).toMatchObject({ number: undefined, isNamed: false, spell: { lines: 1 } });
  });
});

test.each([
  ['all of it in this boot', [record(UPTIME), record(UPTIME - 5)], 'own'],
  ['begun before this boot', [record(UPTIME + 5), record(UPTIME - 5)], undefined],
])('a spell around boot time, without a number: %s', (_, records, owner) => {
  const { ofTables, ofOthers } = spells(records);
  expect(ofTables.get('own')?.lines).toBe(owner === undefined ? 1 : 2);
  expect(ofOthers?.isNamed).toBe(owner === undefined ? false : undefined);
});

test('only the end of a very long log is used', () => {
  const long = Array.from({ length: 5001 }, (_, at) => record(600 - at / 10));
  expect(spells(long).ofTables.get('own')).toMatchObject({ lines: 5000, first: '-599.9', last: '-100' });
});

test('the last spell is reported, with the number of spells in the last 15 minutes', () => {
  const records = [record(950), record(500), record(400), record(300), record(290)];
  const last = { lines: 2, first: '-300', last: '-290', seconds: 10, ago: 290 };
  expect(spells(records).ofTables.get('own')).toEqual({ ...last, times: 3, began: 500, allLines: 5 });
});
