// Incidents of the last 24 hours in a report.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { IncidentRecord, MainSource } from '../../../src/history/incident-record.ts';
import { incidentName, storeIncidents } from '../../../src/history/incident-store.ts';
import { readRecentIncidents, recentLines } from '../../../src/report/recent-incidents.ts';
import { rootOf } from '../support/root.ts';

const SOURCE: MainSource = { kind: 'source', name: '10.0.0.1', share: 90, of: 'added' };
const HOUR = 3_600_000;

function kept(...some: readonly Partial<IncidentRecord>[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const first = { at: 1e12, lossRate: 1, usage: 100, main: SOURCE, sinceLoss: null, missing: null };
  const changes = some.map((one, at) => {
    const start = Date.now() - HOUR * (at + 1);
    const record: IncidentRecord = {
      ...{ boot: 'boot', host: 'fw1', table: 'net:1', name: 'the host', number: null, pid: null },
      ...{ start, last: start, end: start, ended: 'clean', seconds: 0, firstUptime: 1, lastUptime: 1 },
      ...{ lost: { full: 1, clash: 0, chain: 0, fullOrClash: 0 }, peak: 10, limit: 10, first, worst: null },
      ...one,
    };
    return { name: incidentName(at + 1, record), record, reports: [] };
  });
  expect(storeIncidents({ dir, euid: process.geteuid?.() ?? 0 }, changes)).toBe(undefined);
  return dir;
}

const fw1 = () => rootOf({ 'proc/sys/kernel/hostname': 'fw1\n' });

test('incidents of this machine in the last day are listed newest first, with the last one from the same source', () => {
  const old = { start: Date.now() - 25 * HOUR };
  const dir = kept(
    { first: { ...{ at: 1, lossRate: 1, usage: 1, sinceLoss: null, missing: null }, main: null } },
    {},
    old,
    { host: 'fw2' },
  );
  const recent = readRecentIncidents(fw1(), dir, { ...SOURCE, share: 60, of: 'held' });
  expect(recent).toMatchObject([
    { table: 'the host', source: undefined, isSameSource: false },
    { table: 'the host', source: '10.0.0.1', isSameSource: true },
  ]);
  const [first, second] = recent;
  expect(recentLines(recent).join(' ').replace(/\s+/g, ' ')).toBe(
    ` 2 incidents recorded in the last 24 h, the last at ${first?.time} (see check_conntrack incidents). The same source as at ${second?.time.slice(11, 16)}: 10.0.0.1.`,
  );
});

test('no incident is marked as the same source if the source differs or is unknown', () => {
  const dir = kept({});
  for (const main of [null, { ...SOURCE, name: '10.0.0.2' }]) {
    const recent = readRecentIncidents(fw1(), dir, main);
    expect(recent).toMatchObject([{ isSameSource: false }]);
    expect(recentLines(recent).join(' ')).not.toContain('same source');
  }
});

test('nothing is printed without incidents', () => {
  expect(recentLines(readRecentIncidents(fw1(), kept(), SOURCE))).toEqual([]);
  expect(readRecentIncidents(fw1(), '/nowhere', SOURCE)).toEqual([]);
  expect(readRecentIncidents(fw1(), undefined, SOURCE)).toEqual([]);
});
