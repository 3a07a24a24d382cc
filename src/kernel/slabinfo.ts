// `/proc/slabinfo`, version 2.1 (2.6.10 to today): the conntrack cache's geometry. Everybody may read it on
// CentOS 5 and 6, only root since 3.6. Printed by slab_show() in mm/slab_common.c:
//   name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata …

import type { SlabCache } from '../facts.ts';
import type { Parsed } from './root.ts';

// One cache for each namespace on 2.6.33 to 4.8, with a pointer or a number behind the name.
// Expectations have caches of their own, which are not meant here.
const CACHE = /^(?:ip_conntrack|nf_conntrack(?:_[0-9a-f]+)?) +\d+ +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) /;

/** The row of the cache with the most objects; all of a kernel's rows have the same geometry. */
export function parseSlabinfo(bytes: Buffer): Parsed<SlabCache> {
  const rows = bytes
    .toString('latin1')
    .split('\n')
    .flatMap((line) => parseRow(line));
  const [largest] = rows.sort((a, b) => b.objects - a.objects);
  return largest === undefined ? { ok: false, kind: 'malformed' } : { ok: true, value: largest.cache };
}

function parseRow(line: string): { objects: number; cache: SlabCache }[] {
  const match = CACHE.exec(line);
  if (match === null) return [];
  const [objects = 0, objectSize = 0, objectsPerSlab = 0, pagesPerSlab = 0] = match.slice(1).map(Number);
  if (objectSize === 0 || objectsPerSlab === 0 || pagesPerSlab === 0) return [];
  return [{ objects, cache: { name: line.slice(0, line.indexOf(' ')), objectSize, objectsPerSlab, pagesPerSlab } }];
}
