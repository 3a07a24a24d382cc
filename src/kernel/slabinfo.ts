// `/proc/slabinfo`, version 2.1 (2.6.10 to today): the conntrack cache's geometry. Everybody may read it on
// CentOS 5 and 6, only root since 3.6. Printed by slab_show() in mm/slab_common.c:
//   name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables … : slabdata …

import type { SlabCache } from '../facts.ts';
import type { Parsed } from './root.ts';

// One cache for each namespace on 2.6.33 to 4.8, with a pointer or a number behind the name.
// Expectations have caches of their own, which are not meant here.
const CACHE = /^(?:ip_conntrack|nf_conntrack(?:_[0-9a-f]+)?) +\d+ +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) +(\d{1,9}) /;

/** The row of the cache with the most objects; all of a kernel's rows have the same geometry. */
export function parseSlabinfo(text: string): Parsed<SlabCache> {
  const rows = conntrackLines(text).flatMap(parseRow);
  const [largest] = rows.sort((a, b) => b.objects - a.objects);
  return largest === undefined ? { ok: false, kind: 'malformed' } : { ok: true, value: largest.cache };
}

// The file has some 200 lines of which one is looked for, and this is most of what a run as root parses.
function conntrackLines(text: string): string[] {
  const lines: string[] = [];
  for (let at = text.indexOf('_conntrack'); at !== -1; at = text.indexOf('_conntrack', at + 1)) {
    const end = text.indexOf('\n', at);
    lines.push(text.slice(text.lastIndexOf('\n', at) + 1, end === -1 ? text.length : end));
  }
  return lines;
}

function parseRow(line: string): { objects: number; cache: SlabCache }[] {
  const match = CACHE.exec(line);
  if (match === null) return [];
  const [objects = 0, objectSize = 0, objectsPerSlab = 0, pagesPerSlab = 0] = match.slice(1).map(Number);
  if (objectSize === 0 || objectsPerSlab === 0 || pagesPerSlab === 0) return [];
  return [{ objects, cache: { name: line.slice(0, line.indexOf(' ')), objectSize, objectsPerSlab, pagesPerSlab } }];
}
