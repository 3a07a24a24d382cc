// The sample of a list, step by step: the lines drawn at random, and the blocks that keep them.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type LineSample, newLineSample, takeSample, thinTo } from '../../../../src/report/list/line-sample.ts';

/** Makes Math.random() return these numbers in turn, then the last one forever. */
function chance(...numbers: readonly number[]): void {
  const waiting = numbers.slice();
  const spy = vi.spyOn(Math, 'random').mockImplementation(() => {
    const [next = 0] = waiting;
    if (waiting.length > 1) waiting.shift();
    return next;
  });
  onTestFinished(() => spy.mockRestore());
}

/** Seven lines stay before one that goes, and the next line is taken. */
const SEVEN_STAY = 0.65;

function take(sample: LineSample, text: string, length = text.length): void {
  takeSample(sample, Buffer.from(text, 'latin1'), length);
}

function textOf({ blocks }: LineSample): string {
  return blocks.map(({ bytes, length }) => Buffer.from(bytes.subarray(0, length)).toString('latin1')).join('');
}

const lines = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${first + at}\n`).join('');

test('a new sample is empty, with room for slightly more lines than requested', () => {
  const empty = { blocks: [], held: 0, current: 0, share: 1, skip: 0, lines: 0 };
  expect(newLineSample(6)).toEqual({ ...empty, room: 7 });
  expect(newLineSample(70_000)).toEqual({ ...empty, room: 81_600 });
});

describe('a full sample', () => {
  test('keeps each line with a chance of 7/8, and takes the same share of later lines', () => {
    const sample = newLineSample(6);
    take(sample, lines(1, 7));
    expect(sample).toMatchObject({ held: 7, share: 1, skip: 0 });
    // One line stays before each that goes, then all; the next one is taken after two more, then after none.
    chance(0.2, 0.2, 0.2, 0.99, 0.99, 0.5);
    take(sample, lines(8, 8));
    expect(textOf(sample)).toBe('1\n3\n5\n7\n8\n');
    expect(sample).toMatchObject({ held: 5, share: 7 / 8, skip: 2, lines: 8 });
    take(sample, lines(9, 11));
    expect(textOf(sample)).toBe('1\n3\n5\n7\n8\n11\n');
    expect(sample).toMatchObject({ held: 6, share: 7 / 8, skip: 0, lines: 11 });
  });

  test('thins out again when it is full again', () => {
    const sample = newLineSample(6);
    chance(SEVEN_STAY);
    take(sample, lines(1, 9));
    expect(sample).toMatchObject({ held: 9, share: 7 / 8, lines: 9 });
    const small = newLineSample(6);
    // No line stays.
    chance(0);
    take(small, lines(1, 15));
    expect(small).toMatchObject({ held: 1, share: (7 / 8) ** 2, lines: 15 });
  });

  test('is thinned to about the lines that are enough, unless it has every line', () => {
    const whole = newLineSample(6);
    take(whole, lines(1, 7));
    thinTo(whole, 6);
    expect(whole).toMatchObject({ held: 7, share: 1 });
    const sample = newLineSample(6);
    chance(SEVEN_STAY);
    take(sample, lines(1, 9));
    chance(0);
    thinTo(sample, 9);
    expect(sample.held).toBe(9);
    thinTo(sample, 6);
    expect(sample).toMatchObject({ held: 0, lines: 9 });
    expect(sample.share).toBeCloseTo((7 / 8) * ((1.02 * 6) / 9));
  });
});

describe('blocks of a sample', () => {
  const BLOCK = 1 << 18;
  const line = (length: number) => `${'x'.repeat(length - 1)}\n`;

  test.each([
    [1023, 1],
    [1024, 2],
  ])('are filled to the end: 255 lines and one of %d bytes take %d blocks', (length, blocks) => {
    const sample = newLineSample(1000);
    take(sample, line(1024).repeat(255) + line(length));
    expect(sample.blocks).toHaveLength(blocks);
    expect(sample.blocks.every(({ bytes }) => bytes.length === BLOCK)).toBe(true);
    expect(textOf(sample)).toBe(line(1024).repeat(255) + line(length));
  });

  test('are filled in order, and freed space is reused', () => {
    const sample = newLineSample(857);
    expect(sample.room).toBe(1000);
    take(sample, line(1000).repeat(1000));
    expect([sample.blocks.length, sample.current]).toEqual([4, 3]);
    // Every eighth line of a block is dropped.
    chance(SEVEN_STAY);
    take(sample, line(500));
    expect([sample.held, sample.blocks.length, sample.current]).toEqual([879, 4, 0]);
    expect(sample.blocks[0]?.length).toBe(230 * 1000 + 500);
  });

  test('end a truncated or split line with a newline', () => {
    const sample = newLineSample(10);
    take(sample, 'one\ntwo\n', 6);
    take(sample, '');
    take(sample, `${'x'.repeat(1023)}\n${'y'.repeat(1024)}\n${'z'.repeat(1500)}`);
    expect(textOf(sample)).toBe(`one\ntw\n${'x'.repeat(1023)}\n${'y'.repeat(1024)}\n${'z'.repeat(1024)}\n`);
    expect(sample).toMatchObject({ held: 5, lines: 5 });
  });
});
