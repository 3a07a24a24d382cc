import { describe, expect, test } from 'vitest';
import { fitOutput } from '../../../src/check/output.ts';

const x = (length: number) => 'x'.repeat(length);

test.each([
  ['a separator', 'a|b', 'a?b\n'],
  ['control characters', 'a\tb\rc\nd\u001be\0f\u007fg', 'a?b?c?d?e?f?g\n'],
  ['what is not ASCII', 'é１', '??\n'],
])('in the text, %s is a question mark', (_, text, output) => expect(fitOutput(text, [], [])).toBe(output));

test('in the details too, so that a line stays a line', () => {
  expect(fitOutput('t', ['a=1'], ['b|c\nd', '\u001b[31m'])).toBe('t | a=1\nb?c?d\n?[31m\n');
});

describe('line 1 has at most 1023 bytes', () => {
  test('a text of as many is whole', () => expect(fitOutput(x(1023), [], [])).toBe(`${x(1023)}\n`));

  test('one byte more is cut', () => expect(fitOutput(x(1024), [], [])).toBe(`${x(1020)}...\n`));

  test('perfdata that just fits is whole', () => {
    expect(fitOutput(x(1013), ['a=1', 'b=2'], [])).toBe(`${x(1013)} | a=1 b=2\n`);
  });

  test('with one byte more the last element goes', () => {
    expect(fitOutput(x(1014), ['a=1', 'b=2'], [])).toBe(`${x(1014)} | a=1\n`);
  });

  test('without any room there is no separator either', () => {
    expect(fitOutput(x(1018), ['a=1', 'b=2'], [])).toBe(`${x(1018)}\n`);
  });

  test('perfdata of the caller is kept', () => {
    const data = ['a=1', 'b=2'];
    fitOutput(x(1023), data, []);
    expect(data).toEqual(['a=1', 'b=2']);
  });
});

describe('the whole has at most 4096 bytes', () => {
  test('as many are whole', () => {
    const output = fitOutput(x(1000), [], [x(3000), x(93)]);
    expect(output).toBe(`${x(1000)}\n${x(3000)}\n${x(93)}\n`);
    expect(output).toHaveLength(4096);
  });

  test('with one byte more the last line goes, and that is shown', () => {
    expect(fitOutput(x(1000), [], [x(3000), x(94)])).toBe(`${x(1000)}\n${x(3000)}\n...\n`);
  });

  test('a single line that is too long goes as a whole', () => {
    expect(fitOutput('text', ['a=1'], [x(5000)])).toBe('text | a=1\n...\n');
  });

  test('only what has to go goes', () => {
    const output = fitOutput(
      'text',
      [],
      Array.from({ length: 3000 }, () => 'd'),
    );
    expect(output).toMatch(/^text\n(d\n)+\.\.\.\n$/);
    expect(output.length).toBeGreaterThan(4096 - 4);
    expect(output.length).toBeLessThanOrEqual(4096);
  });
});
