import { describe, expect, test } from 'vitest';
import { refusesBelowLimit } from '../../../src/evaluate/chains.ts';
import { evaluate, type TableResult } from '../../../src/evaluate/evaluate.ts';
import type { MetricName } from '../../../src/evaluate/metrics.ts';
import { compareSeverity, exitCode, parseState, type State, worst } from '../../../src/evaluate/state.ts';
import { mergeThresholds, parseThresholds, type Thresholds } from '../../../src/evaluate/thresholds.ts';
import { type Changes, fault, observation, ok } from '../support/observation.ts';

function ranges(...texts: readonly string[]) {
  const result = parseThresholds(texts);
  if (!result.ok) throw new Error(`${result.text}: ${result.why}`);
  return result.ranges;
}

function thresholds(warning: readonly string[], critical: readonly string[] = []): Thresholds {
  return mergeThresholds({ warning: ranges(...warning), critical: ranges(...critical) });
}

function judged(changes: Changes, given: Thresholds = {}): TableResult {
  const options = { thresholds: given, objectSize: undefined, drift: 'warning', partial: 'ok' } as const;
  return evaluate(observation(changes), new Map(), options).results[0];
}

function measurements(changes: Changes) {
  return judged(changes).measurements;
}

function refuses(changes: Changes): boolean {
  const { machine, tables } = observation(changes);
  return refusesBelowLimit(machine, tables[0]);
}

describe('states', () => {
  test('orders OK, WARNING, UNKNOWN, CRITICAL', () => {
    const states: State[] = ['critical', 'ok', 'unknown', 'warning'];
    expect(states.sort(compareSeverity)).toEqual(['ok', 'warning', 'unknown', 'critical']);
    expect(worst(['warning', 'unknown', 'ok'])).toBe('unknown');
    expect(worst(['unknown', 'critical'])).toBe('critical');
    expect(worst([])).toBe('ok');
  });

  test('exit codes', () => {
    expect((['ok', 'warning', 'critical', 'unknown'] as const).map(exitCode)).toEqual([0, 1, 2, 3]);
  });

  test('accepts any letter case', () => {
    expect(['OK', 'Warning', 'cRITICAL', 'unknown', 'warn', '', 'un\u212anown'].map(parseState)).toEqual([
      'ok',
      'warning',
      'critical',
      'unknown',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('thresholds', () => {
  const USAGE = { warning: { start: 0, end: 80, inside: false }, critical: { start: 0, end: 90, inside: false } };

  test('defaults', () => expect(thresholds([])).toEqual({ usage: USAGE }));

  test('applies a range without a name to usage, and keeps the other level', () => {
    expect(thresholds(['70'])).toEqual({ usage: { ...USAGE, warning: { start: 0, end: 70, inside: false } } });
  });

  test('keeps usage when another metric is given', () => {
    expect(thresholds(['drop=0'])).toEqual({ usage: USAGE, drop: { warning: { start: 0, end: 0, inside: false } } });
  });

  test.each<[string, readonly string[], string]>([
    ['the same metric twice', ['80', 'usage=90'], 'usage given twice'],
    ['an unknown metric', ['bogus=1'], 'unknown metric'],
    ['an empty metric', ['=5'], 'unknown metric'],
    ['a name of every object', ['constructor=1'], 'unknown metric'],
    ['no range', ['drop='], 'not a range'],
    ['two equal signs', ['drop=1=2'], 'not a range'],
    ['a unit of another metric', ['slab=80%'], 'unknown unit %'],
  ])('rejects %s', (_, texts, why) => {
    expect(parseThresholds(texts)).toMatchObject({
      ok: false,
      text: texts[texts.length - 1],
      why: expect.stringContaining(why),
    });
  });
});

describe('measurements', () => {
  test.each<[MetricName, number]>([
    ['usage', 10],
    ['entries', 100],
    ['slab', 7 * 4096],
    ['slab_max', 63 * 4096],
    ['memory_share', (100 * (63 * 4096 + 500 * 8)) / 1_000_000],
    ['load_factor', 2],
    ['drop', 11],
    ['early_drop', 22],
    ['insert_failed', 33],
    ['chainlength', 44],
  ])('measures %s as %d', (metric, value) => expect(measurements({})[metric]).toEqual({ kind: 'value', value }));

  test.each(['usage', 'slab_max', 'memory_share', 'load_factor'] as const)('has no %s without a limit', (metric) => {
    expect(measurements({ limit: 0 })[metric]).toEqual({ kind: 'none', why: 'no limit is set' });
  });

  test('reports a counter that one CPU lacks as unsupported', () => {
    const statistics = ok({ entries: 1, cpus: [{ drop: 1, chainlength: 5 }, { drop: 1 }] });
    expect(measurements({ statistics }).chainlength.kind).toBe('none');
    expect(refuses({ statistics, limit: 26, buckets: ok(1) })).toBe(false);
  });

  test('reports a counter without a column as unsupported, not as zero', () => {
    const statistics = ok({ entries: 1, cpus: [{ drop: 1, early_drop: 1, insert_failed: 1 }] });
    expect(measurements({ statistics }).chainlength).toEqual({ kind: 'none', why: 'unsupported by this kernel' });
  });

  test.each<[string, Changes, MetricName]>([
    ['counters', { statistics: fault('denied') }, 'drop'],
    ['buckets', { buckets: fault('denied') }, 'load_factor'],
    ['buckets', { buckets: fault('denied') }, 'memory_share'],
    ['MemTotal', { memTotal: fault('denied') }, 'memory_share'],
    ['object size', { slabCache: fault('missing'), release: fault('denied') }, 'slab'],
    ['object size', { slabCache: fault('missing'), release: fault('denied') }, 'memory_share'],
  ])('without %s: %o breaks %s', (_, changes, metric) => {
    expect(measurements(changes)[metric]).toEqual({ kind: 'broken', fault: { kind: 'denied', source: '/proc/x' } });
  });

  const LONG = { limit: 26, buckets: ok(1) };
  const UNREAD = { statistics: fault('denied') };

  test.each<[string, Changes, boolean]>([
    ['26 entries per bucket', LONG, true],
    ['25 entries per bucket', { limit: 25, buckets: ok(1) }, false],
    ['a kernel without chainlength', { ...LONG, statistics: ok({ cpus: [{ drop: 0 }] }) }, false],
    [
      'counters not read, a release that has chainlength',
      { ...LONG, ...UNREAD, release: ok({ major: 5, minor: 15 }) },
      true,
    ],
    ['counters not read, an older release', { ...LONG, ...UNREAD, release: ok({ major: 5, minor: 14 }) }, false],
    ['neither counters nor release read', { ...LONG, ...UNREAD, release: fault('denied') }, false],
    ['buckets not read', { limit: 26, buckets: fault('denied') }, false],
  ])('refuses below the limit: %s, %o: %s', (_, changes, expected) => {
    expect(refuses(changes)).toBe(expected);
  });
});

describe('findings', () => {
  test('reports the value and the range that it violates, or why it could not be judged', () => {
    const broken = fault('denied', '/proc/net/stat/nf_conntrack');
    const verdict = judged({ statistics: broken }, thresholds(['drop=0'], ['5', 'early_drop=~:']));
    expect(verdict.findings).toEqual([
      { kind: 'threshold', state: 'critical', metric: 'usage', value: 10, range: { start: 0, end: 5, inside: false } },
      { kind: 'unjudged', state: 'unknown', metric: 'drop', fault: broken.fault },
    ]);
  });

  test.each<[State, string, readonly string[], readonly string[], Changes]>([
    ['ok', 'exactly at the threshold', ['10'], ['10'], {}],
    ['warning', 'above it by what rounding would hide', ['10'], [], { entries: 100_001, limit: 1_000_000 }],
    ['critical', 'both levels: critical first', ['5'], ['6'], {}],
    ['critical', 'critical alone', ['~:'], ['5'], {}],
    ['ok', 'the default switched off', ['~:'], ['~:'], { entries: 1000 }],
    ['ok', 'the same by name', ['usage=~:'], ['usage=~:'], { entries: 1000 }],
    ['critical', 'one level switched off, the other stands', ['usage=~:'], [], { entries: 1000 }],
    ['critical', 'thresholds on another metric leave the defaults', ['drop=99'], ['drop=99'], { entries: 1000 }],
    ['ok', 'no limit, threshold on usage', ['0'], ['0'], { limit: 0 }],
    ['unknown', 'a broken metric', ['drop=0'], [], { statistics: fault('denied') }],
    ['ok', 'a broken metric that nothing could alert on', ['drop=~:'], ['drop=~:'], { statistics: fault('denied') }],
    ['ok', 'a broken metric that is not judged', [], [], { statistics: fault('denied') }],
    ['critical', 'a broken metric beside a critical one', ['drop=0'], ['5'], { statistics: fault('denied') }],
    ['unknown', 'a broken metric beside a warning', ['drop=0', '5'], ['50'], { statistics: fault('denied') }],
  ])('%s: %s', (state, _, warning, critical, changes) => {
    expect(judged(changes, thresholds(warning, critical)).state).toBe(state);
  });

  test('puts the worst finding first, and equal ones in the order of the metrics', () => {
    const verdict = judged({}, thresholds(['5', 'drop=0', 'early_drop=0'], ['early_drop=0']));
    expect(
      verdict.findings.map((finding) => `${finding.state} ${'metric' in finding ? finding.metric : finding.kind}`),
    ).toEqual(['critical early_drop', 'warning usage', 'warning drop']);
  });
});
