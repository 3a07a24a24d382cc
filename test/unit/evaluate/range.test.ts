import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metricSpec } from '../../../src/evaluate/metrics.ts';
import { alerts, formatRange, neverAlerts, parseRange, type Range, upperBound } from '../../../src/evaluate/range.ts';

const INFINITE = Number.POSITIVE_INFINITY;

function parsed(text: string, scales = {}): Range {
  const result = parseRange(text, scales);
  if (!result.ok) throw new Error(`${text}: ${result.why}`);
  return result.range;
}

describe('the grammar', () => {
  test.each<[string, number, number, boolean]>([
    ['10', 0, 10, false],
    ['10:', 10, INFINITE, false],
    ['~:10', -INFINITE, 10, false],
    ['10:20', 10, 20, false],
    ['@10:20', 10, 20, true],
    ['@10', 0, 10, true],
    ['-10:10', -10, 10, false],
    ['-.5:1', -0.5, 1, false],
    ['.5', 0, 0.5, false],
    ['-.25:.125', -0.25, 0.125, false],
    ['0', 0, 0, false],
    ['0:', 0, INFINITE, false],
    ['~:', -INFINITE, INFINITE, false],
    ['@~:-3', -INFINITE, -3, true],
    [':10', 0, 10, false],
    ['10:10', 10, 10, false],
    ['-0:5', 0, 5, false],
    ['007', 0, 7, false],
  ])('%s', (text, start, end, inside) => expect(parsed(text)).toEqual({ start, end, inside }));
});

describe('rejected', () => {
  const TEXTS = [
    '',
    ':',
    '@',
    '~',
    '@~',
    '~10',
    '-10',
    '20:10',
    '10:~',
    '1e1',
    '10k',
    '10,20',
    '10-20',
    '10:20:30',
    '@@10',
  ];
  const MORE = [
    '0x10',
    '1_000',
    'inf',
    'nan',
    'NaN',
    'Infinity',
    '１０',
    ' 10',
    '10 ',
    '10: 20',
    '5.',
    '.',
    '-',
    '--5',
    '+5',
    '10:@20',
    '%',
  ];
  const HUGE = '9'.repeat(400);

  test.each([...TEXTS, ...MORE, HUGE, `${HUGE}:`])('%j', (text) => expect(parseRange(text, { '%': 1 }).ok).toBe(false));

  test.each(['20:10', '-10', '0:-1', '@20:10', '10:9.999'])('explains a start above the end: %s', (text) => {
    expect(parseRange(text, {})).toEqual({ ok: false, why: 'start is above end' });
  });
});

describe('units', () => {
  const BYTES = metricSpec('slab').scales;
  test.each<[string, number, number]>([
    ['1K', 0, 1e3],
    ['1M:2G', 1e6, 2e9],
    ['1T', 0, 1e12],
    ['1KiB', 0, 1024],
    ['1.5MiB:', 1.5 * 2 ** 20, INFINITE],
    ['~:2GiB', -INFINITE, 2 ** 31],
    ['1TiB', 0, 2 ** 40],
    ['.5K', 0, 500],
    ['1024TiB', 0, 2 ** 50],
    ['1.1K', 0, 1100],
    ['10:1K', 10, 1000],
  ])('bytes: %s', (text, start, end) => expect(parsed(text, BYTES)).toMatchObject({ start, end }));

  test.each(['1k', '1KB', '1kib', '1B', '1%', '1 K', 'K', '1KK'])('rejects as a unit of bytes: %s', (text) => {
    expect(parseRange(text, BYTES).ok).toBe(false);
  });

  test('accepts percent on either end', () => {
    expect(parsed('10%:80%', metricSpec('usage').scales)).toMatchObject({ start: 10, end: 80 });
  });

  test.each(['entries', 'drop', 'load_factor'] as const)('%s accepts no unit', (metric) => {
    expect(parseRange('80%', metricSpec(metric).scales).ok).toBe(false);
    expect(parseRange('1K', metricSpec(metric).scales).ok).toBe(false);
  });

  test.each([
    ['usage', ['1K', '1KiB', '1B', '1s', '1h', '1c']],
    ['memory_share', ['1K', '1KiB', '1B', '1s', '1h', '1c']],
    ['slab', ['1%', '1s', '1h', '1B', '1c']],
    ['slab_max', ['1%', '1s', '1h', '1B', '1c']],
  ] as const)('%s rejects %j, on either end', (metric, texts) => {
    for (const text of texts.flatMap((end) => [end, `${end}:`, `0:${end}`])) {
      expect([text, parseRange(text, metricSpec(metric).scales).ok]).toEqual([text, false]);
    }
  });

  test('rejects a property name that every object has', () => {
    expect(parseRange('1constructor', BYTES).ok).toBe(false);
  });
});

describe('alerts', () => {
  test.each<[string, number, boolean]>([
    ['10', 10, false],
    ['10', 10.0001, true],
    ['10', 0, false],
    ['10', -1, true],
    ['10:', 10, false],
    ['10:', 9.99, true],
    ['10:20', 10, false],
    ['10:20', 20, false],
    ['@10:20', 10, true],
    ['@10:20', 20, true],
    ['@10:20', 20.1, false],
    ['~:0', -5, false],
    ['~:0', 0.1, true],
    ['~:', 1e300, false],
  ])('%s with %d: %s', (text, value, expected) => expect(alerts(parsed(text), value)).toBe(expected));
});

test.each([
  ['~:', true],
  ['0:', false],
  ['@~:', false],
  ['~:10', false],
  ['10', false],
])('%s never alerts: %s', (text, expected) => expect(neverAlerts(parsed(text))).toBe(expected));

test('never alerts without a range', () => expect(neverAlerts(undefined)).toBe(true));

test.each<[string, number | undefined]>([
  ['80', 80],
  ['~:80', 80],
  ['-5:80', 80],
  ['0', 0],
  ['1:80', undefined],
  ['@80', undefined],
  ['80:', undefined],
  ['0:', undefined],
  ['~:', undefined],
  ['~:-1', undefined],
])('%s as an upper bound: %s', (text, expected) => expect(upperBound(parsed(text))).toBe(expected));

const end = fc.oneof(
  fc.constant(0),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
);
const anyRange = fc
  .tuple(fc.option(end), fc.option(end), fc.boolean())
  .map(([a, b, inside]) => ({ start: a ?? -INFINITE, end: b ?? INFINITE, inside }))
  .filter(({ start, end }) => start <= end);

describe('properties', () => {
  test('format, then parse, gives the same range', () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect(parsed(formatRange(range))).toEqual(range);
      }),
      { numRuns: 1000 },
    );
  });

  test('the text has no exponent', () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect(formatRange(range)).toMatch(/^[@~:\d.-]+$/);
      }),
    );
  });

  test('keeps the text 0:', () => expect(formatRange(parsed('0:'))).toBe('0:'));

  test('@ inverts the range', () => {
    fc.assert(
      fc.property(anyRange, fc.double({ noNaN: true }), (range, value) => {
        expect(alerts(range, value)).toBe(!alerts({ ...range, inside: !range.inside }, value));
      }),
    );
  });

  test('includes both ends', () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect([alerts(range, range.start), alerts(range, range.end)]).toEqual([range.inside, range.inside]);
      }),
    );
  });

  test('an upper bound alerts as its range does if no value is negative', () => {
    fc.assert(
      fc.property(anyRange, fc.double({ min: 0, noNaN: true }), (range, value) => {
        const upper = upperBound(range);
        fc.pre(upper !== undefined);
        expect(alerts(range, value)).toBe(value > upper);
      }),
    );
  });

  test('reads plain decimals back as the same number', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?(\d{1,25}(\.\d{1,25})?|\.\d{1,25})$/), (text) => {
        expect(parsed(`${text}:`).start).toBe(Number(text) + 0);
        expect(parsed(`~:${text}`).end).toBe(Number(text) + 0);
      }),
    );
  });

  test('never throws, and accepts only ranges with their ends in order', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[@~:.\d%KiB-]{0,12}$/)), (text) => {
        const result = parseRange(text, metricSpec('slab').scales);
        if (result.ok) expect(result.range.start).toBeLessThanOrEqual(result.range.end);
      }),
    );
  });
});

describe('a mistyped unit', () => {
  const BYTES = { K: 1e3, KiB: 1024, M: 1e6 };

  test.each<[string, Parameters<typeof parseRange>[1], string]>([
    ['5kb', BYTES, 'unknown unit kb, available: K KiB'],
    ['5:7kb', BYTES, 'unknown unit kb, available: K KiB'],
    ['5kb:', BYTES, 'unknown unit kb, available: K KiB'],
    ['5%', BYTES, 'unknown unit %, available: K KiB M'],
    ['5x', {}, 'takes no unit x'],
    ['5:x', BYTES, 'not a range'],
    ['5K:7K:', BYTES, 'not a range'],
  ])('%s: suggests what to type', (text, scales, why) => {
    expect(parseRange(text, scales)).toEqual({ ok: false, why });
  });

  test('multiplies decimals exactly', () => {
    expect(1.001 * 1000).not.toBe(1001);
    expect(parseRange('1.001K', BYTES)).toMatchObject({ range: { end: 1001 } });
  });
});
