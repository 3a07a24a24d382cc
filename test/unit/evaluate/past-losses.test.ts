// When packets were lost, from the samples of earlier checks.

import { describe, expect, test } from 'vitest';
import { pastLosses } from '../../../src/evaluate/past-losses.ts';
import type { Sample } from '../../../src/model/sample.ts';
import { ok, QUIET } from '../support/observation.ts';

const RELEASE = ok({ major: 6, minor: 1 });
const at = (uptime: number, drop: number, clashes = 0): Sample => {
  return { uptime, entries: 0, cpus: [{ ...QUIET, drop, insert_failed: clashes }] };
};
const BARE: Sample = { uptime: 900, entries: 0, cpus: [] };

function spellsOf(now: Sample, past: readonly Sample[]) {
  return pastLosses(now, past, RELEASE, (seconds) => `-${seconds}`);
}

const lost = (full: number, clash: number) => ({ full, clash, chain: 0, fullOrClash: 0 });

describe('past losses', () => {
  test('reports none since the oldest sample', () => {
    expect(spellsOf(at(1000, 7), [at(100, 7), at(700, 7)])).toEqual({ seconds: 900, spells: [] });
  });

  test('puts a spell between the samples around it, with its causes', () => {
    const spells = [{ lost: lost(1, 4000), from: 500, to: 300, within: 500, first: '-500', last: '-300' }];
    expect(spellsOf(at(1000, 4001, 4000), [at(100, 0), at(500, 0), at(700, 4001, 4000)])).toEqual({
      seconds: 900,
      spells,
    });
  });

  test('merges consecutive spells; one that continues has no end', () => {
    const past = [at(100, 0), at(300, 5), at(500, 5), at(700, 6), at(900, 9)];
    expect(spellsOf(at(1000, 10), past)?.spells).toEqual([
      { lost: lost(5, 0), from: 900, to: 700, within: 900, first: '-900', last: '-700' },
      { lost: lost(5, 0), from: 500, to: 0, within: 100, first: '-500', last: '-0' },
    ]);
  });

  test.each<[string, Sample, readonly Sample[]]>([
    ['without samples', at(1000, 7), []],
    ['if the counters were reset', at(1000, 7), [at(900, 9)]],
    ['of samples without counters', at(1000, 7), [BARE]],
    ['if the counters cannot be read now', { ...BARE, uptime: 1000 }, [at(900, 7)]],
  ])('is unknown %s', (_, now, past) => expect(spellsOf(now, past)).toBeUndefined());
});
