import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  addCounted,
  linesEnd,
  newSharedLines,
  type SharedLines,
  stopSharedLines,
  takeLines,
} from '../../../../src/report/list/shared-lines.ts';
import { scratch } from '../../../e2e/support/scratch.ts';

const LONGEST_LINE = 1 << 16;

function linesOf(text: string): SharedLines {
  const path = join(scratch(), 'list');
  writeFileSync(path, text, 'latin1');
  const fd = openSync(path, 'r');
  onTestFinished(() => closeSync(fd));
  return newSharedLines(fd, path);
}

function take(shared: SharedLines, into: Buffer): string {
  const got = takeLines(shared, into);
  if (typeof got !== 'number') throw new Error(got.kind);
  return into.toString('latin1', 0, got);
}

test('every piece ends at a line end, and no line is lost between readers', () => {
  const lines = Array.from({ length: 5000 }, (_, at) => `line ${at} ${'x'.repeat(at % 170)}\n`);
  const shared = linesOf(lines.join(''));
  const takers = [Buffer.alloc(1 << 17), Buffer.alloc(1 << 17)] as const;
  const pieces: string[] = [];
  for (let turn = 0; ; turn++) {
    const piece = take(shared, takers[turn % 2 === 0 ? 0 : 1]);
    if (piece === '') break;
    expect(piece.endsWith('\n')).toBe(true);
    pieces.push(piece);
  }
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(lines.join(''));
  expect(take(shared, takers[0])).toBe('');
});

test('the last line may lack its newline', () => {
  const shared = linesOf('one\ntwo');
  expect(take(shared, Buffer.alloc(100))).toBe('one\ntwo');
  expect(take(shared, Buffer.alloc(100))).toBe('');
});

test('text without a line end is passed on in pieces', () => {
  const text = 'x'.repeat(3 * LONGEST_LINE);
  const shared = linesOf(text);
  const into = Buffer.alloc(2 * LONGEST_LINE);
  expect(take(shared, into) + take(shared, into) + take(shared, into)).toBe(text);
  expect(linesEnd(Buffer.from('ab'), 2)).toBe(0);
});

test('no lines are returned after a stop', () => {
  const shared = linesOf('one\ntwo\n');
  stopSharedLines(shared);
  expect(take(shared, Buffer.alloc(100))).toBe('');
});

test('counts of all readers are added', () => {
  const shared = linesOf('');
  expect([addCounted(shared, 3), addCounted(shared, 4)]).toEqual([3, 7]);
});

test('a read error is returned, and the next reader still gets an answer', () => {
  const shared = { ...linesOf('one\n'), fd: 9999 };
  for (const _ of [1, 2]) expect(takeLines(shared, Buffer.alloc(100))).toMatchObject({ kind: 'io', detail: 'EBADF' });
});
