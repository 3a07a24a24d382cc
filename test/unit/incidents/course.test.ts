// The actions of a check on incidents that are on, and when a report is due.

import { describe, expect, test } from 'vitest';
import type { CheckedTable, IncidentCheck, IncidentSign } from '../../../src/evaluate/incident.ts';
import { NOTHING_LOST } from '../../../src/evaluate/losses.ts';
import type { IncidentRecord, KeptReport } from '../../../src/history/incident-record.ts';
import type { KeptIncident } from '../../../src/history/incident-store.ts';
import {
  beginRecord,
  continueRecord,
  endRecord,
  reportDue,
  sinceLossOf,
  stepsOf,
} from '../../../src/incidents/course.ts';
import type { Sample } from '../../../src/model/sample.ts';
import { ok, otherTable, QUIET } from '../support/observation.ts';

const NOW = 1e12;
const HOUR = 3_600_000;

function sample(uptime: number, drop: number): Sample {
  return { uptime, entries: 1, cpus: [{ ...QUIET, drop }] };
}

interface Seen {
  readonly name?: string;
  readonly signs?: readonly IncidentSign[];
  readonly entries?: number;
  readonly uptime?: number;
  /** Drops at the check before, a minute ago, and now. */
  readonly drops?: readonly [number, number];
}

function checked({
  name = 'net:1',
  signs = ['loss'],
  entries = 10,
  uptime = 160,
  drops: [was, is] = [0, 60],
}: Seen = {}): CheckedTable {
  return {
    name,
    table: otherTable({ key: name, entries, limit: 100 }),
    signs,
    lost: { ...NOTHING_LOST, full: is - was },
    seconds: 60,
    past: [sample(uptime - 60, was)],
    now: sample(uptime, is),
  };
}

function checkOf(tables: readonly CheckedTable[], changes: Partial<IncidentCheck> = {}): IncidentCheck {
  return {
    root: '/',
    objectSize: undefined,
    stateDir: '/x',
    clock: { boot: 'boot', uptime: 160 },
    release: ok({ major: 6, minor: 1 }),
    tables,
    isEverywhere: false,
    ...changes,
  };
}

function begun(table = checked(), check = checkOf([table])) {
  return beginRecord(check, table, { host: 'fw', name: 'the host', now: NOW });
}

function kept(name: string, changes: Partial<KeptIncident['record']> = {}): KeptIncident {
  const record = { ...begun(checked({ name })), ...changes };
  return { place: { dir: '/x', euid: 0 }, name, isOpen: record.end === null, record };
}

function steps(check: IncidentCheck, incidents: readonly KeptIncident[], now = NOW) {
  return stepsOf(check, 'fw', incidents, now).map((step) =>
    step.kind === 'begin'
      ? ['begin', step.table.name]
      : [step.kind, step.incident.name, ...(step.kind === 'end' ? [step.ended] : [])],
  );
}

describe('steps', () => {
  test('a table in trouble begins one, goes on with its own, and ends it when it is well', () => {
    const [ill, well] = [checked(), checked({ signs: [] })];
    expect(steps(checkOf([ill]), [])).toEqual([['begin', 'net:1']]);
    expect(steps(checkOf([well]), [])).toEqual([]);
    expect(steps(checkOf([ill]), [kept('net:1')])).toEqual([['continue', 'net:1']]);
    expect(steps(checkOf([well]), [kept('net:1')])).toEqual([['end', 'net:1', 'clean']]);
    expect(steps(checkOf([ill]), [kept('net:1', { end: NOW, ended: 'clean' })])).toEqual([['begin', 'net:1']]);
  });

  test('one of an earlier boot of this machine ended with it; one of another machine is left alone', () => {
    const earlier = { boot: 'earlier' };
    expect(steps(checkOf([checked({ signs: [] })]), [kept('net:1', earlier)])).toEqual([['end', 'net:1', 'reboot']]);
    expect(steps(checkOf([checked({ signs: [] })]), [kept('net:1', { ...earlier, host: 'other' })])).toEqual([]);
  });

  test('a namespace that was not looked at: left alone for an hour, and gone if all were looked at', () => {
    expect(steps(checkOf([]), [kept('net:2')])).toEqual([]);
    expect(steps(checkOf([]), [kept('net:2')], NOW + HOUR)).toEqual([]);
    expect(steps(checkOf([]), [kept('net:2')], NOW + HOUR + 1)).toEqual([['end', 'net:2', 'unchecked']]);
    expect(steps(checkOf([], { isEverywhere: true }), [kept('net:2')])).toEqual([['end', 'net:2', 'gone']]);
    expect(steps(checkOf([], { isEverywhere: true }), [kept('net:2', { host: 'other' })])).toEqual([]);
  });

  test('ten at once are ten, the worst first; of thirty the worst twenty', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => checked({ name: `net:${at}`, drops: [0, 10 + at] }));
    expect(steps(checkOf(many(10)), [])).toEqual(Array.from({ length: 10 }, (_, at) => ['begin', `net:${9 - at}`]));
    expect(steps(checkOf(many(30)), [])).toEqual(Array.from({ length: 20 }, (_, at) => ['begin', `net:${29 - at}`]));
  });

  test('while twenty are on none begins, unless one ends', () => {
    const on = Array.from({ length: 20 }, (_, at) => kept(`net:${100 + at}`));
    expect(steps(checkOf([checked()]), on)).toEqual([]);
    expect(steps(checkOf([checked(), checked({ name: 'net:100', signs: [] })]), on)).toEqual([
      ['end', 'net:100', 'clean'],
      ['begin', 'net:1'],
    ]);
  });
});

describe('a record', () => {
  test('adds what was lost since the check before, whatever the window is, and keeps the peak', () => {
    const first = begun(checked({ entries: 90 }));
    expect(first).toMatchObject({ start: NOW, lost: { full: 60 }, peak: 90, limit: 100, seconds: 0, end: null });
    const check = checkOf([], { clock: { boot: 'boot', uptime: 220 } });
    const table = { ...checked({ uptime: 220, drops: [60, 75], entries: 80 }), lost: { ...NOTHING_LOST, full: 75 } };
    const next = continueRecord(first, check, table, NOW + 60_000);
    expect(next).toMatchObject({ lost: { full: 75 }, peak: 90, seconds: 60, last: NOW + 60_000 });
    expect(endRecord(next, 'clean')).toMatchObject({ end: NOW + 60_000, ended: 'clean' });
  });
});

describe('a report is due', () => {
  const taken = (changes: Partial<KeptReport> = {}): IncidentRecord => ({
    ...begun(),
    first: { ...begun().first, missing: null, ...changes },
  });
  const due = (record = taken(), table = checked()) => reportDue(record, record, checkOf([table]), table)?.which;
  const at = { uptime: 220 } as const;

  test('at the beginning, and again if it could not be taken', () => {
    expect(reportDue(begun(), undefined, checkOf([]), checked())?.which).toBe('first');
    expect(due(begun())).toBe('first');
  });

  test('when more is lost per second than in the worst one, and not when it is about the same', () => {
    expect(due(taken(), checked({ ...at, drops: [60, 120] }))).toBe(undefined);
    expect(due(taken(), checked({ ...at, drops: [60, 125] }))).toBe(undefined);
    expect(due(taken(), checked({ ...at, drops: [60, 127] }))).toBe('worst');
    expect(due(taken(), checked({ ...at, drops: [60, 60], entries: 100 }))).toBe(undefined);
  });

  test('without losses when the table is fuller by more than a point', () => {
    const quiet = taken({ lossRate: 0, usage: 90 });
    expect(due(quiet, checked({ ...at, drops: [0, 0], entries: 91 }))).toBe(undefined);
    expect(due(quiet, checked({ ...at, drops: [0, 0], entries: 92 }))).toBe('worst');
    expect(due(quiet, checked({ ...at, drops: [0, 6], entries: 10 }))).toBe('worst');
  });
});

describe('how long after the last loss', () => {
  const table = checked({ drops: [0, 5] });
  const seen = { isLosing: false, logAgo: null, later: 2 };
  test.each([
    [
      { kind: 'now', seconds: 0 },
      { ...seen, isLosing: true, logAgo: 41 },
    ],
    [
      { kind: 'about', seconds: 41 },
      { ...seen, logAgo: 41 },
    ],
    [
      { kind: 'about', seconds: 62 },
      { ...seen, logAgo: 67 },
    ],
    // Another table's, or of another time.
    [
      { kind: 'at_most', seconds: 62 },
      { ...seen, logAgo: 500 },
    ],
    [{ kind: 'at_most', seconds: 62 }, seen],
  ])('%j', (expected, found) => {
    expect(sinceLossOf(table, checkOf([]), found)).toEqual(expected);
  });

  test('none was seen', () => {
    expect(sinceLossOf(checked({ drops: [5, 5] }), checkOf([]), seen)).toBe(null);
  });
});
