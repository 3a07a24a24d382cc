// One file of ours among what others may put in its way: which are trusted, which are reported, and which remain.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Before, exchange, LARGEST_FILE, pathOf } from '../../../src/history/state-directory.ts';

const EUID = process.geteuid?.() ?? 0;
const NAME = 'net-1-300.json';

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A state directory of an earlier run, and the subdirectory with its files. */
function used(): { readonly dir: string; readonly folder: string } {
  const dir = scratch();
  const folder = join(dir, String(EUID), 'check_conntrack');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { dir, folder };
}

/** The previous text, and the fault in replacing it. */
function exchanged(dir: string, euid = EUID, text = 'new\n') {
  const told: Before[] = [];
  const fault = exchange({ dir, euid, name: NAME }, (before) => {
    told.push(before);
    return text;
  });
  return { told, fault };
}

function permissions(path: string): number {
  return statSync(path).mode & 0o777;
}

describe('a file of our own', () => {
  test('the first time there is nothing, and all that is made is ours alone', () => {
    const dir = scratch();
    expect(exchanged(dir)).toEqual({ told: [undefined], fault: undefined });
    const [user, folder] = [join(dir, String(EUID)), join(dir, String(EUID), 'check_conntrack')];
    expect([user, folder, join(folder, NAME)].map(permissions)).toEqual([0o700, 0o700, 0o600]);
    expect(readFileSync(join(folder, NAME), 'latin1')).toBe('new\n');
    expect(readdirSync(folder)).toEqual([NAME]);
  });

  test('later there is what was put there', () => {
    const dir = scratch();
    exchanged(dir, EUID, 'one\n');
    expect(exchanged(dir, EUID, 'two\n').told).toEqual([{ ok: true, text: 'one\n' }]);
    expect(exchanged(dir).told).toEqual([{ ok: true, text: 'two\n' }]);
  });

  test('the path, however the directory is written', () => {
    const file = { euid: 7, name: NAME };
    expect(pathOf({ dir: '/var/x', ...file })).toBe(`/var/x/7/check_conntrack/${NAME}`);
    expect(pathOf({ dir: '/var/x//', ...file })).toBe(`/var/x/7/check_conntrack/${NAME}`);
  });

  test('a long text is written whole', () => {
    const dir = scratch();
    const text = '\u00e9'.repeat(LARGEST_FILE);
    exchanged(dir, EUID, text);
    expect(exchanged(dir).told).toEqual([{ ok: true, text }]);
  });
});

describe('a directory that is not to be trusted', () => {
  const refused = (dir: string, euid = EUID) => {
    const { told, fault } = exchanged(dir, euid);
    expect(told).toEqual([]);
    return fault;
  };

  test("is another's", () => {
    const dir = scratch();
    mkdirSync(join(dir, String(EUID + 1)));
    expect(refused(dir, EUID + 1)).toEqual({ kind: 'foreign', source: join(dir, String(EUID + 1)) });
  });

  test('is that of another than the one who made it just now', () => {
    const dir = scratch();
    expect(refused(dir, EUID + 1)).toEqual({ kind: 'foreign', source: join(dir, String(EUID + 1)) });
  });

  test.each([
    ['the group', 0o720],
    ['others', 0o702],
    ['everybody', 0o777],
  ])('may be written to by %s', (_, mode) => {
    const { dir, folder } = used();
    chmodSync(folder, mode);
    expect(refused(dir)).toEqual({ kind: 'others-write', source: folder });
    chmodSync(folder, 0o700);
    chmodSync(join(dir, String(EUID)), mode);
    expect(refused(`${dir}//`)).toEqual({ kind: 'others-write', source: join(dir, String(EUID)) });
  });

  test('may be read by others, as long as they do not write', () => {
    const { dir, folder } = used();
    chmodSync(folder, 0o755);
    expect(exchanged(dir).fault).toBeUndefined();
  });

  test('is a link', () => {
    const dir = scratch();
    const elsewhere = used();
    symlinkSync(join(elsewhere.dir, String(EUID)), join(dir, String(EUID)));
    expect(refused(dir)).toEqual({ kind: 'not-directory', source: join(dir, String(EUID)) });
    expect(readdirSync(elsewhere.folder)).toEqual([]);
  });

  test('is a file', () => {
    const dir = scratch();
    writeFileSync(join(dir, String(EUID)), '');
    expect(refused(dir)).toEqual({ kind: 'not-directory', source: join(dir, String(EUID)) });
  });

  test('is not there: it is given, and not made', () => {
    const dir = join(scratch(), 'none');
    expect(refused(dir)).toEqual({ kind: 'missing', source: dir });
    expect(existsSync(dir)).toBe(false);
  });

  test('is given, and is a file, or a link that leads nowhere', () => {
    const dir = scratch();
    writeFileSync(join(dir, 'file'), '');
    symlinkSync('loop', join(dir, 'loop'));
    for (const name of ['file', 'loop']) {
      expect(refused(join(dir, name))).toEqual({ kind: 'not-directory', source: join(dir, name) });
    }
  });

  test('takes no other', () => {
    expect(refused('/proc/self')).toEqual({
      kind: 'not-written',
      detail: 'ENOENT',
      source: `/proc/self/${EUID}`,
    });
  });
});

/** The listener has ended. */
function socketAt(path: string): void {
  execFileSync(process.execPath, ['-e', `net.createServer().listen(${JSON.stringify(path)}, () => process.exit())`]);
}

describe('an untrusted file is reported and replaced', () => {
  test.each<[string, (path: string) => void, string]>([
    ['a link', (path) => symlinkSync('/etc/hostname', path), 'symlink'],
    ['a link to nothing', (path) => symlinkSync('/nowhere', path), 'symlink'],
    [
      'written to by the group',
      (path) => {
        writeFileSync(path, 'x');
        chmodSync(path, 0o620);
      },
      'others-write',
    ],
    [
      'written to by others',
      (path) => {
        writeFileSync(path, 'x');
        chmodSync(path, 0o602);
      },
      'others-write',
    ],
    ['a socket', socketAt, 'not-regular'],
    ['a pipe', (path) => void execFileSync('mkfifo', ['-m', '600', path]), 'not-regular'],
    ['too large', (path) => writeFileSync(path, 'x'.repeat(LARGEST_FILE + 1), { mode: 0o600 }), 'too-large'],
  ])('%s', (_, make, kind) => {
    const { dir, folder } = used();
    make(join(folder, NAME));
    const { told, fault } = exchanged(dir);
    expect(told).toMatchObject([{ ok: false, kind }]);
    expect(fault).toBeUndefined();
    expect(permissions(join(folder, NAME))).toBe(0o600);
    expect(exchanged(dir).told).toEqual([{ ok: true, text: 'new\n' }]);
  });

  test('a directory in its place is reported, cannot be replaced, and no file remains', () => {
    const { dir, folder } = used();
    mkdirSync(join(folder, NAME), { mode: 0o700 });
    const { told, fault } = exchanged(dir);
    expect(told).toEqual([{ ok: false, kind: 'not-regular' }]);
    expect(fault).toEqual({ kind: 'not-written', source: join(folder, NAME), detail: 'EISDIR' });
    expect(readdirSync(folder)).toEqual([NAME]);
  });
});

test('a name that leaves no room for a second one', () => {
  const { dir, folder } = used();
  const name = `${'x'.repeat(250)}.json`;
  const fault = exchange({ dir, euid: EUID, name }, () => 'new\n');
  expect(fault).toEqual({ kind: 'not-written', source: join(folder, name), detail: 'ENAMETOOLONG' });
});

test('nothing stays open', () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const { dir } = used();
  const before = open();
  for (let times = 0; times < 20; times++) exchanged(dir);
  expect(open()).toBeLessThan(before + 20);
});

describe('files that earlier runs have left', () => {
  const DAY = 24 * 3600;
  const there = (name: string, age: number): boolean => {
    const { dir, folder } = used();
    const path = join(folder, name);
    writeFileSync(path, '');
    const then = Date.now() / 1000 - age;
    utimesSync(path, then, then);
    exchanged(dir);
    return existsSync(path);
  };

  test.each([
    ['what is being written', 'net-2-300.json.1-x.tmp', 50, true],
    ['what was killed while it was written', 'net-2-300.json.1-x.tmp', 70, false],
    ['a table that was seen this month', 'net-2-300.json', 29 * DAY, true],
    ['a table that is gone', 'net-2-300.json', 31 * DAY, false],
    ['what is not ours', 'notes.txt', 31 * DAY, true],
    ['our own', NAME, 31 * DAY, true],
  ])('%s: %s after %d s: %s', (_, name, age, kept) => expect(there(name, age)).toBe(kept));
});
