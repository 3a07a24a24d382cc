// The file itself, as seen by the kernel and on a machine without libraries.

import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PLUGIN, plugin, TOP } from '../e2e/support/plugin.ts';

// elf(5), 64-bit and little-endian.
const [PT_DYNAMIC, PT_INTERP] = [2, 3];
const file = readFileSync(PLUGIN);

function segmentTypes(): readonly number[] {
  const [start, size, count] = [Number(file.readBigUInt64LE(0x20)), file.readUInt16LE(0x36), file.readUInt16LE(0x38)];
  return Array.from({ length: count }, (_, at) => file.readUInt32LE(start + at * size));
}

test('is static and has no interpreter', () => {
  expect(file.toString('latin1', 1, 4)).toBe('ELF');
  expect(segmentTypes().length).toBeGreaterThan(2);
  expect(segmentTypes()).not.toContain(PT_INTERP);
  expect(segmentTypes()).not.toContain(PT_DYNAMIC);
});

test('has at most 2 MiB, and is executable', () => {
  expect(file.length).toBeLessThanOrEqual(2 << 20);
  expect(statSync(PLUGIN).mode & 0o777).toBe(0o755);
});

test('contains the licences of all its parts', () => {
  for (const words of ['Fabrice Bellard', 'Rich Felker', 'check_conntrack']) expect(file.includes(words)).toBe(true);
});

test('contains no path of the build machine', () => {
  expect(file.includes(TOP)).toBe(false);
});

test('prints commit, engine and architecture as its version', () => {
  const { status, stdout } = plugin('--version');
  expect(status).toBe(3);
  expect(stdout).toMatch(
    /^check_conntrack \d+\.\d+\.\d+, commit [\da-f]{12}(-dirty)?, QuickJS 2025-04-26, linux-(x64|arm64)\n$/,
  );
});
