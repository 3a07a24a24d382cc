// The tables of neighbours: `/proc/net/stat/arp_cache` and `ndisc_cache`, a line of names and one of hex figures for each
// CPU (neigh_stat_seq_show() of net/core/neighbour.c; `table_fulls` since 4.3). The tables, their limits and these files are
// the machine's: only the initial namespace has the files, and sets the limits.

import { readNumber } from '../../../kernel/number.ts';
import type { Parsed, Root } from '../../../kernel/root.ts';
import type { OtherFull } from '../../../model/full-log.ts';
import { grouped } from '../../../words/prose.ts';
import { durationWords } from '../../../words/words.ts';
import {
  type LeadBase,
  type LeadForm,
  logWords,
  type Note,
  note,
  rate,
  recentlyFull,
  type Surroundings,
} from './lead.ts';

export interface NeighbourLead extends LeadBase {
  readonly kind: 'neighbours';
  /** Undefined if only the log shows it. */
  readonly cache: NeighbourCache | undefined;
  readonly perSecond: number;
  readonly logged: OtherFull | undefined;
}

interface NeighboursSeen {
  readonly neighbours?: readonly NeighbourCache[];
}

interface NeighbourCache {
  readonly name: 'arp_cache' | 'ndisc_cache';
  readonly entries: number;
  /** How often since boot there was no room for one more, an unsigned 32-bit figure for each CPU. */
  readonly tableFulls: readonly number[];
  /** `gc_thresh3`; undefined if it could not be read. */
  readonly limit: number | undefined;
}

const NEIGHBOURS_LIMIT = 1 << 20;
const CACHES = [
  ['arp_cache', '/proc/sys/net/ipv4/neigh/default/gc_thresh3'],
  ['ndisc_cache', '/proc/sys/net/ipv6/neigh/default/gc_thresh3'],
] as const;

/** `folder` is the initial namespace's `net`; empty where it is not. */
export function readNeighbourCaches(root: Root, folder: string): readonly NeighbourCache[] {
  return CACHES.flatMap(([name, limitFile]) => {
    const figures = root.read(`${folder}/stat/${name}`, NEIGHBOURS_LIMIT, parseNeighbourStatistics);
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

export const NEIGHBOURS: LeadForm<NeighbourLead, NeighboursSeen> = {
  read: ({ root, initialFolder }) =>
    initialFolder === undefined || root.view === 'captured'
      ? {}
      : { neighbours: readNeighbourCaches(root, initialFolder) },
  judge: judgeNeighbours,
  clause: neighboursClause,
  notes: neighboursNotes,
};

function judgeNeighbours({ log, between }: Surroundings<NeighboursSeen>): readonly NeighbourLead[] {
  const logged = recentlyFull(log, 'neighbours');
  const rising = (between?.later.neighbours ?? []).flatMap((cache): readonly NeighbourLead[] => {
    const earlier = between?.earlier.neighbours?.find(({ name }) => name === cache.name);
    const rise = earlier === undefined ? 0 : wrappedRise(earlier.tableFulls, cache.tableFulls);
    const perSecond = rise / (between?.seconds ?? 1);
    return rise > 0 ? [{ kind: 'neighbours', state: 'warning', cache, perSecond, logged }] : [];
  });
  if (rising.length > 0 || logged === undefined) return rising;
  return [{ kind: 'neighbours', state: 'warning', isPast: true, cache: undefined, perSecond: 0, logged }];
}

/** Unsigned 32-bit figures for each CPU. */
function wrappedRise(earlier: readonly number[], later: readonly number[]): number {
  if (earlier.length !== later.length) return 0;
  return later.reduce((sum, figure, at) => sum + ((figure - (earlier[at] ?? 0) + 2 ** 32) % 2 ** 32), 0);
}

function neighboursClause({ cache, perSecond, logged }: NeighbourLead): string {
  if (cache === undefined) return `the table of neighbours was full ${durationWords(logged?.ago ?? 0)} ago`;
  return `the table of neighbours, ${cache.name}, has no room ${rate(perSecond)} times/s`;
}

function neighboursNotes({ cache, logged }: NeighbourLead): readonly Note[] {
  const size =
    cache === undefined
      ? ''
      : ` Now ${grouped(cache.entries)} entries${cache.limit === undefined ? '' : `, gc_thresh3 ${grouped(cache.limit)}`}.`;
  const words = `Packets to addresses that are not in it are lost in every namespace.${logWords(logged, 'neighbor table overflow')}${size}`;
  const family = cache?.name === 'ndisc_cache' ? 'ipv6' : 'ipv4';
  if (cache?.limit === undefined) return [note(words), note('How many there are now:', 'ip neigh | wc -l')];
  const raise = `sysctl -w net.${family}.neigh.default.gc_thresh3=${4 * cache.limit}`;
  return [note(words), note('Raise gc_thresh3, on the host, if that many neighbours are expected:', raise)];
}
