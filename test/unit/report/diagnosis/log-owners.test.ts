// Owners of kernel log lines, on kernels that name the namespace and on older ones.

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

test('a line without a number belongs to the initial namespace', () => {
  expect(spells(NAMED, [[30], [20]])).toEqual({ own: ['-30', '-20', 2], other: undefined });
});

test('a line before 6.18 may belong to any namespace', () => {
  expect(spells(NAMELESS, [[30], [20]])).toEqual({
    own: undefined,
    other: [undefined, '-30', '-20', 2],
    isNamed: false,
  });
});

test('a line from before boot belongs to no current namespace', () => {
  expect(spells(NAMED, [[30], [20]], 25)).toEqual({
    own: ['-20', '-20', 1],
    other: [undefined, '-30', '-30', 1],
    isNamed: false,
  });
});

test('only the last deleted namespace is reported, with its own lines', () => {
  const lines: readonly Line[] = [[50, 7], [45, 8], [40, 7], [35, 9], [30, 8], [25]];
  expect(spells(NAMED, lines)).toEqual({ own: ['-25', '-25', 1], other: [8, '-45', '-30', 2], isNamed: true });
});

test('a pause of more than a minute starts a new spell', () => {
  expect(spells(NAMED, [[300], [239], [179], [110]]).own).toEqual(['-110', '-110', 1]);
  expect(spells(NAMED, [[300], [239], [179]]).own).toEqual(['-239', '-179', 2]);
});

test('an invisible initial namespace counts as one table if the kernel names the others', () => {
  expect(spells(NAMED, [[30], [20]], 25, false)).toMatchObject({ other: [undefined, '-30', '-20', 2], isNamed: false });
  expect(spells(NAMED, [[30], [20]], 30, false)).toMatchObject({ other: [undefined, '-30', '-20', 2], isNamed: true });
});

test('a log without "table full" lines gives no owner', () => {
  expect(spells(NAMED, [])).toEqual({ own: undefined, other: undefined });
});
