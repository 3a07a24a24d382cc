// The two generations: their files, sysctls and slab caches are consistent.

import { describe, expect, test } from 'vitest';
import { GENERATION_NAMES, GENERATIONS, hashsizeFile } from '../../../src/model/generation.ts';

const dotted = (file: string) => file.replace('/proc/sys/', '').split('/').join('.');

describe.each(GENERATION_NAMES.map((name) => [name, GENERATIONS[name]] as const))('%s', (name, spec) => {
  test('has keys that are its files with dots', () => {
    expect(spec.limitKeys).toEqual(spec.limitFiles.map(dotted));
    expect(spec.sysctlPrefix).toBe(`${dotted(spec.directory)}.${name}_`);
    expect(spec.limitFiles[0]).toBe(`${spec.directory}/${name}_max`);
  });

  test.each([
    ['', true],
    ['_expect', false],
    ['_', false],
  ])('matches the slabinfo row: name%s', (rest, is) => {
    expect(spec.slabCache.test(name + rest)).toBe(is);
    expect(spec.slabCache.test(`x${name}${rest}`)).toBe(false);
  });

  test("names the module's parameter", () =>
    expect(hashsizeFile(name)).toBe(`/sys/module/${name}/parameters/hashsize`));
});

test('the paths of both generations', () => {
  expect(GENERATION_NAMES.map((name) => GENERATIONS[name].limitFiles)).toEqual([
    ['/proc/sys/net/netfilter/nf_conntrack_max', '/proc/sys/net/nf_conntrack_max'],
    ['/proc/sys/net/ipv4/netfilter/ip_conntrack_max', '/proc/sys/net/ipv4/ip_conntrack_max'],
  ]);
  expect(GENERATION_NAMES.map((name) => GENERATIONS[name].modprobeFile)).toEqual([
    '/etc/modprobe.d/nf_conntrack.conf',
    '/etc/modprobe.conf',
  ]);
});

test.each([
  ['nf_conntrack_ffffffff81cb5a80', true],
  ['nf_conntrack_1', true],
  ['nf_conntrack_1_expect', false],
])('matches the cache of one namespace: %s', (row, is) => {
  expect(GENERATIONS.nf_conntrack.slabCache.test(row)).toBe(is);
  expect(GENERATIONS.ip_conntrack.slabCache.test(row)).toBe(false);
});
