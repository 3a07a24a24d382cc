// The directory of incidents: what is kept of many, and what is left when the system refuses something in between.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { files as system } from '#system/files';
import { glanceAtIncidents } from '../../../src/history/incident-names.ts';
import type { IncidentRecord, KeptReport } from '../../../src/history/incident-record.ts';
import {
  incidentName,
  LARGEST_INCIDENT_FILE,
  MOST_INCIDENTS,
  readIncidents,
  readKeptReport,
  storeIncidents,
} from '../../../src/history/incident-store.ts';
import type { Files } from '../../../src/system/contract.ts';

type Changeable = { -readonly [Call in keyof Files]: Files[Call] };

const EUID = process.geteuid?.() ?? 0;
const files: Changeable = system;
const real: Files = { ...system };
const REPORT: KeptReport = { at: 1e12, lossRate: 1, usage: 100, main: null, sinceLoss: null, missing: null };

function record(changes: Partial<IncidentRecord> = {}): IncidentRecord {
  return {
    boot: 'boot',
    host: 'fw',
    table: 'net:1',
    name: 'the host',
    number: null,
    pid: null,
    start: 1e12,
    last: 1e12,
    end: null,
    ended: null,
    seconds: 0,
    firstUptime: 100,
    lastUptime: 100,
    lost: { full: 1, clash: 0, chain: 0, fullOrClash: 0 },
    peak: 10,
    limit: 10,
    first: REPORT,
    worst: null,
    ...changes,
  };
}

const over = (changes: Partial<IncidentRecord> = {}) => record({ end: 1e12, ended: 'clean', ...changes });

function place(): { readonly dir: string; readonly euid: number } {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return { dir, euid: EUID };
}

type Place = ReturnType<typeof place>;

function folderOf({ dir, euid }: Place): string {
  return join(dir, String(euid), 'check_conntrack/incidents');
}

function kept(here: Place) {
  const read = readIncidents(here);
  if ('kind' in read) throw new Error(read.kind);
  return read;
}

function put(here: Place, number: number, one: IncidentRecord) {
  const reports = [{ which: 'first', text: 'text\n', json: '{}\n' }] as const;
  return storeIncidents(here, [{ name: incidentName(number, one), record: one, reports }]);
}

/** `change` takes the place of a call, until the test is over. */
function instead<Call extends keyof Files>(call: Call, change: Files[Call]): void {
  files[call] = change;
  onTestFinished(() => {
    files[call] = real[call];
  });
}

describe('records', () => {
  test('come back as they were, and reports with them', () => {
    const here = place();
    const sinceLoss = { kind: 'about', seconds: 41 } as const;
    const main = { kind: 'source', name: '10.0.0.1', share: 97.5, of: 'added' } as const;
    const one = over({ host: 'x', number: 4_026_532_000, pid: 7, worst: { ...REPORT, main, sinceLoss } });
    expect(put(here, 1, one)).toBe(undefined);
    const [incident] = kept(here).incidents;
    expect(incident).toMatchObject({ isOpen: false, record: one });
    expect(incident && readKeptReport(incident, 'first', 'txt')).toMatchObject({ ok: true, value: 'text\n' });
    expect(incident && readKeptReport(incident, 'worst', 'txt')).toMatchObject({ fault: { kind: 'missing' } });
  });

  test('the file is called after number, time, and boot and table', () => {
    expect(incidentName(7, record({ start: Date.UTC(2026, 10, 30, 3, 2, 44) }))).toMatch(
      /^000007-20261130T030244Z-[0-9a-f]{8}$/,
    );
    expect(incidentName(7, record())).not.toBe(incidentName(7, record({ boot: 'another' })));
  });

  test('none: nothing is made, and a glance sees nothing', () => {
    const here = place();
    expect(kept(here)).toEqual({ incidents: [], unread: [], total: 0 });
    expect(glanceAtIncidents(here)).toEqual({ isOpen: false, total: 0 });
    expect(readdirSync(here.dir)).toEqual([]);
  });

  test('one that ends is open no more, also if the run was killed before it removed the open one', () => {
    const here = place();
    put(here, 1, record());
    expect(glanceAtIncidents(here)).toEqual({ isOpen: true, total: 1 });
    instead('remove', () => undefined);
    put(here, 1, over());
    files.remove = real.remove;
    expect(kept(here).incidents).toMatchObject([{ isOpen: false }]);
    storeIncidents(here, []);
    expect(glanceAtIncidents(here)).toEqual({ isOpen: false, total: 1 });
    expect(kept(here).incidents).toMatchObject([{ isOpen: false }]);
  });

  test('two that two checks have begun at once: the older counts, and the other is removed', () => {
    const here = place();
    put(here, 1, record());
    writeFileSync(
      join(folderOf(here), `${incidentName(2, record())}.open.json`),
      JSON.stringify({ schema: 1, ...record() }),
      { mode: 0o600 },
    );
    expect(kept(here).incidents).toMatchObject([{ name: incidentName(1, record()) }]);
    storeIncidents(here, []);
    expect(readdirSync(folderOf(here)).filter((name) => name.startsWith('000002'))).toEqual([]);
  });
});

describe('at most twenty', () => {
  test('of 10,000 in a row the newest, with bounded files', { timeout: 120_000 }, () => {
    const here = place();
    for (let number = 1; number <= 10_000; number++) {
      put(here, number, over({ start: 1e12 + number * 1000, lastUptime: number }));
    }
    const { incidents, total } = kept(here);
    expect(incidents.map(({ record: { lastUptime } }) => lastUptime)).toEqual(
      Array.from({ length: MOST_INCIDENTS }, (_, at) => 10_000 - at),
    );
    expect(total).toBe(10_000);
    expect(readdirSync(folderOf(here))).toHaveLength(3 * MOST_INCIDENTS);
  });

  test('one that is on is not among those that go', () => {
    const here = place();
    put(here, 1, record());
    for (let number = 2; number <= 30; number++) put(here, number, over({ table: `net:${number}` }));
    expect(kept(here).incidents).toHaveLength(MOST_INCIDENTS);
    expect(kept(here).incidents.some(({ isOpen }) => isOpen)).toBe(true);
  });
});

describe('refusals of the system', () => {
  test.each([
    ['no room', 'ENOSPC', () => instead('write', () => ({ errno: 'ENOSPC' }))],
    [
      'a read-only disk',
      'EROFS',
      () =>
        instead('open', (path, purpose) => (purpose === 'new-file' ? { errno: 'EROFS' } : real.open(path, purpose))),
    ],
    ['no new name', 'EACCES', () => instead('rename', () => ({ errno: 'EACCES' }))],
  ])('%s: named, and what was there stays whole', (_, errno, refuse) => {
    const here = place();
    put(here, 1, record());
    refuse();
    expect(put(here, 1, over())).toMatchObject({ kind: 'not-written', detail: errno });
    Object.assign(files, real);
    expect(kept(here)).toMatchObject({ incidents: [{ isOpen: true, record: record() }], unread: [] });
    expect(readdirSync(folderOf(here)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a directory that belongs to another user is not used', () => {
    const here = place();
    put(here, 1, record());
    expect(readIncidents({ ...here, euid: EUID })).toMatchObject({ total: 1 });
    instead('statusOfOpen', (descriptor) => {
      const status = real.statusOfOpen(descriptor);
      return 'errno' in status ? status : { ...status, owner: EUID + 1 };
    });
    expect(readIncidents(here)).toMatchObject({ kind: 'foreign' });
    expect(put(here, 2, record())).toMatchObject({ kind: 'foreign' });
  });

  test('a report that is too large is not read', () => {
    const here = place();
    const one = record();
    const large = 'x'.repeat(LARGEST_INCIDENT_FILE + 1);
    storeIncidents(here, [
      { name: incidentName(1, one), record: one, reports: [{ which: 'first', text: large, json: '' }] },
    ]);
    const [incident] = kept(here).incidents;
    expect(incident && readKeptReport(incident, 'first', 'txt')).toMatchObject({ fault: { kind: 'too-large' } });
  });

  test('a directory with names of others only has no incidents', () => {
    const here = place();
    mkdirSync(folderOf(here), { recursive: true, mode: 0o700 });
    writeFileSync(join(folderOf(here), 'README'), 'x');
    storeIncidents(here, []);
    expect(kept(here).incidents).toEqual([]);
    expect(readdirSync(folderOf(here))).toEqual(['README']);
  });
});
