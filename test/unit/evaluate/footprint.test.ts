import { describe, expect, test } from 'vitest';
import { footprint, hashTableBytes, type ObjectCost, objectCostOf } from '../../../src/evaluate/footprint.ts';
import type { ExtensionSettings } from '../../../src/model/table.ts';
import { type Changes, fault, observation, ok } from '../support/observation.ts';

function costReading(changes: Changes, given?: number) {
  const { machine, tables } = observation(changes);
  return objectCostOf(machine, tables[0], given);
}

function cost(changes: Changes, given?: number): ObjectCost {
  const reading = costReading(changes, given);
  if (!reading.ok) throw new Error(reading.fault.kind);
  return reading.value;
}

describe('objects', () => {
  test('65536 entries of 304 bytes, 13 in a page, pin 20652032 bytes', () => {
    const slabCache = ok({ name: 'ip_conntrack', objectSize: 304, objectsPerSlab: 13, pagesPerSlab: 1 });
    const measured = cost({ slabCache, generation: 'ip_conntrack' });
    expect(footprint(measured, 65536)).toEqual({ objects: 20652032, extensions: 0, total: 20652032 });
    expect(measured.origin).toBe('slabinfo');
  });

  test('uses slabs of several pages, and other page sizes', () => {
    const slabCache = ok({ name: 'nf_conntrack', objectSize: 320, objectsPerSlab: 25, pagesPerSlab: 2 });
    expect(footprint(cost({ slabCache }), 26).objects).toBe(2 * 8192);
    expect(footprint(cost({ slabCache, pageSize: ok(65536) }), 26).objects).toBe(2 * 2 * 65536);
  });

  test('--object-size is all-in: 1000000 entries of 350 bytes pin 350000000', () => {
    const acct = { acct: ok(1), timestamp: ok(1), events: ok(1), listener: ok(true) };
    const measured = cost({ extensions: acct }, 350);
    expect(footprint(measured, 1_000_000)).toEqual({ objects: 350_000_000, extensions: 0, total: 350_000_000 });
    expect(measured.origin).toBe('given');
  });

  test.each<[string, Changes, number | undefined]>([
    ['--object-size', {}, 350],
    ['/proc/slabinfo', {}, undefined],
    ['/proc/sys/kernel/osrelease', { slabCache: fault('denied') }, undefined],
  ])('takes the size from %s', (source, changes, given) => {
    expect(costReading(changes, given)).toMatchObject({ ok: true, source });
  });

  test('reports no memory for no entries', () => expect(footprint(cost({}), 0).total).toBe(0));

  test.each<[string, number, number, number, number]>([
    ['CentOS 5 and 6', 2, 6, 304, 13],
    ['the first 3.x', 3, 0, 320, 12],
    ['EL7', 3, 10, 320, 12],
    ['the last with 320', 5, 18, 320, 12],
    ['the first with 256', 5, 19, 256, 16],
    ['today', 6, 18, 256, 16],
  ])('estimates the size without slabinfo: %s', (_, major, minor, objectSize, objectsPerSlab) => {
    const measured = cost({ slabCache: fault('denied'), release: ok({ major, minor }) });
    expect(measured).toMatchObject({ origin: 'estimate', objectSize, objectsPerSlab, slabBytes: 4096 });
  });

  test('estimates the size on large pages', () => {
    const measured = cost({ slabCache: fault('denied'), pageSize: ok(65536) });
    expect(measured).toMatchObject({ objectsPerSlab: 256, slabBytes: 65536 });
  });

  test('assumes pages of 4096 bytes if the size is unknown', () => {
    expect(cost({ pageSize: fault('missing') }).slabBytes).toBe(4096);
  });

  test('reports the release as missing if slabinfo is missing too', () => {
    expect(costReading({ slabCache: fault('denied'), release: fault('missing') })).toMatchObject(fault('missing'));
  });
});

describe('extension blocks', () => {
  const OFF: ExtensionSettings = { acct: ok(0), timestamp: ok(0), events: ok(0), listener: ok(false) };
  const MISSING: ExtensionSettings = {
    acct: fault('missing'),
    timestamp: fault('missing'),
    events: fault('missing'),
    listener: fault('missing'),
  };
  const HIDDEN: ExtensionSettings = { ...MISSING, events: fault('other-namespace') };
  test.each<[string, number, number, ExtensionSettings, number]>([
    ['4.11: unknown, so not counted', 4, 11, { ...OFF, acct: ok(1) }, 0],
    ['4.12: always with events', 4, 12, { ...OFF, events: ok(1) }, 128],
    ['4.12: none without events', 4, 12, OFF, 0],
    ['4.12: with accounting, although events are off', 4, 12, { ...OFF, acct: ok(1) }, 128],
    ['4.12: unreadable events count as the default, on', 4, 12, HIDDEN, 128],
    ['4.12: built without events', 4, 12, MISSING, 0],
    ['5.18: events on demand does not exist yet', 5, 18, { ...OFF, events: ok(2) }, 128],
    ['5.19: events on demand, no listener', 5, 19, { ...OFF, events: ok(2) }, 0],
    ['5.19: events on demand, with a listener', 5, 19, { ...OFF, events: ok(2), listener: ok(true) }, 128],
    ['5.19: events off, with a listener', 5, 19, { ...OFF, listener: ok(true) }, 0],
    ['5.19: events on', 5, 19, { ...OFF, events: ok(1) }, 128],
    ['5.19: accounting', 5, 19, { ...OFF, acct: ok(1) }, 128],
    ['5.19: timestamps', 5, 19, { ...OFF, timestamp: ok(1) }, 128],
    ['5.19: all off', 5, 19, OFF, 0],
    ['5.19: unreadable events count as the default, on demand', 5, 19, HIDDEN, 0],
  ])('%s', (_, major, minor, extensions, expected) => {
    expect(cost({ release: ok({ major, minor }), extensions }).extension).toBe(expected);
  });

  test('adds a block to each entry', () => {
    const measured = cost({ extensions: { ...OFF, acct: ok(1) } });
    expect(footprint(measured, 17)).toEqual({ objects: 2 * 4096, extensions: 17 * 128, total: 2 * 4096 + 17 * 128 });
  });

  test('adds none on ip_conntrack; with an unknown release, counts the switches that are on, as an estimate', () => {
    const extensions = { ...OFF, acct: ok(1) };
    expect(cost({ extensions, generation: 'ip_conntrack' }).extension).toBe(0);
    expect(cost({ extensions, release: fault('missing') })).toMatchObject({ extension: 128, origin: 'estimate' });
    expect(cost({ release: fault('missing') })).toMatchObject({ extension: 0, origin: 'estimate' });
  });
});

test.each([
  ['nf_conntrack', 'one pointer', 131_072],
  ['ip_conntrack', 'two pointers', 262_144],
] as const)('the hash table of %s takes %s per bucket', (generation, _, bytes) =>
  expect(hashTableBytes({ generation }, 16_384)).toBe(bytes),
);
