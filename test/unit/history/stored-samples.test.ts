// Samples that a report reads: those of every user whose files may be read, and nothing is created or changed.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { remember } from '../../../src/history/sample-store.ts';
import { readStoredSamples } from '../../../src/history/stored-samples.ts';
import { QUIET } from '../support/observation.ts';

const EUID = process.geteuid?.() ?? 0;

function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

function keep(dir: string, uptime: number, window = 300, boot = 'boot'): void {
  const subjects = [{ table: 'net:1', now: { uptime, entries: 1, cpus: [QUIET] }, isYounger: () => false }];
  remember(dir, EUID, { name: 'net:1', boot, window, subjects });
}

function uptimesIn(dir: string): unknown {
  const stored = readStoredSamples(dir, 'boot');
  return stored.ok ? (stored.value.get('net:1') ?? []).map(({ uptime }) => uptime) : stored.fault.kind;
}

test('samples of all windows, in the order of time, of this boot alone', () => {
  const dir = stateDir();
  keep(dir, 200, 600);
  keep(dir, 100);
  keep(dir, 300);
  keep(dir, 50, 60, 'another boot');
  expect(uptimesIn(dir)).toEqual([100, 200, 300]);
});

test('nothing is created, and other plugins are passed over', () => {
  const dir = stateDir();
  mkdirSync(join(dir, String(EUID)));
  mkdirSync(join(dir, 'other'));
  expect(uptimesIn(dir)).toEqual([]);
  expect(existsSync(join(dir, String(EUID), 'check_conntrack'))).toBe(false);
});

test.each<[string, (folder: string, file: string) => void, unknown]>([
  ['a folder that others may write to', (folder) => chmodSync(folder, 0o777), 'others-write'],
  ['a file that others may write to', (_, file) => chmodSync(file, 0o666), []],
  ['a file that is malformed', (_, file) => writeFileSync(file, 'x'), []],
  [
    'a link in place of the file',
    (folder, file) => {
      writeFileSync(join(folder, 'aside'), '');
      rmSync(file);
      symlinkSync(join(folder, 'aside'), file);
    },
    [],
  ],
])('%s is not trusted', (_, spoil, expected) => {
  const dir = stateDir();
  keep(dir, 100);
  const folder = join(dir, String(EUID), 'check_conntrack');
  const [file = ''] = readdirSync(folder);
  spoil(folder, join(folder, file));
  expect(uptimesIn(dir)).toEqual(expected);
});

test('a directory that is not there is named', () => expect(uptimesIn('/nonexistent')).toBe('missing'));
