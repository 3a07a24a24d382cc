// The limit and buckets at a load of the module; test/kernels compares the default with booted kernels.

import { describe, expect, test } from 'vitest';
import { defaultBuckets, defaultLimit, isLimitOfLoad, limitsOfHashsize } from '../../../src/evaluate/module-load.ts';
import type { Generation } from '../../../src/model/generation.ts';
import { fault, GIB, ok } from '../support/observation.ts';

const MIB = 2 ** 20;
const UNREAD = fault('denied');

test.each<[string, Generation, readonly [major: number, minor: number], number, number]>([
  ['5.15, above 4 GB', 'nf_conntrack', [5, 15], 4 * GIB + 1, 262_144],
  ['5.15, 4 GB', 'nf_conntrack', [5, 15], 4 * GIB, 65_536],
  ['5.15, 1 GB', 'nf_conntrack', [5, 15], GIB, 8192],
  ['5.15, little memory', 'nf_conntrack', [5, 15], 468 * MIB, 4096],
  ['5.15, hardly any', 'nf_conntrack', [5, 15], 32 * MIB, 1024],
  ['5.14, above 4 GB', 'nf_conntrack', [5, 14], 4 * GIB + 1, 262_144],
  ['5.14, 4 GB', 'nf_conntrack', [5, 14], 4 * GIB, 65_536],
  ['5.14, 1 GB', 'nf_conntrack', [5, 14], GIB, 32_768],
  ['5.14, little memory', 'nf_conntrack', [5, 14], 468 * MIB, 16_384],
  ['4.0, above 4 GB', 'nf_conntrack', [4, 0], 4 * GIB + 1, 262_144],
  ['3.16, above 4 GB', 'nf_conntrack', [3, 16], 64 * GIB, 65_536],
  ["EL7's 3.10, above 4 GB", 'nf_conntrack', [3, 10], 64 * GIB, 262_144],
  ['2.6, above 1 GB', 'nf_conntrack', [2, 6], GIB + 1, 65_536],
  ['2.6, hardly any', 'nf_conntrack', [2, 6], MIB, 128],
  ['2.6.32, booted', 'nf_conntrack', [2, 6], 511_356 * 1024, 15_976],
  ['3.10, booted', 'nf_conntrack', [3, 10], 510_956 * 1024, 15_964],
  ['4.6, little memory', 'nf_conntrack', [4, 6], 511_356 * 1024, 15_976],
  ['4.7, little memory', 'nf_conntrack', [4, 7], 511_356 * 1024, 16_384],
  ['ip_conntrack, above 1 GB', 'ip_conntrack', [2, 6], 64 * GIB, 65_536],
  ['ip_conntrack, 512 MB', 'ip_conntrack', [2, 6], 512 * MIB, 16_384],
])('%s', (_, generation, [major, minor], memory, limit) => {
  expect(defaultLimit({ generation, release: ok({ major, minor }), memTotal: ok(memory), buckets: UNREAD })).toBe(
    limit,
  );
});

test('unknown memory and release count as a machine with more than 1 GB', () => {
  const unknown = { release: fault('missing'), memTotal: fault('missing'), buckets: UNREAD };
  expect(defaultLimit({ generation: 'nf_conntrack', ...unknown })).toBe(65_536);
  expect(defaultLimit({ generation: 'ip_conntrack', ...unknown })).toBe(65_536);
});

test('ip_conntrack divides all physical memory: its own buckets are exact (2.6.18, booted)', () => {
  const booted = { release: ok({ major: 2, minor: 6 }), memTotal: ok(511_520 * 1024), buckets: ok(2047) };
  expect(defaultLimit({ generation: 'ip_conntrack', ...booted })).toBe(16_376);
  expect(defaultBuckets({ generation: 'ip_conntrack', ...booted })).toBe(2047);
});

type Version = readonly [major: number, minor: number];

function machine([major, minor]: Version, buckets: number, generation: Generation = 'nf_conntrack') {
  return { generation, release: ok({ major, minor }), memTotal: ok(511_356 * 1024), buckets: ok(buckets) };
}

describe('limits that hashsize=37500 gives', () => {
  test.each<[string, Version, Generation, readonly number[]]>([
    ['2.6.18: nothing is rounded', [2, 6], 'ip_conntrack', [300_000]],
    ['2.6.32: only the table is rounded', [2, 6], 'nf_conntrack', [300_000]],
    ['4.4: only the table is rounded', [4, 4], 'nf_conntrack', [300_000]],
    ['4.7: rounded first', [4, 7], 'nf_conntrack', [303_104]],
    ['3.10: vanilla or EL7', [3, 10], 'nf_conntrack', [300_000, 303_104]],
  ])('%s', (_, version, generation, limits) =>
    expect(limitsOfHashsize(machine(version, 1, generation), 37_500)).toEqual(limits),
  );
});

describe('a limit that a load may have given', () => {
  test.each<[string, Version, number, number, readonly number[], boolean]>([
    ['2.6.32: four times the figure before rounding', [2, 6], 4096, 15_976, [], true],
    ['4.4: four times the figure before rounding', [4, 4], 4096, 15_948, [], true],
    ['4.4: not a multiple', [4, 4], 4096, 15_950, [], false],
    ['4.4: of fewer pages of buckets', [4, 4], 4096, 14_332, [], false],
    ['5.4: four times the buckets', [5, 4], 4096, 16_384, [], true],
    ['5.4: the figure before rounding', [5, 4], 4096, 15_976, [], false],
    ['3.10: eight times the figure as written', [3, 10], 37_888, 300_000, [37_500], true],
    ['3.10: eight times the rounded figure', [3, 10], 37_888, 303_104, [37_500], true],
    ['3.10: something else at these buckets', [3, 10], 37_888, 100_000, [37_500], false],
  ])('%s', (_, version, buckets, limit, hashsizes, expected) =>
    expect(isLimitOfLoad(machine(version, buckets), limit, hashsizes)).toBe(expected),
  );
});

describe('other words and pages than those of x86-64', () => {
  const KERNEL_5_4: Version = [5, 4];
  const with32 = (memory: number) => ({ ...machine(KERNEL_5_4, 1), memTotal: ok(memory), wordSize: ok(4) });

  test('a 32-bit machine has a pointer of 4 bytes for each 16 KiB, and no more buckets above 4 GB', () => {
    expect(defaultBuckets(with32(256 * MIB))).toBe(4096);
    expect(defaultBuckets(machine(KERNEL_5_4, 1))).toBe(4096);
    expect(defaultLimit(with32(8 * GIB))).toBe(65_536);
  });

  test('the buckets of a load fill whole pages', () => {
    expect(defaultBuckets(with32(28_120 * 1024))).toBe(1024);
    expect(limitsOfHashsize({ ...machine(KERNEL_5_4, 1), pageSize: ok(65_536) }, 10_000)).toEqual([8 * 16_384]);
    expect(limitsOfHashsize({ ...machine(KERNEL_5_4, 1), wordSize: ok(4) }, 1025)).toEqual([8 * 2048]);
  });
});
