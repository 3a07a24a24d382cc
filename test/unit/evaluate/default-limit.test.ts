// The limit that nobody has set; test/kernels holds it against booted kernels.

import { expect, test } from 'vitest';
import { defaultLimit } from '../../../src/evaluate/default-limit.ts';
import type { Generation } from '../../../src/observation/generation.ts';
import { fault, GIB, ok } from '../support/observation.ts';

const MIB = 2 ** 20;

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
  ['2.6, hardly any', 'nf_conntrack', [2, 6], MIB, 2048],
  ['ip_conntrack, above 1 GB', 'ip_conntrack', [2, 6], 64 * GIB, 65_536],
  ['ip_conntrack, 512 MB', 'ip_conntrack', [2, 6], 512 * MIB, 32_768],
])('%s', (_, generation, [major, minor], memory, limit) => {
  expect(defaultLimit({ generation, release: ok({ major, minor }), memTotal: ok(memory) })).toBe(limit);
});

test('of unknown memory and an unknown release it is what a machine with more than 1 GB has', () => {
  const unknown = { release: fault('missing'), memTotal: fault('missing') };
  expect(defaultLimit({ generation: 'nf_conntrack', ...unknown })).toBe(65_536);
  expect(defaultLimit({ generation: 'ip_conntrack', ...unknown })).toBe(65_536);
});
