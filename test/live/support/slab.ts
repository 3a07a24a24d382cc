// The slab caches of connection tracking, from slabinfo(5): objects in use, including those of other work on the
// machine.

import { readFileSync } from 'node:fs';

/** Bytes of an extension block, in a cache that the whole kernel shares. */
export const BLOCK = 128;
// Kernels with RANDOM_KMALLOC_CACHES have sixteen of them.
const BLOCKS = new RegExp(`^kmalloc(?:-rnd-\\d+)?-${BLOCK} +(\\d+) `, 'gm');

/** Objects in use on the whole machine. */
export function slabObjects(): { readonly entries: number; readonly blocks: number } {
  const text = readFileSync('/proc/slabinfo', 'latin1');
  const blocks = Array.from(text.matchAll(BLOCKS), ([, objects]) => Number(objects));
  return { entries: row(text).objects, blocks: blocks.reduce((sum, objects) => sum + objects, 0) };
}

/** Returns the bytes of memory per entry, without its extension block. */
export function entryBytes(): number {
  const { perSlab, pages } = row(readFileSync('/proc/slabinfo', 'latin1'));
  return (4096 * pages) / perSlab;
}

function row(text: string): { readonly objects: number; readonly perSlab: number; readonly pages: number } {
  const fields = /^nf_conntrack +(\d+) +\d+ +\d+ +(\d+) +(\d+) /m.exec(text) ?? [];
  const [, objects = 0, perSlab = 1, pages = 0] = fields.map(Number);
  return { objects, perSlab, pages };
}
