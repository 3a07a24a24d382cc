import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addCounted, linesEnd, newTurns, stopTurns, type Turns, takeLines } from '../../../src/kernel/line-turns.ts';
import { scratch } from '../../e2e/support/tree.ts';

const LONGEST_LINE = 1 << 16;

function turnsOf(text: string): Turns {
  const path = join(scratch(), 'list');
  writeFileSync(path, text, 'latin1');
  const fd = openSync(path, 'r');
  onTestFinished(() => closeSync(fd));
  return newTurns(fd, path);
}

function take(turns: Turns, into: Buffer): string {
  const got = takeLines(turns, into);
  if (typeof got !== 'number') throw new Error(got.kind);
  return into.toString('latin1', 0, got);
}

test('every piece ends with a line, and none is lost, whoever takes it', () => {
  const lines = Array.from({ length: 5000 }, (_, at) => `line ${at} ${'x'.repeat(at % 170)}\n`);
  const turns = turnsOf(lines.join(''));
  const takers = [Buffer.alloc(1 << 17), Buffer.alloc(1 << 17)] as const;
  const pieces: string[] = [];
  for (let turn = 0; ; turn++) {
    const piece = take(turns, takers[turn % 2 === 0 ? 0 : 1]);
    if (piece === '') break;
    expect(piece.endsWith('\n')).toBe(true);
    pieces.push(piece);
  }
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(lines.join(''));
  expect(take(turns, takers[0])).toBe('');
});

test('the last line needs no end', () => {
  const turns = turnsOf('one\ntwo');
  expect(take(turns, Buffer.alloc(100))).toBe('one\ntwo');
  expect(take(turns, Buffer.alloc(100))).toBe('');
});

test('what is too long for a line goes as it is', () => {
  const text = 'x'.repeat(3 * LONGEST_LINE);
  const turns = turnsOf(text);
  const into = Buffer.alloc(2 * LONGEST_LINE);
  expect(take(turns, into) + take(turns, into) + take(turns, into)).toBe(text);
  expect(linesEnd(Buffer.from('ab'), 2)).toBe(0);
});

test('nobody gets anything when it was stopped', () => {
  const turns = turnsOf('one\ntwo\n');
  stopTurns(turns);
  expect(take(turns, Buffer.alloc(100))).toBe('');
});

test('counts of all', () => {
  const turns = turnsOf('');
  expect([addCounted(turns, 3), addCounted(turns, 4)]).toEqual([3, 7]);
});

test('a fault of the file is told, and the next one can still ask', () => {
  const turns = { ...turnsOf('one\n'), fd: 9999 };
  for (const _ of [1, 2]) expect(takeLines(turns, Buffer.alloc(100))).toMatchObject({ kind: 'io', detail: 'EBADF' });
});
