// Memory of an entry on a booted kernel: the plugin's figures against the kernel's slabs.

import { expect, test } from 'vitest';
import type { Look } from './look.ts';

const ENTRIES = 3000;
// A slab that a CPU allocates from counts as fully in use.
const NEARLY = 100;

export function memory({ step, isFrom }: Look): void {
  const reported = (name: string) => {
    const match = /object size: (?:about )?(\d+) B.*extension (\d+)(?: to \d+)? B/.exec(step(name).output);
    return { object: Number(match?.[1]), extension: Number(match?.[2]) };
  };
  const added = (from: string, to: string, size: string) =>
    inUse(step(to).output, size) - inUse(step(from).output, size);

  test("without root the estimated object size is the kernel's, and usual for its release", () => {
    const size = Number(/nf_conntrack +\d+ +\d+ +(\d+) /.exec(step('slabinfo').output)?.[1]);
    expect(size).toBe(isFrom(5, 19) ? 256 : 320);
    expect([reported('full-nobody').object, reported('full-root').object]).toEqual([size, size]);
    expect(step('full-nobody').output).toContain('object size estimated: ');
  });

  test.each([
    { what: 'as it is', from: 'slabs', to: 'slabs-plain', label: 'memory' },
    { what: 'with nf_conntrack_acct', from: 'slabs-flushed', to: 'slabs-counted', label: 'memory-counted' },
  ])('the block of an entry, $what, exists if it is reported, with that size', (row) => {
    expect(inUse(step(row.to).output, 'entries')).toBeGreaterThan(ENTRIES - NEARLY);
    const isThere = added(row.from, row.to, '128') > ENTRIES - NEARLY;
    expect(reported(row.label).extension).toBe(isThere ? 128 : 0);
    for (const size of ['64', '96', '192', '256'])
      expect(added(row.from, row.to, size), size).toBeLessThan(ENTRIES / 2);
  });

  test('only before 5.19 is there a block without any setting', () => {
    expect(reported('memory').extension).toBe(isFrom(5, 19) ? 0 : 128);
    expect(reported('memory-counted').extension).toBe(128);
  });
}

function inUse(slabs: string, size: string): number {
  return Number(new RegExp(`^${size} (\\d+)$`, 'm').exec(slabs)?.[1] ?? 0);
}
