// Meaning of the kernel's counters, by release: packets lost, entries without space, a limit that was reached.

import { expect, test } from 'vitest';
import {
  hasReachedLimit,
  lostPackets,
  NOTHING_LOST,
  packetsLost,
  totals,
  withoutRoom,
} from '../../../src/evaluate/losses.ts';
import type { Counters } from '../../../src/model/counters.ts';
import { fault, ok } from '../support/observation.ts';

const release = (major: number, minor: number) => ok({ major, minor });
const [EACH, RESOLVED, ONLY_LOST] = [release(4, 6), release(4, 7), release(5, 10)];

test.each([
  ['before 4.7 a clash raises insert_failed alone', EACH, { drop: 3, insert_failed: 9 }, { full: 3, clash: 9 }],
  ['from 4.7 on a resolved one too', RESOLVED, { drop: 3, insert_failed: 9 }, { fullOrClash: 3 }],
  ['fewer clashes than drops', release(5, 9), { drop: 9, insert_failed: 3 }, { full: 6, fullOrClash: 3 }],
  ['from 5.10 on each that is lost is in drop too', ONLY_LOST, { drop: 9, insert_failed: 3 }, { full: 6, clash: 3 }],
  ['a race between two counters', ONLY_LOST, { drop: 3, insert_failed: 4 }, { full: 0, clash: 4 }],
  [
    'a chain raises insert_failed',
    ONLY_LOST,
    { drop: 3, insert_failed: 7, chainlength: 4 },
    { full: 0, clash: 3, chain: 4 },
  ],
  ['what is counted later', ONLY_LOST, { insert_failed: 3, chainlength: 4 }, { chain: 4 }],
  ['a kernel that has the column of 5.10', EACH, { drop: 9, insert_failed: 3, clashres: 0 }, { full: 6, clash: 3 }],
  ['nobody knows which', fault('io'), { drop: 9, insert_failed: 3 }, { full: 6, fullOrClash: 3 }],
  ['an eviction is no loss', ONLY_LOST, { early_drop: 5 }, {}],
] as const)('%s', (_, kernel, counters: Counters, lost) => {
  expect(lostPackets(counters, kernel)).toEqual({ ...NOTHING_LOST, ...lost });
});

test('packets lost, and new entries without space', () => {
  const lost = { full: 1, clash: 2, chain: 4, fullOrClash: 8 };
  expect(packetsLost(lost)).toBe(15);
  expect(withoutRoom(lost, {})).toBe(13);
  expect(withoutRoom(lost, { early_drop: 16 })).toBe(29);
});

test('sums the columns that all CPUs have', () => {
  expect(
    totals({
      cpus: [
        { drop: 1, invalid: 2, clashres: 3 },
        { drop: 4, clashres: 5 },
      ],
    }),
  ).toEqual({
    drop: 5,
    clashres: 8,
  });
  expect(totals({ cpus: [] })).toEqual({});
});

test.each<[readonly Counters[], boolean]>([
  [[], false],
  [[{ drop: 0, early_drop: 0 }], false],
  [[{ insert_failed: 9, chainlength: 9 }], false],
  [[{ drop: 9, insert_failed: 9 }], false],
  [[{ drop: 0 }, { drop: 1 }], true],
  [[{ early_drop: 0 }, { early_drop: 1 }], true],
  // A column that one of the CPUs lacks is unknown.
  [[{ early_drop: 1 }, {}], false],
])('%j has reached its limit: %s', (cpus, met) => expect(hasReachedLimit(ok({ cpus }), ONLY_LOST)).toBe(met));

test('counts drops that may be clashes as a possibly full table', () => {
  expect(hasReachedLimit(ok({ cpus: [{ drop: 9, insert_failed: 9 }] }), RESOLVED)).toBe(true);
});

test('reports no loss if the counters cannot be read', () =>
  expect(hasReachedLimit(fault('denied'), ONLY_LOST)).toBe(false));
