// `/proc/slabinfo`, version 2.1 (2.6.10 to today): the conntrack cache's geometry. Everybody may read it on
// CentOS 5 and 6, only root since 3.6. Printed by slab_show() in mm/slab_common.c:
//   name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata …

import { GENERATION_NAMES, GENERATIONS } from '../../model/generation.ts';
import type { SlabCache } from '../../model/machine.ts';
import type { Parsed } from '../root.ts';

const ROW = /^(\w+) +\d+ +\d+ +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) /;

/** The first row of a conntrack cache; all of a kernel's rows have the same geometry. */
export function parseSlabinfo(text: string): Parsed<SlabCache> {
  // The file has some 200 lines of which one is looked for.
  for (let at = text.indexOf('_conntrack'); at !== -1; ) {
    const found = text.indexOf('\n', at);
    const end = found === -1 ? text.length : found;
    const cache = parseSlabRow(text.slice(text.lastIndexOf('\n', at) + 1, end));
    if (cache !== undefined) return { ok: true, value: cache };
    at = text.indexOf('_conntrack', end);
  }
  return { ok: false, kind: 'malformed' };
}

/** The kernel counts each cache's slabs while it prints: what comes behind the row is not worth asking for. */
export function hasCache(text: string): boolean {
  return parseSlabinfo(text).ok;
}

function parseSlabRow(line: string): SlabCache | undefined {
  const [, name = '', ...figures] = ROW.exec(line) ?? [];
  const [objectSize = 0, objectsPerSlab = 0, pagesPerSlab = 0] = figures.map(Number);
  if (!isTable(name) || objectSize === 0 || objectsPerSlab === 0 || pagesPerSlab === 0) return undefined;
  return { name, objectSize, objectsPerSlab, pagesPerSlab };
}

// Expectations have caches of their own, which are not meant here.
function isTable(name: string): boolean {
  return GENERATION_NAMES.some((generation) => GENERATIONS[generation].slabCache.test(name));
}
