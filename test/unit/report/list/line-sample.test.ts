// The even sample of a list: every line of a short list, and an equal share of each part of a long one.

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

test('a short list keeps every line that is not empty, even an unterminated last one', () => {
  const sample = newLineSample(10);
  const [first, second] = [bytes('one\ntwo\n'), bytes('\nthree')];
  takeSample(sample, first, first.length);
  takeSample(sample, second, second.length);
  expect(linesOf(sample)).toEqual(['one', 'two', 'three']);
  expect(sample).toMatchObject({ held: 3, lines: 3 });
});

test('bytes after the given length are ignored', () => {
  const sample = newLineSample(10);
  takeSample(sample, bytes('one\ntwo\nold\n'), 8);
  expect(linesOf(sample)).toEqual(['one', 'two']);
});

test('a line longer than any kernel line is cut', () => {
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
])('a sample of %d lines keeps at least about %d, within its room', (count, least) => {
  const sample = sampled(count, least);
  expect(sample.lines).toBe(count);
  expect(linesOf(sample).length).toBe(sample.held);
  expect(sample.held).toBeGreaterThanOrEqual(0.97 * least);
  expect(sample.held).toBeLessThanOrEqual(sample.room);
});

test('every part of a list is sampled equally, whatever its line lengths', () => {
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
