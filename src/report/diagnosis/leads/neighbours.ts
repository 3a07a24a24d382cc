// The tables of neighbours: `/proc/net/stat/arp_cache` and `ndisc_cache`, a line of names and one of hex figures for each
// CPU (neigh_stat_seq_show() of net/core/neighbour.c; `table_fulls` since 4.3). The tables, their limits and these files are
// the machine's: only the initial namespace has the files, and sets the limits.

import { readNumber } from '../../../kernel/number.ts';
import type { Parsed, Root } from '../../../kernel/root.ts';
import type { NeighbourCache } from '../../../model/other-limits.ts';

const LIMIT = 1 << 20;
const CACHES = [
  ['arp_cache', '/proc/sys/net/ipv4/neigh/default/gc_thresh3'],
  ['ndisc_cache', '/proc/sys/net/ipv6/neigh/default/gc_thresh3'],
] as const;

/** `folder` is the initial namespace's `net`; empty where it is not. */
export function readNeighbourCaches(root: Root, folder: string): readonly NeighbourCache[] {
  return CACHES.flatMap(([name, limitFile]) => {
    const figures = root.read(`${folder}/stat/${name}`, LIMIT, parseNeighbourStatistics);
    if (!figures.ok) return [];
    const limit = readNumber(root, limitFile);
    return [{ name, ...figures.value, limit: limit.ok ? limit.value : undefined }];
  });
}

export function parseNeighbourStatistics(text: string): Parsed<Pick<NeighbourCache, 'entries' | 'tableFulls'>> {
  const [names = [], ...cpus] = text
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).filter(Boolean));
  const [entriesAt, fullsAt] = [names.indexOf('entries'), names.indexOf('table_fulls')];
  const column = (at: number) => cpus.map((cpu) => (/^[0-9a-f]{8}$/.test(cpu[at] ?? '') ? parseHex(cpu[at]) : -1));
  const [[entries = -1], tableFulls] = [column(entriesAt), column(fullsAt)];
  if (entries < 0 || tableFulls.includes(-1)) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { entries, tableFulls } };
}

function parseHex(cell = ''): number {
  return Number.parseInt(cell, 16);
}
