// Settings and rules that make an entry larger, by kernel, with the certainty.

import { describe, expect, test } from 'vitest';
import { extensionOf } from '../../../src/evaluate/extensions.ts';
import { certaintyOf, costElsewhere, footprintOf, objectCostOf } from '../../../src/evaluate/footprint.ts';
import type { Fault, Reading } from '../../../src/model/fault.ts';
import type { KernelVersion, Machine } from '../../../src/model/machine.ts';
import type { ExtensionSettings, Table } from '../../../src/model/table.ts';

const ok = <T>(value: T): Reading<T> => ({ ok: true, value, source: '/proc/x' });
const no = (kind: Fault['kind']): Reading<never> => ({ ok: false, fault: { kind, source: '/proc/x' } });

const machine = (version: string, generation: Machine['generation'] = 'nf_conntrack'): Machine => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const release: Reading<KernelVersion> = version === '' ? no('denied') : ok({ major, minor });
  const slabCache = ok({ name: 'nf_conntrack', objectSize: 256, objectsPerSlab: 16, pagesPerSlab: 1 });
  const [unread, pageSize, wordSize] = [no('not-asked'), ok(4096), ok(8)];
  const sizes = { buckets: unread, memTotal: unread, available: unread, expectMax: unread };
  return { view: 'own', generation, release, pageSize, wordSize, slabCache, ...sizes };
};

// Everything could be read, and nothing adds a block.
const QUIET: ExtensionSettings = {
  acct: ok(0),
  timestamp: ok(0),
  events: ok(2),
  listener: ok(false),
  elsewhere: ok(false),
  rules: ok('none'),
};
const { elsewhere: _elsewhere, rules: _rules, ...PLAIN } = QUIET;
const UNSEEN: ExtensionSettings = {
  acct: no('not-asked'),
  timestamp: no('not-asked'),
  events: no('not-asked'),
  listener: no('not-asked'),
};

const table = (extensions: ExtensionSettings, entries = 100): Table => ({
  key: 'own',
  isOwn: true,
  isInitial: true,
  pids: [],
  number: undefined,
  mount: undefined,
  entries,
  entriesSource: '/proc/x',
  limit: 1000,
  limitSource: '/proc/x',
  statistics: no('missing'),
  extensions,
});

const NONE = { bytes: 0, certainty: 'exact', most: 0 };
const ONE = { bytes: 128, certainty: 'exact', most: 128 };
const PERHAPS = { bytes: 0, certainty: 'at_least', most: 128 };
const UP_TO = { bytes: 128, certainty: 'up_to', most: 128 };

describe('since 5.19 a block is added on demand', () => {
  test.each<readonly [string, ExtensionSettings, object]>([
    ['nothing adds a block, and everything was read', QUIET, NONE],
    ['nothing that was read adds a block', PLAIN, PERHAPS],
    ['nothing was read', UNSEEN, PERHAPS],
    ['accounting', { ...PLAIN, acct: ok(1) }, ONE],
    ['timestamps', { ...PLAIN, timestamp: ok(1) }, ONE],
    ['events', { ...PLAIN, events: ok(1) }, ONE],
    ['a listener', { ...PLAIN, listener: ok(true) }, ONE],
    ['a listener in another namespace', { ...PLAIN, elsewhere: ok(true) }, ONE],
    ['a listener, and events are off', { ...QUIET, events: ok(0), listener: ok(true) }, NONE],
    ['a listener, and the events switch cannot be read', { ...UNSEEN, elsewhere: ok(true) }, UP_TO],
    ['rules that add a block to every entry', { ...PLAIN, rules: ok('all') }, ONE],
    ['rules that add a block to some entries', { ...QUIET, rules: ok('some') }, UP_TO],
    [
      'rules that add a block to some entries, and listeners not read',
      { ...QUIET, rules: ok('some'), elsewhere: no('denied') },
      UP_TO,
    ],
    ['rules that may not be listed', { ...QUIET, rules: no('denied') }, PERHAPS],
    ['listeners elsewhere that are hidden', { ...QUIET, elsewhere: no('denied') }, PERHAPS],
    ['a switch that cannot be read', { ...QUIET, acct: no('denied') }, PERHAPS],
    ['a switch that this kernel does not have', { ...QUIET, acct: no('missing'), events: no('missing') }, NONE],
  ])('%s', (_, settings, expected) => {
    for (const version of ['5.19', '6.18', ''])
      expect(extensionOf(machine(version), table(settings))).toEqual(expected);
  });
});

describe('from 4.12 to 5.18 each entry has a block, unless events are off', () => {
  test.each<readonly [string, ExtensionSettings, object]>([
    ['events at their default', { ...PLAIN, events: ok(1) }, ONE],
    ['the switch cannot be read', UNSEEN, UP_TO],
    ['off, and nothing else was read', { ...PLAIN, events: ok(0) }, PERHAPS],
    ['off, and nothing else adds a block', { ...QUIET, events: ok(0) }, NONE],
    ['off, and accounting is on', { ...PLAIN, events: ok(0), acct: ok(1) }, ONE],
    ['no such switch', { ...QUIET, events: no('missing') }, NONE],
  ])('%s', (_, settings, expected) => {
    for (const version of ['4.12', '5.18']) expect(extensionOf(machine(version), table(settings))).toEqual(expected);
  });
});

describe('before 4.12 the size varies, with a minimum for events', () => {
  const on = { ...PLAIN, events: ok(1) };
  const both = { ...on, acct: ok(1) };
  test.each<readonly [string, string, ExtensionSettings, number]>([
    ['2.6.32, booted', '2.6', on, 128],
    ['2.6.32 with accounting, booted', '2.6', both, 128],
    ['3.10, booted', '3.10', on, 128],
    ['3.10 with accounting, booted', '3.10', both, 192],
    ['3.17', '3.17', on, 64],
    ['4.4, booted', '4.4', on, 64],
    ['4.4 with accounting, booted', '4.4', both, 96],
    ['4.11', '4.11', both, 96],
    ['events off', '4.4', { ...PLAIN, events: ok(0), acct: ok(1) }, 0],
    ['events unknown', '4.4', UNSEEN, 0],
  ])('%s', (_, version, settings, bytes) =>
    expect(extensionOf(machine(version), table(settings))).toEqual({ bytes, certainty: 'at_least', most: bytes }),
  );
});

test('ip_conntrack has no extension block', () => {
  expect(extensionOf(machine('2.6', 'ip_conntrack'), table(UNSEEN))).toEqual(NONE);
});

describe('tables of several namespaces', () => {
  const newest = machine('6.18');
  const costOf = (own: Table) => {
    const cost = objectCostOf(newest, own, undefined);
    if (!cost.ok) throw new Error(cost.fault.source);
    return cost.value;
  };

  test("adds the blocks of each namespace's own settings to one shared slab of objects", () => {
    const [own, other] = [table({ ...PLAIN, acct: ok(1) }, 20), table(UNSEEN, 1000)];
    const held = footprintOf(newest, costOf(own), [own, other]);
    expect(held).toEqual({ objects: Math.ceil(1020 / 16) * 4096, extensions: 20 * 128, total: 64 * 4096 + 20 * 128 });
  });

  test.each<readonly [string, ExtensionSettings, number, string]>([
    ['exact', { ...PLAIN, acct: ok(1) }, 0, 'exact'],
    ['at least, for settings of other namespaces that were not read', { ...PLAIN, acct: ok(1) }, 10, 'at_least'],
    ['about, if one namespace adds a block that another may lack', { ...QUIET, rules: ok('some') }, 10, 'about'],
    ['up to', { ...QUIET, rules: ok('some') }, 0, 'up_to'],
  ])('%s', (_, settings, others, expected) => {
    const [own, other] = [table(settings), table(UNSEEN, others)];
    expect(certaintyOf(newest, costOf(own), [own, other])).toBe(expected);
  });

  test('applies a given size to every table', () => {
    const given = objectCostOf(newest, table(UNSEEN), 350);
    expect(given).toMatchObject({ ok: true, value: { extension: 0, certainty: 'exact', extensionMost: 0 } });
    if (given.ok) expect(costElsewhere(newest, given.value, table({ ...PLAIN, acct: ok(1) }))).toEqual(given.value);
  });
});
