import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readBounded, readBoundedWithin } from '../../../src/kernel/file.ts';

function scratch(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'check_conntrack-')));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.each([0, 1, 4096, 65535, 65536, 65537, 200_000])('a file of %d bytes comes whole, byte by byte', (size) => {
  const path = join(scratch(), 'file');
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7) % 256));
  writeFileSync(path, bytes);
  expect(readBounded(path, 1 << 20)).toEqual({ ok: true, text: bytes.toString('latin1') });
});

test('a file of the limit is taken, one byte more is not', () => {
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

test('a device is no regular file', () => {
  expect(readBounded('/dev/zero', 10)).toEqual({ ok: false, kind: 'not-regular' });
});

test('descriptors are given back, also by what cannot be read', () => {
  const path = scratch();
  for (let round = 0; round < 5000; round++) readBounded(path, 10);
  expect(readBounded('/proc/self/stat', 4096)).toMatchObject({ ok: true });
});

test('what a link leads out of the root is refused, also to a directory of the same beginning', () => {
  const folder = scratch();
  const root = join(folder, 'root');
  const beside = join(folder, 'root-beside');
  for (const path of [root, beside]) mkdirSync(path);
  writeFileSync(join(beside, 'file'), 'secret');
  writeFileSync(join(root, 'file'), 'inside');
  symlinkSync(join(beside, 'file'), join(root, 'out'));
  symlinkSync('../root-beside', join(root, 'folder-out'));
  symlinkSync('file', join(root, 'in'));
  expect(readBoundedWithin(root, join(root, 'out'), 10)).toEqual({ ok: false, kind: 'outside-root' });
  expect(readBoundedWithin(root, join(root, 'folder-out/file'), 10)).toEqual({ ok: false, kind: 'outside-root' });
  expect(readBoundedWithin(root, join(root, 'in'), 10)).toEqual({ ok: true, text: 'inside' });
});
