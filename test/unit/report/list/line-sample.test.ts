// The even sample of a list: all of a short one, and of a long one as many of each part as its share.

import { expect, test } from 'vitest';
import { type LineSample, newLineSample, takeSample } from '../../../../src/report/list/line-sample.ts';

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function linesOf({ blocks }: LineSample): readonly string[] {
  return blocks.flatMap(({ bytes: held, length }) => {
    const text = Buffer.from(held.subarray(0, length)).toString('latin1');
    expect(text.endsWith('\n')).toBe(true);
    return text.slice(0, -1).split('\n');
  });
}

function sampled(count: number, least: number): LineSample {
  const sample = newLineSample(least);
  const each = 1000;
  for (let first = 0; first < count; first += each) {
    const piece = bytes(
      Array.from({ length: each }, (_, at) => `${first + at} ${'x'.repeat((first + at) % 200)}\n`).join(''),
    );
    takeSample(sample, piece, piece.length);
  }
  return sample;
}

test('of a short list every line stays that is not empty, the last one also without an end', () => {
  const sample = newLineSample(10);
  const [first, second] = [bytes('one\ntwo\n'), bytes('\nthree')];
  takeSample(sample, first, first.length);
  takeSample(sample, second, second.length);
  expect(linesOf(sample)).toEqual(['one', 'two', 'three']);
  expect(sample).toMatchObject({ held: 3, lines: 3 });
});

test('what is behind the length that is told is not looked at', () => {
  const sample = newLineSample(10);
  takeSample(sample, bytes('one\ntwo\nold\n'), 8);
  expect(linesOf(sample)).toEqual(['one', 'two']);
});

test('a line that is longer than any of the kernel is cut', () => {
  const sample = newLineSample(10);
  const piece = bytes(`${'x'.repeat(5000)}\ntwo\n`);
  takeSample(sample, piece, piece.length);
  expect(linesOf(sample).map((line) => line.length)).toEqual([1024, 3]);
});

test.each([
  [1000, 1000],
  [2000, 1000],
  [100_000, 1000],
  [300_000, 5000],
])('of %d lines at least %d stay, and nearly as many as there is room for', (count, least) => {
  const sample = sampled(count, least);
  expect(sample.lines).toBe(count);
  expect(linesOf(sample).length).toBe(sample.held);
  expect(sample.held).toBeGreaterThanOrEqual(0.97 * least);
  expect(sample.held).toBeLessThanOrEqual(sample.room);
});

test('no part of a list is taken more often than another, whatever its lines are like', () => {
  const [count, parts, runs] = [50_000, 10, 20];
  const found = new Array<number>(parts).fill(0);
  let held = 0;
  for (let run = 0; run < runs; run++) {
    for (const line of linesOf(sampled(count, 1000))) {
      const number = Number(line.split(' ')[0]);
      expect(line).toBe(`${number} ${'x'.repeat(number % 200)}`);
      const part = Math.floor((parts * number) / count);
      found[part] = (found[part] ?? 0) + 1;
      held += 1;
    }
  }
  const expected = held / parts;
  // Five standard deviations.
  for (const taken of found) expect(Math.abs(taken - expected)).toBeLessThan(5 * Math.sqrt(expected));
});
