// Many tables in one file: what is kept of each, and that it never outgrows what may be read again.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HistoryRun, remember, type Subject } from '../../../src/history/sample-store.ts';
import { LARGEST_FILE } from '../../../src/history/state-directory.ts';
import type { Counters } from '../../../src/model/counters.ts';
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
): HistoryRun {
  const now = { uptime, entries: 1, cpus };
  const subjects = tables.map((table) => ({ table, now, isYounger: () => false, ...changes }));
  return { name: 'all:1', boot: 'boot', window: 300, subjects };
}

/** The uptimes of the samples that are recalled of each table, or why there are none. */
function pasts(dir: string, what: HistoryRun): readonly unknown[] {
  return remember(dir, EUID, what).map((history) => {
    if (!history.ok) return history.fault.kind;
    const { past } = history.value;
    return typeof past === 'string' ? past : past.map(({ uptime }) => uptime);
  });
}

test('each table has its own past; those that are gone are forgotten', () => {
  const dir = stateDir();
  expect(pasts(dir, run(100, ['net:1', 'net:2']))).toEqual(['first run since boot', 'first run since boot']);
  expect(pasts(dir, run(160, ['net:2', 'net:3']))).toEqual([[100], 'first run since boot']);
  expect(pasts(dir, run(220, ['net:1', 'net:2', 'net:3']))).toEqual(['first run since boot', [100, 160], [160]]);
});

test('a table that is younger than its samples starts again', () => {
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

// Names of tables fill a file the quickest.
test.each([
  ['fewer samples of each', 4045, 2],
  ['samples of some', 5000, 1],
])('however many tables there are, the file may be read again: %s', (_, length, width) => {
  const dir = stateDir();
  const cpus = Array.from({ length: width }, () => ({ ...QUIET, drop: 4e9, early_drop: 4e9, insert_failed: 4e9 }));
  const tables = Array.from({ length: 1000 }, (_each, at) => `tree:${at}/${'x'.repeat(length)}`);
  for (const uptime of [100, 160]) pasts(dir, run(uptime, tables, {}, cpus));
  const folder = join(dir, String(EUID), 'check_conntrack');
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  expect(sizes).toHaveLength(1);
  expect(sizes[0]).toBeLessThanOrEqual(LARGEST_FILE);
  expect(pasts(dir, run(220, tables.slice(0, 1)))).toEqual([[160]]);
});

test('with two samples, one is the oldest to compare with', () => {
  const dir = stateDir();
  const cpus = Array.from({ length: 1000 }, () => ({ ...QUIET, drop: 4e9, early_drop: 4e9, insert_failed: 4e9 }));
  const length = LARGEST_FILE / 2 - 2.5 * JSON.stringify(cpus.map((cpu) => Object.values(cpu))).length;
  const tables = ['a', 'b'].map((letter) => letter.repeat(length));
  for (const uptime of [100, 160]) pasts(dir, run(uptime, tables, {}, cpus));
  expect(pasts(dir, run(220, tables, {}, cpus))[0]).toEqual([100, 160]);
  expect(pasts(dir, run(280, tables, {}, cpus))[0]).toEqual([100, 220]);
});

/** Returns the samples recalled for one table, whatever its name. */
function pastOf(dir: string, uptime: number, changes: Partial<HistoryRun> = {}): unknown {
  return pasts(dir, { ...run(uptime, ['net:1']), ...changes })[0];
}

function namesIn(dir: string): readonly string[] {
  return readdirSync(join(dir, String(EUID), 'check_conntrack')).sort();
}

test('a reboot ends what can be compared with', () => {
  const dir = stateDir();
  pastOf(dir, 100);
  expect(pastOf(dir, 160, { boot: 'another' })).toBe('first run since boot');
  expect(pastOf(dir, 220, { boot: 'another' })).toEqual([160]);
});

test('hosts that share the directory keep their samples separate, whatever their inodes', () => {
  const dir = stateDir();
  pastOf(dir, 100);
  pastOf(dir, 5000, { boot: 'another' });
  expect(pastOf(dir, 160)).toEqual([100]);
  expect(pastOf(dir, 5060, { boot: 'another' })).toEqual([5000]);
});

test('a table that was never seen is new after a reboot too', () => {
  const dir = stateDir();
  pastOf(dir, 100);
  expect(pasts(dir, { ...run(160, ['net:2']), boot: 'another' })).toEqual(['first run since boot']);
});

describe('the samples that are kept', () => {
  const recalled = (uptimes: readonly number[], window = 300) => {
    const dir = stateDir();
    for (const uptime of uptimes) pastOf(dir, uptime, { window });
    return pastOf(dir, 1e6, { window });
  };

  test('the window, and the newest sample before it', () => {
    expect(recalled([100, 200, 300, 400, 500, 600])).toEqual([200, 300, 400, 500, 600]);
    expect(recalled([100, 200, 300, 400, 500, 601])).toEqual([300, 400, 500, 601]);
    expect(recalled([100, 1000, 2000])).toEqual([1000, 2000]);
  });

  test('the samples around a lowered limit, for a day', () => {
    const dir = stateDir();
    const limits = [10, 10, 4, 4, 4];
    limits.forEach((limit, at) => {
      const { subjects, ...rest } = run(100 * (at + 1), ['net:1']);
      remember(dir, EUID, { ...rest, subjects: subjects.map((one) => ({ ...one, now: { ...one.now, limit } })) });
    });
    const later = (uptime: number) => {
      const { subjects, ...rest } = run(uptime, ['net:1']);
      const [history] = remember(dir, EUID, {
        ...rest,
        subjects: subjects.map((one) => ({ ...one, now: { ...one.now, limit: 4 } })),
      });
      if (history?.ok !== true || typeof history.value.past === 'string') throw new Error('no history');
      return history.value.past.map((sample) => sample.uptime);
    };
    expect(later(10_000)).toEqual([100, 200, 300, 400, 500]);
    expect(later(20_000)).toEqual([200, 300, 500, 10_000]);
    expect(later(86_700)).toEqual([200, 300, 10_000, 20_000]);
    expect(later(86_800)).toEqual([20_000, 86_700]);
  });

  test('no two of one moment, and none that is later than now', () => {
    expect(recalled([100, 200, 200])).toEqual([100, 200]);
    expect(recalled([100, 200, 150])).toEqual([100, 150]);
  });

  test('more than sixteen: those far from others, and the first and the last', () => {
    const minutes = Array.from({ length: 15 }, (_, at) => 1000 + 60 * at);
    expect(recalled([...minutes, 1841, 1842], 3600)).toEqual([...minutes.slice(0, 14), 1840, 1842]);
    expect(recalled([...minutes, 1841, 1842, 1900], 3600)).toEqual([...minutes, 1900]);
  });
});

describe('the name of the file', () => {
  test.each([
    ['net:4026531840', 'net-4026531840-d094a1d5-300.json'],
    ['all:4026531840', 'all-4026531840-d094a1d5-300.json'],
    // FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
    ['tree:foobar', 'tree-bf9cf968-d094a1d5-300.json'],
    ['tree:', 'tree-811c9dc5-d094a1d5-300.json'],
    ['tree:/host8', 'tree-0ad38650-d094a1d5-300.json'],
    ['tree:/a\n/b', expect.stringMatching(/^tree-[0-9a-f]{8}-d094a1d5-300\.json$/)],
    ['tree:7/x', expect.stringMatching(/^tree-[0-9a-f]{8}-d094a1d5-300\.json$/)],
    ['tree:x/7', expect.stringMatching(/^tree-[0-9a-f]{8}-d094a1d5-300\.json$/)],
  ])('%j is %s', (name, file) => {
    const dir = stateDir();
    pastOf(dir, 100, { name });
    expect(namesIn(dir)).toEqual([file]);
  });

  test('each window has its own', () => {
    const dir = stateDir();
    pastOf(dir, 100);
    expect(pastOf(dir, 160, { window: 60 })).toBe('first run since boot');
    expect(namesIn(dir)).toEqual(['all-1-d094a1d5-300.json', 'all-1-d094a1d5-60.json']);
  });
});

describe('untrusted files', () => {
  const planted = (text: string, make = (path: string) => writeFileSync(path, text, { mode: 0o600 })) => {
    const dir = stateDir();
    pastOf(dir, 100);
    const path = join(dir, String(EUID), 'check_conntrack', 'all-1-d094a1d5-300.json');
    rmSync(path);
    make(path);
    return { dir, path };
  };

  test('is reported once, and replaced', () => {
    const { dir, path } = planted('{');
    const [history] = remember(dir, EUID, run(160, ['net:1']));
    expect(history).toEqual({ ok: false, fault: { kind: 'malformed', source: path } });
    expect(pastOf(dir, 220)).toEqual([160]);
  });

  test('with its size, where that is what is wrong', () => {
    const { dir, path } = planted('x'.repeat(LARGEST_FILE + 1));
    const [history] = remember(dir, EUID, run(160, ['net:1']));
    expect(history).toEqual({ ok: false, fault: { kind: 'too-large', source: path, detail: String(LARGEST_FILE) } });
  });

  test('a link, of which there is no more to say', () => {
    const { dir, path } = planted('', (link) => symlinkSync('/nowhere', link));
    expect(remember(dir, EUID, run(160, ['net:1']))).toStrictEqual([
      { ok: false, fault: { kind: 'symlink', source: path } },
    ]);
  });

  test('a table of which nothing is kept', () => {
    const { dir } = planted('{"schema":3,"boot":"boot","counters":[],"tables":{"net:1":[]}}');
    expect(pastOf(dir, 160)).toEqual([]);
  });

  test('another version, of which nothing is understood, is a first run', () => {
    const { dir } = planted('{"schema":9}');
    expect(pastOf(dir, 160)).toBe('first run since boot');
    expect(pastOf(dir, 220)).toEqual([160]);
  });

  test('a directory that cannot be used is reported for every table', () => {
    const dir = join(stateDir(), 'none');
    expect(pasts(dir, run(100, ['net:1', 'net:2']))).toEqual(['missing', 'missing']);
  });

  test('recalled samples are not used if nothing can be written', () => {
    const { dir } = planted('', (path) => mkdirSync(path, { mode: 0o700 }));
    expect(pastOf(dir, 160)).toBe('not-written');
  });
});

test('a history tells where it is from, and the window', () => {
  const dir = stateDir();
  const source = join(dir, String(EUID), 'check_conntrack', 'all-1-d094a1d5-300.json');
  const [history] = remember(dir, EUID, run(100, ['net:1']));
  expect(history).toEqual({ ok: true, value: { past: 'first run since boot', window: 300 }, source });
});
