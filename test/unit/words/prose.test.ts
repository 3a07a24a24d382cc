import { describe, expect, test } from 'vitest';
import { grouped, hanging, indented, wrapped } from '../../../src/words/prose.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567_890, '1,234,567,890'],
])('%d is %s', (figure, words) => expect(grouped(figure)).toBe(words));

describe('lines', () => {
  const x = (length: number) => 'x'.repeat(length);

  test('break between words, before the one that does not fit', () => {
    expect(wrapped('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrapped('aa bb cc', 4)).toEqual(['aa', 'bb', 'cc']);
    expect(wrapped('aa  bb', 80)).toEqual(['aa bb']);
    expect(wrapped(`${x(100)} a`)).toEqual([x(100), 'a']);
    expect(wrapped('')).toEqual([]);
  });

  test('are at most 80 columns, including the indent', () => {
    expect(indented(`${x(70)} ${x(7)}`)).toEqual([`  ${x(70)} ${x(7)}`]);
    expect(indented(`${x(70)} ${x(8)}`)).toEqual([`  ${x(70)}`, `  ${x(8)}`]);
    expect(indented(`${x(70)} ${x(8)}`, '    ')).toEqual([`  ${x(70)}`, `    ${x(8)}`]);
    expect(hanging('1. ', `${x(70)} ${x(7)} a`, '   ')).toEqual([`1. ${x(70)}`, `   ${x(7)} a`]);
  });
});
