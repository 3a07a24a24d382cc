// When the limit was lowered, from the samples of earlier checks.

import { describe, expect, test } from 'vitest';
import { loweredLimit } from '../../../src/evaluate/lowered-limit.ts';
import type { Sample } from '../../../src/model/sample.ts';

/** Samples every 100 s, by their limits; the last one is now. */
function loweredBy(...limits: readonly (number | undefined)[]) {
  const samples = limits.map((limit, at): Sample => {
    return { uptime: 100 * (at + 1), entries: 0, cpus: [], ...(limit === undefined ? {} : { limit }) };
  });
  const [now] = samples.slice(-1);
  return now && loweredLimit(now, samples);
}

describe('a lowered limit', () => {
  test('lies between the samples around it', () => {
    const change = { limitBefore: 262_144, limitAfter: 65_536 };
    expect(loweredBy(262_144, 262_144, 65_536, 65_536)).toEqual({ ...change, from: 200, to: 100 });
    expect(loweredBy(262_144, 65_536)).toEqual({ ...change, from: 100, to: 0 });
  });

  test('is the last step of several, also from no limit', () => {
    expect(loweredBy(9, 6, 3)).toEqual({ limitBefore: 6, limitAfter: 3, from: 100, to: 0 });
    expect(loweredBy(0, 3)).toEqual({ limitBefore: 0, limitAfter: 3, from: 100, to: 0 });
  });

  test('spans a sample without a limit', () => {
    expect(loweredBy(9, undefined, 3)).toEqual({ limitBefore: 9, limitAfter: 3, from: 200, to: 0 });
  });

  test.each<[string, readonly (number | undefined)[]]>([
    ['that is the same', [9, 9]],
    ['that was raised', [9, 3, 6]],
    ['that was removed', [9, 0]],
    ['of files without it', [undefined, undefined, 3]],
  ])('is none of a limit %s', (_, limits) => expect(loweredBy(...limits)).toBeUndefined());
});
