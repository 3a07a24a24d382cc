// Whose the lines of the kernel's log are, where it names namespaces and where it does not.

import { expect, test } from 'vitest';
import type { KernelVersion } from '../../../../src/model/machine.ts';
import { fullSpells } from '../../../../src/report/diagnosis/log-owners.ts';
import { observation, ok } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

const NAMED = { major: 6, minor: 18 };
const NAMELESS = { major: 6, minor: 17 };

type Line = readonly [ago: number, namespace?: number];

function spells(release: KernelVersion, lines: readonly Line[], uptime = 10_000, isInitial = true) {
  const records = lines.map(([ago, namespace]) => ({ ago, time: `-${ago}`, namespace }));
  const log = { lines: lines.length, namespaces: [], records };
  const seen = observation({ release: ok(release), clock: ok({ boot: 'b', uptime }), isInitial });
  const { ofTables, ofOthers } = fullSpells(rootOf({}), log, seen);
  const { number, spell, isNamed } = ofOthers ?? {};
  const own = ofTables.get('own');
  return {
    own: own && [own.first, own.last, own.lines],
    other: spell && [number, spell.first, spell.last, spell.lines],
    isNamed,
  };
}

test('a line without a number is the initial namespace', () => {
  expect(spells(NAMED, [[30], [20]])).toEqual({ own: ['-30', '-20', 2], other: undefined });
});

test('before 6.18 it may be any', () => {
  expect(spells(NAMELESS, [[30], [20]])).toEqual({
    own: undefined,
    other: [undefined, '-30', '-20', 2],
    isNamed: false,
  });
});

test('a line of the boot before is of nobody that is there', () => {
  expect(spells(NAMED, [[30], [20]], 25)).toEqual({
    own: ['-20', '-20', 1],
    other: [undefined, '-30', '-30', 1],
    isNamed: false,
  });
});

test('of namespaces that are gone the last one alone, and its own lines', () => {
  const lines: readonly Line[] = [[50, 7], [45, 8], [40, 7], [35, 9], [30, 8], [25]];
  expect(spells(NAMED, lines)).toEqual({ own: ['-25', '-25', 1], other: [8, '-45', '-30', 2], isNamed: true });
});

test('after a pause of more than a minute something else begins', () => {
  expect(spells(NAMED, [[300], [239], [179], [110]]).own).toEqual(['-110', '-110', 1]);
  expect(spells(NAMED, [[300], [239], [179]]).own).toEqual(['-239', '-179', 2]);
});

test('an initial namespace that cannot be seen is one table, where the others are named', () => {
  expect(spells(NAMED, [[30], [20]], 25, false)).toMatchObject({ other: [undefined, '-30', '-20', 2], isNamed: false });
  expect(spells(NAMED, [[30], [20]], 30, false)).toMatchObject({ other: [undefined, '-30', '-20', 2], isNamed: true });
});

test('where nothing is said of a full table', () => {
  expect(spells(NAMED, [])).toEqual({ own: undefined, other: undefined });
});
