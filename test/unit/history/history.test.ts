// Many tables in one file: what is kept of each, and that it never outgrows what may be read again.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LARGEST_FILE } from '../../../src/history/directory.ts';
import { type Run, remember, type Subject } from '../../../src/history/history.ts';
import type { Counters } from '../../../src/observation/counters.ts';
import { QUIET } from '../support/observation.ts';

const EUID = process.geteuid?.() ?? 0;

function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

function run(
  uptime: number,
  tables: readonly string[],
  changes: Partial<Subject> = {},
  cpus: readonly Counters[] = [QUIET],
): Run {
  const now = { uptime, entries: 1, cpus };
  const subjects = tables.map((table) => ({ table, now, isYounger: () => false, ...changes }));
  return { name: 'all:1', boot: 'boot', window: 300, subjects };
}

/** The uptimes of the samples that are recalled of each table, or why there are none. */
function pasts(dir: string, what: Run): readonly unknown[] {
  return remember(dir, EUID, what).map((history) => {
    if (!history.ok) return history.fault.kind;
    const { past } = history.value;
    return typeof past === 'string' ? past : past.map(({ uptime }) => uptime);
  });
}

test('each table has its own past; those that are gone are forgotten', () => {
  const dir = stateDir();
  expect(pasts(dir, run(100, ['net:1', 'net:2']))).toEqual(['first run', 'first run']);
  expect(pasts(dir, run(160, ['net:2', 'net:3']))).toEqual([[100], 'first run']);
  expect(pasts(dir, run(220, ['net:1', 'net:2', 'net:3']))).toEqual(['first run', [100, 160], [160]]);
});

test('a table that is younger than its past starts anew', () => {
  const dir = stateDir();
  pasts(dir, run(100, ['net:1', 'net:2']));
  const since: number[] = [];
  const isYounger = (uptime: number): boolean => since.push(uptime) === 1;
  expect(pasts(dir, run(160, ['net:1', 'net:2'], { isYounger }))).toEqual(['the network namespace is new', [100]]);
  expect(since).toEqual([100, 100]);
});

test('counters come back as they were, zeros and gaps too', () => {
  const dir = stateDir();
  const cpus = [QUIET, { drop: 7, early_drop: 0, insert_failed: 0 }, { ...QUIET, drop: 2 ** 32 - 1 }];
  pasts(dir, run(100, ['net:1'], {}, cpus));
  const [history] = remember(dir, EUID, run(160, ['net:1']));
  expect(history).toMatchObject({ ok: true, value: { past: [{ uptime: 100, entries: 1, cpus }] } });
});

test.each([
  ['fewer samples of each', 1500, 32],
  ['samples of some', 1600, 64],
])('however many namespaces lose packets on however many CPUs, the file may be read again: %s', (_, count, width) => {
  const dir = stateDir();
  const cpus = Array.from({ length: width }, () => ({
    drop: 4e9,
    early_drop: 4e9,
    insert_failed: 4e9,
    chainlength: 4e9,
  }));
  const tables = Array.from({ length: count }, (_each, at) => `net:${at}`);
  for (const uptime of [100, 160]) pasts(dir, run(uptime, tables, {}, cpus));
  const folder = join(dir, String(EUID), 'check_conntrack');
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  expect(sizes).toHaveLength(1);
  expect(sizes[0]).toBeLessThanOrEqual(LARGEST_FILE);
  expect(pasts(dir, run(220, ['net:0']))).toEqual([expect.arrayContaining([160])]);
});
