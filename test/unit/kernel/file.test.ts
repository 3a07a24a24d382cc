import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readBounded, readBoundedWithin } from '../../../src/kernel/file.ts';

function scratch(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'check_conntrack-')));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.each([0, 1, 4096, 65535, 65536, 65537, 200_000])('reads a file of %d bytes whole, byte by byte', (size) => {
  const path = join(scratch(), 'file');
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7) % 256));
  writeFileSync(path, bytes);
  expect(readBounded(path, 1 << 20)).toEqual({ ok: true, text: bytes.toString('latin1') });
});

test('reads a file of exactly the limit, and refuses one byte more', () => {
  const path = join(scratch(), 'file');
  writeFileSync(path, 'x'.repeat(10));
  expect(readBounded(path, 10)).toEqual({ ok: true, text: 'xxxxxxxxxx' });
  expect(readBounded(path, 9)).toEqual({ ok: false, kind: 'too-large', detail: '9' });
});

test.each<[string, (path: string) => void, object]>([
  ['nothing', () => undefined, { kind: 'missing' }],
  ['a directory', (path) => mkdirSync(path), { kind: 'not-regular' }],
  ['a FIFO without a writer', (path) => void execFileSync('mkfifo', [path]), { kind: 'not-regular' }],
  ['a link in a circle', (path) => symlinkSync(path, path), { kind: 'io', detail: 'ELOOP' }],
])('%s', (_, make, fault) => {
  const root = scratch();
  const path = join(root, 'file');
  make(path);
  expect(readBounded(path, 10)).toEqual({ ok: false, ...fault });
  expect(readBoundedWithin(root, path, 10)).toEqual({ ok: false, ...fault });
});

test('refuses a device as not a regular file', () => {
  expect(readBounded('/dev/zero', 10)).toEqual({ ok: false, kind: 'not-regular' });
});

test('closes every descriptor, even for what cannot be read', () => {
  const root = scratch();
  const path = join(root, 'file');
  writeFileSync(path, 'x'.repeat(20));
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (const what of [root, path, join(root, 'nothing')]) {
    for (let round = 0; round < 100; round++) readBounded(what, 10);
    for (let round = 0; round < 100; round++) readBoundedWithin(root, what, 30);
  }
  expect(open() - before).toBeLessThan(50);
});

test('reads files of /proc, whose size is 0', () => {
  expect(readBounded('/proc/self/stat', 4096)).toMatchObject({ ok: true, text: expect.stringContaining(' (') });
});

test('reports a path below a file as missing', () => {
  const path = join(scratch(), 'file');
  writeFileSync(path, '');
  expect(readBounded(join(path, 'below'), 10)).toEqual({ ok: false, kind: 'missing' });
});

test('refuses a socket as not a regular file', async () => {
  const root = scratch();
  const path = join(root, 'socket');
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(readBounded(path, 10)).toEqual({ ok: false, kind: 'not-regular' });
  expect(readBoundedWithin(root, path, 10)).toEqual({ ok: false, kind: 'not-regular' });
});

// Mode 0200, which the kernel enforces for root too.
const WRITE_ONLY = '/proc/sys/net/ipv4/route/flush';

test.skipIf(!existsSync(WRITE_ONLY))('reports denied access', () => {
  expect(readBounded(WRITE_ONLY, 10)).toEqual({ ok: false, kind: 'denied' });
});

test('reports a name that no file can have', () => {
  expect(readBounded(`/${'x'.repeat(300)}`, 10)).toEqual({ ok: false, kind: 'io', detail: 'ENAMETOOLONG' });
});

test('stops reading once it has enough: each line is whole, and seen once', () => {
  const path = join(scratch(), 'file');
  const row = 'x'.repeat(99);
  writeFileSync(path, `${Array.from({ length: 3000 }, (_, at) => `${row}${at}\n`).join('')}wanted\nrest\n`);
  let looked = 0;
  const reading = readBounded(path, 1 << 20, (lines) => {
    looked += lines.length;
    return /^wanted$/m.test(lines);
  });
  expect(reading).toMatchObject({ ok: true, text: expect.stringContaining('\nwanted\n') });
  expect(looked).toBeLessThan(1.1 * 3000 * 105);
  const [wide] = [join(scratch(), 'wide')];
  writeFileSync(wide, 'y'.repeat(1 << 20));
  looked = 0;
  readBounded(wide, 1 << 21, (lines) => {
    looked += lines.length;
    return false;
  });
  expect(looked).toBeLessThan(1.2 * (1 << 20));
});

test('keeps nothing of one file for the next', () => {
  const root = scratch();
  const [long, short] = [join(root, 'long'), join(root, 'short')];
  writeFileSync(long, 'secret'.repeat(50_000));
  writeFileSync(short, 'ok');
  readBounded(long, 1 << 20);
  expect(readBounded(short, 10)).toEqual({ ok: true, text: 'ok' });
});

test('refuses a link out of the root, even to a directory whose path begins the same', () => {
  const folder = scratch();
  const root = join(folder, 'root');
  const sibling = join(folder, 'root-beside');
  for (const path of [root, sibling]) mkdirSync(path);
  writeFileSync(join(sibling, 'file'), 'secret');
  writeFileSync(join(root, 'file'), 'inside');
  symlinkSync(join(sibling, 'file'), join(root, 'out'));
  symlinkSync('../root-beside', join(root, 'folder-out'));
  symlinkSync('file', join(root, 'in'));
  symlinkSync('gone', join(root, 'dangling'));
  symlinkSync('/dev/zero', join(root, 'device'));
  expect(readBoundedWithin(root, join(root, 'out'), 10)).toEqual({ ok: false, kind: 'outside-root' });
  expect(readBoundedWithin(root, join(root, 'folder-out/file'), 10)).toEqual({ ok: false, kind: 'outside-root' });
  expect(readBoundedWithin(root, join(root, 'dangling'), 10)).toEqual({ ok: false, kind: 'missing' });
  expect(readBoundedWithin(root, join(root, 'device'), 10)).toEqual({ ok: false, kind: 'outside-root' });
  expect(readBoundedWithin('/dev', '/dev/zero', 10)).toEqual({ ok: false, kind: 'not-regular' });
  expect(readBoundedWithin(root, join(root, 'file'), 5)).toMatchObject({ kind: 'too-large' });
  expect(readBoundedWithin(root, join(root, 'in'), 10)).toEqual({ ok: true, text: 'inside' });
});

test.each<[string, string, number, object]>([
  ['whole', '/proc/sys/kernel/ostype', 100, { ok: true, text: 'Linux\n' }],
  ['of exactly the limit', '/proc/sys/kernel/ostype', 6, { ok: true, text: 'Linux\n' }],
  ['larger', '/proc/sys/kernel/ostype', 5, { ok: false, kind: 'too-large', detail: '5' }],
  ['missing', '/proc/sys/kernel/nothing', 100, { ok: false, kind: 'missing' }],
  ['a directory', '/proc/sys/kernel', 100, { ok: false, kind: 'not-regular' }],
])('reads a file of the running kernel: %s', (_, path, limit, read) => expect(readBounded(path, limit)).toEqual(read));
