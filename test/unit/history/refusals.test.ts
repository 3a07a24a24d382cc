// Refusals of the system at any step, and the state file after them.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { files as system } from '#system/files';
import { type Before, exchange } from '../../../src/history/state-directory.ts';
import type { Files } from '../../../src/system/contract.ts';

type Changeable = { -readonly [Call in keyof Files]: Files[Call] };

const EUID = process.geteuid?.() ?? 0;
const NAME = 'net-1-300.json';

/** A state directory with a file of ours, and its folder. */
function used(): { readonly dir: string; readonly folder: string } {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const folder = join(dir, String(EUID), 'check_conntrack');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, NAME), 'old\n', { mode: 0o600 });
  return { dir, folder };
}

function exchanged(dir: string, text = 'new\n') {
  const told: Before[] = [];
  const fault = exchange({ dir, euid: EUID, name: NAME }, (before) => {
    told.push(before);
    return text;
  });
  return { told, fault };
}

const files: Changeable = system;
const real: Files = { ...system };

/** `change` takes the place of a call, until the test is over. */
function instead<Call extends keyof Files>(call: Call, change: Files[Call]): void {
  files[call] = change;
  onTestFinished(() => {
    files[call] = real[call];
  });
}

/** Expects the old text, and no other file, if the new text could not be put in its place. */
function expectOld(folder: string): void {
  expect(readdirSync(folder)).toEqual([NAME]);
  expect(readFileSync(join(folder, NAME), 'latin1')).toBe('old\n');
}

describe('a text that cannot be written in full is not written', () => {
  const failing: readonly (readonly [string, string, () => void])[] = [
    ['no room', 'ENOSPC', () => instead('write', () => ({ errno: 'ENOSPC' }))],
    [
      'no room for all of it',
      'EDQUOT',
      () =>
        instead('write', (descriptor, all, from) =>
          from > 0 ? { errno: 'EDQUOT' } : real.write(descriptor, all.subarray(0, 2), 0),
        ),
    ],
    [
      'no room, as is told at the end',
      'EIO',
      () => {
        let written = -1;
        instead('write', (descriptor, all, from) => {
          written = descriptor;
          return real.write(descriptor, all, from);
        });
        instead(
          'close',
          (descriptor) => real.close(descriptor) ?? (descriptor === written ? { errno: 'EIO' } : undefined),
        );
      },
    ],
    ['a name that cannot be changed', 'EACCES', () => instead('rename', () => ({ errno: 'EACCES' }))],
  ];

  test.each(failing)('%s', (_, errno, arrange) => {
    const { dir, folder } = used();
    arrange();
    const { told, fault } = exchanged(dir);
    expect(told).toEqual([{ ok: true, text: 'old\n' }]);
    expect(fault).toEqual({ kind: 'not-written', source: join(folder, NAME), detail: errno });
    expectOld(folder);
  });
});

test('a text that is taken piece by piece is written in full', () => {
  const { dir, folder } = used();
  instead('write', (descriptor, all, from) => real.write(descriptor, all.subarray(0, from + 3), from));
  expect(exchanged(dir, 'a longer text\n').fault).toBeUndefined();
  expect(readFileSync(join(folder, NAME), 'latin1')).toBe('a longer text\n');
});

test('it is never written to under its own name, nor under the same one twice', () => {
  const { dir, folder } = used();
  const written: string[] = [];
  instead('open', (path, purpose) => {
    if (purpose === 'new-file') written.push(path.slice(path.lastIndexOf('/') + 1));
    return real.open(path, purpose);
  });
  exchanged(dir);
  exchanged(dir);
  expect(new Set(written).size).toBe(2);
  for (const name of written)
    expect(name).toMatch(new RegExp(`^${NAME.replace('.', '\\.')}\\.${process.pid}-\\d{13}-[0-9a-z]{4,}\\.tmp$`));
  expect(readdirSync(folder)).toEqual([NAME]);
});

describe('a directory whose status is unknown is a fault', () => {
  test.each([
    ['the directory of the user', 1, ''],
    ['that of the plugin', 2, '/check_conntrack'],
  ])('%s', (_, place, below) => {
    const { dir, folder } = used();
    let looks = 0;
    instead('statusOfOpen', (descriptor) => (++looks === place ? { errno: 'EIO' } : real.statusOfOpen(descriptor)));
    const source = `${join(dir, String(EUID))}${below}`;
    expect(exchanged(dir)).toEqual({ told: [], fault: { kind: 'io', detail: 'EIO', source } });
    expectOld(folder);
  });

  test('one that may not be opened', () => {
    const { dir } = used();
    instead('open', (path, purpose) =>
      purpose === 'directory-no-link' ? { errno: 'EACCES' } : real.open(path, purpose),
    );
    expect(exchanged(dir)).toEqual({ told: [], fault: { kind: 'denied', source: join(dir, String(EUID)) } });
  });

  test('one that another run has made just now is taken', () => {
    const { dir, folder } = used();
    let looks = 0;
    instead('open', (path, purpose) =>
      path.endsWith(`/${EUID}`) && looks++ === 0 ? { errno: 'ENOENT' } : real.open(path, purpose),
    );
    expect(exchanged(dir).fault).toBeUndefined();
    expect(readFileSync(join(folder, NAME), 'latin1')).toBe('new\n');
  });

  test('one that cannot be made', () => {
    const { dir } = used();
    rmSync(join(dir, String(EUID)), { recursive: true });
    instead('makeDirectory', () => ({ errno: 'EROFS' }));
    expect(exchanged(dir)).toEqual({
      told: [],
      fault: { kind: 'not-written', detail: 'EROFS', source: join(dir, String(EUID)) },
    });
  });

  test('one that is taken away at once', () => {
    const { dir } = used();
    rmSync(join(dir, String(EUID)), { recursive: true });
    instead('makeDirectory', () => undefined);
    expect(exchanged(dir)).toEqual({ told: [], fault: { kind: 'missing', source: join(dir, String(EUID)) } });
  });
});

describe('a file whose status is unknown is reported and replaced', () => {
  test.each<[string, string, unknown]>([
    ['may not be opened', 'EACCES', { ok: false, kind: 'denied' }],
    ['fails', 'EIO', { ok: false, kind: 'io', detail: 'EIO' }],
  ])('it %s', (_, errno, before) => {
    const { dir, folder } = used();
    instead('open', (path, purpose) => (purpose === 'reading-no-link' ? { errno } : real.open(path, purpose)));
    expect(exchanged(dir)).toEqual({ told: [before], fault: undefined });
    expect(readFileSync(join(folder, NAME), 'latin1')).toBe('new\n');
  });

  test('the kind of file', () => {
    const { dir } = used();
    let looks = 0;
    instead('statusOfOpen', (descriptor) => (++looks === 3 ? { errno: 'EIO' } : real.statusOfOpen(descriptor)));
    expect(exchanged(dir)).toEqual({ told: [{ ok: false, kind: 'io', detail: 'EIO' }], fault: undefined });
  });

  test("it is another's", () => {
    const { dir } = used();
    let looks = 0;
    instead('statusOfOpen', (descriptor) => {
      const status = real.statusOfOpen(descriptor);
      return ++looks === 3 && !('errno' in status) ? { ...status, owner: EUID + 1 } : status;
    });
    expect(exchanged(dir).told).toEqual([{ ok: false, kind: 'foreign' }]);
  });
});

describe('cleaning up', () => {
  const left = (name: string, arrange: () => void) => {
    const { dir, folder } = used();
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), 1, 1);
    arrange();
    expect(exchanged(dir).fault).toBeUndefined();
    return readdirSync(folder).includes(name);
  };

  test('nothing where names cannot be listed', () => {
    expect(left('x.tmp', () => undefined)).toBe(false);
    expect(left('x.tmp', () => instead('list', () => ({ errno: 'EIO' })))).toBe(true);
  });

  test('nothing of which the age is not known', () => {
    for (const name of ['x.tmp', 'x.json'])
      expect(left(name, () => instead('statusOfLink', () => ({ errno: 'EIO' })))).toBe(true);
  });

  test.each([
    ['x.tmp.bak', true],
    ['tmp', true],
    ['x.json.bak', true],
    ['json', true],
    ['x.json', false],
  ])('%s stays: %j', (name, stays) => expect(left(name, () => undefined)).toBe(stays));
});

test('everything that was opened is closed again', () => {
  const { dir } = used();
  const open = new Set<number>();
  instead('open', (path, purpose) => {
    const descriptor = real.open(path, purpose);
    if (typeof descriptor === 'number') open.add(descriptor);
    return descriptor;
  });
  instead('close', (descriptor) => {
    open.delete(descriptor);
    return real.close(descriptor);
  });
  exchanged(dir);
  expect([...open]).toEqual([]);
});
