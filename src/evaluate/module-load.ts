// The limit and the buckets that connection tracking starts with when its module is loaded, or at boot if it is built in.
// Kernel source: nf_conntrack_init_start() in net/netfilter/nf_conntrack_core.c, nf_ct_alloc_hashtable(), and
// ip_conntrack_init() in net/ipv4/netfilter/ip_conntrack_core.c before them.

import { LIMIT_PER_HASHSIZE } from '../model/generation.ts';
import { type Layout, type Machine, pointerBytes, wholePages } from '../model/machine.ts';
import { atLeast } from './kernel-version.ts';

/**
 * The figure that is rounded up to whole pages of buckets: none; the size of the hash table, so that the limit follows
 * from the figure as written; or the figure itself, so that the limit follows from the rounded one.
 */
type Rounding = 'none' | 'table' | 'figure';

/** Start values of a range of kernels. `large`: buckets above 1 GB of memory; `huge`: above 4 GB on a 64-bit machine. */
interface Start {
  readonly large: number;
  readonly huge: number;
  readonly fewest: number;
  readonly entriesPerBucket: number;
  /** Pointers per bucket; below 1 GB there is one pointer per 16 KiB of memory. */
  readonly pointers: 1 | 2;
  /** Several if kernels of this version differ. */
  readonly roundings: readonly Rounding[];
}

const GIB = 2 ** 30;
const MEMORY_PER_BYTE = 16_384;

const SINCE_5_15: Start = {
  large: 65_536,
  huge: 262_144,
  fewest: 1024,
  entriesPerBucket: 1,
  pointers: 1,
  roundings: ['figure'],
};
const SINCE_4_7: Start = { ...SINCE_5_15, large: 16_384, huge: 65_536, fewest: 32, entriesPerBucket: 4 };
const SINCE_4_0: Start = { ...SINCE_4_7, roundings: ['table'] };
// 3.10 is the vanilla kernel and EL7's, which has parts of later ones.
const EL7: Start = { ...SINCE_4_0, roundings: ['table', 'figure'] };
const BEFORE: Start = { ...SINCE_4_0, huge: 16_384 };
const UNKNOWN_START: Start = { ...BEFORE, roundings: ['table', 'figure'] };
// Its hash table has two pointers per bucket (struct list_head).
const IP_CONNTRACK: Start = {
  large: 8192,
  huge: 8192,
  fewest: 16,
  entriesPerBucket: LIMIT_PER_HASHSIZE,
  pointers: 2,
  roundings: ['none'],
};

/** The part of a machine that decides its start values. */
export type Starting = Layout & Pick<Machine, 'generation' | 'release' | 'memTotal' | 'buckets'>;

/** Returns entries; if the memory is unknown, the limit of a machine with more than 1 GB. */
export function defaultLimit(machine: Starting): number {
  const start = startOf(machine);
  const [rounding = 'none'] = start.roundings;
  return start.entriesPerBucket * bucketsOf(machine, defaultFigure(start, machine), rounding);
}

/** Returns the buckets of a load without a hashsize; if the memory is unknown, those of more than 1 GB. */
export function defaultBuckets(machine: Starting): number {
  return bucketsOfHashsize(machine, defaultFigure(startOf(machine), machine));
}

/** Returns the limit that a load with `hashsize=figure` gives, in entries; two, ascending, if both are possible. */
export function limitsOfHashsize(machine: Starting, figure: number): readonly number[] {
  return startOf(machine).roundings.map((rounding) => LIMIT_PER_HASHSIZE * bucketsOf(machine, figure, rounding));
}

/** Returns the buckets that this kernel makes of `hashsize=figure`, at a load or at run time. */
export function bucketsOfHashsize(machine: Layout & Pick<Machine, 'generation'>, figure: number): number {
  return machine.generation === 'ip_conntrack' ? figure : wholePages(machine, figure);
}

// By default one entry per bucket, before 5.15 four, and with hashsize eight.
const POSSIBLE_ENTRIES_PER_BUCKET = [1, 4, LIMIT_PER_HASHSIZE];

/**
 * True if a load may have set this limit, by its default or one of these hashsizes. True when in doubt: the buckets may
 * have been changed since, which does not change the limit.
 */
export function isLimitOfLoad(machine: Starting, limit: number, hashsizes: readonly number[]): boolean {
  const { buckets } = machine;
  if (!buckets.ok) return true;
  const configured = hashsizes.flatMap((figure) => limitsOfHashsize(machine, figure));
  if (hashsizes.some((figure) => bucketsOfHashsize(machine, figure) === buckets.value))
    return configured.includes(limit);
  return (
    configured.includes(limit) ||
    limit === defaultLimit(machine) ||
    POSSIBLE_ENTRIES_PER_BUCKET.some((entries) => fillsBuckets(machine, limit, entries, buckets.value))
  );
}

// The figure that gives this limit also gives exactly these buckets.
function fillsBuckets(machine: Starting, limit: number, entriesPerBucket: number, buckets: number): boolean {
  const figure = limit / entriesPerBucket;
  if (figure === buckets) return true;
  const roundsTable = startOf(machine).roundings.includes('table');
  return roundsTable && Number.isInteger(figure) && wholePages(machine, figure) === buckets;
}

function bucketsOf(layout: Layout, figure: number, rounding: Rounding): number {
  return rounding === 'figure' ? wholePages(layout, figure) : figure;
}

// ip_conntrack divides all physical memory, which is more than MemTotal: its own buckets are exact.
function defaultFigure({ large, huge, fewest, pointers }: Start, machine: Starting): number {
  const { generation, memTotal, buckets } = machine;
  const memory = memTotal.ok ? memTotal.value : GIB + 1;
  const pointer = pointerBytes(machine);
  if (memory > 4 * GIB && pointer === 8) return huge;
  if (memory > GIB) return large;
  const figure = Math.max(fewest, Math.floor(memory / (MEMORY_PER_BYTE * pointers * pointer)));
  return generation === 'ip_conntrack' && buckets.ok ? buckets.value : figure;
}

function startOf({ generation, release }: Starting): Start {
  if (generation === 'ip_conntrack') return IP_CONNTRACK;
  if (!release.ok) return UNKNOWN_START;
  const { major, minor } = release.value;
  if (atLeast(release.value, 5, 15)) return SINCE_5_15;
  if (atLeast(release.value, 4, 7)) return SINCE_4_7;
  if (atLeast(release.value, 4, 0)) return SINCE_4_0;
  return major === 3 && minor === 10 ? EL7 : BEFORE;
}
