import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainDecimal, roundedDecimal } from '../../../src/evaluate/decimal.ts';

test.each<[number, string]>([
  [5e-7, '0.0000005'],
  [-1.25e-9, '-0.00000000125'],
  [1e21, `1${'0'.repeat(21)}`],
  [-1.5e22, `-15${'0'.repeat(21)}`],
  [52428.8, '52428.8'],
  [0, '0'],
])('prints %d as %s', (value, text) => expect(plainDecimal(value)).toBe(text));

test.each<[number, number, string]>([
  [36.666992, 2, '36.67'],
  [85, 2, '85'],
  [0.004, 2, '0'],
  [-0.001, 2, '0'],
  [3.998, 3, '3.998'],
  [20652032, 0, '20652032'],
  [100.002, 2, '100'],
  [70, 0, '70'],
])('rounds %d to %d places: %s', (value, places, text) => expect(roundedDecimal(value, places)).toBe(text));

test('prints every number so that it reads back unchanged, without an exponent', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(plainDecimal(value)).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(plainDecimal(value)) + 0).toBe(value + 0);
    }),
    { numRuns: 1000 },
  );
});
