// `/proc/slabinfo`, version 2.1 (2.6.10 to today): the conntrack cache's geometry. Readable by every user on
// CentOS 5 and 6, only by root since 3.6. Printed by slab_show() in mm/slab_common.c:
//   name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata …

import { GENERATION_NAMES, GENERATIONS } from '../../model/generation.ts';
import type { SlabCache } from '../../model/machine.ts';
import type { Parsed } from '../root.ts';

const ROW = /^(\w+) +\d+ +\d+ +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) /;

/** Returns the first row of a conntrack cache; all rows of a kernel have the same geometry. */
export function parseSlabinfo(text: string): Parsed<SlabCache> {
  // The file has some 200 lines; only one is needed.
  for (let at = text.indexOf('_conntrack'); at !== -1; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const cache = parseSlabRow(text.slice(text.lastIndexOf('\n', at) + 1, end));
    if (cache !== undefined) return { ok: true, value: cache };
    at = text.indexOf('_conntrack', end);
  }
  return { ok: false, kind: 'malformed' };
}

/** Stops reading after the row, because the kernel counts each cache's slabs while it prints. */
export function hasCache(text: string): boolean {
  return parseSlabinfo(text).ok;
}

function parseSlabRow(line: string): SlabCache | undefined {
  const [, name = '', ...figures] = ROW.exec(line) ?? [];
  const [objectSize = 0, objectsPerSlab = 0, pagesPerSlab = 0] = figures.map(Number);
  if (!isTable(name) || objectSize === 0 || objectsPerSlab === 0 || pagesPerSlab === 0) return undefined;
  return { name, objectSize, objectsPerSlab, pagesPerSlab };
}

// Expectations have separate caches, which are ignored.
function isTable(name: string): boolean {
  return GENERATION_NAMES.some((generation) => GENERATIONS[generation].slabCache.test(name));
}
