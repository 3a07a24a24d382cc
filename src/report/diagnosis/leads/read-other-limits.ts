// Reads what may lose packets while no table is full. Nothing of it can fail a report: what cannot be had is left out, and
// nothing is said of it.

import { netFolder } from '../../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../../kernel/root.ts';
import type { Elsewhere } from '../../../model/other-limits.ts';
import type { Table } from '../../../model/table.ts';
import { readAllowances } from './allowances.ts';
import { readNeighbourCaches } from './neighbours.ts';
import { readStackCounters } from './stack-counters.ts';
import { readZoneLimits } from './zone-limits.ts';

// Each costs the kernel a sum over its CPUs, some tenths of a millisecond: as many as a node has containers, and of more
// those with the most entries.
const MOST_TABLES = 256;
const EXPECTATIONS_LIMIT = 1 << 22;

/** With `counters` only what a later look is compared with. */
export function readElsewhere(root: Root, tables: readonly [Table, ...Table[]], wanted: 'counters' | 'all'): Elsewhere {
  const folders = chosen(tables).flatMap((table) => {
    const folder = netFolder(root, table);
    return folder === undefined ? [] : [[table.key, folder] as const];
  });
  const live = root.view !== 'captured';
  const own = netFolder(root, tables[0]);
  return {
    // Of a tree there is one look, and nothing rises.
    stacks: new Map(live ? folders.map(([key, folder]) => [key, readStackCounters(root, folder)] as const) : []),
    neighbours: live && own !== undefined && tables[0].isInitial ? readNeighbourCaches(root, own) : [],
    allowances: readAllowances(root),
    zones: wanted === 'all' ? readZoneLimits(root) : [],
    expectations: new Map(
      wanted === 'all' ? folders.flatMap(([key, folder]) => expectationsOf(root, key, folder)) : [],
    ),
  };
}

function chosen([own, ...others]: readonly [Table, ...Table[]]): readonly Table[] {
  const fullest = others.length < MOST_TABLES ? others : others.slice().sort((a, b) => b.entries - a.entries);
  return [own, ...fullest.slice(0, MOST_TABLES - 1)];
}

/** `<net>/nf_conntrack_expect`, a line each, for root (exp_seq_show() of net/netfilter/nf_conntrack_expect.c). */
function expectationsOf(root: Root, key: string, folder: string): readonly (readonly [string, number])[] {
  const count = root.read(`${folder}/nf_conntrack_expect`, EXPECTATIONS_LIMIT, (text) => ({
    ok: true,
    value: text.split('\n').length - 1,
  }));
  return count.ok ? [[key, count.value]] : [];
}
