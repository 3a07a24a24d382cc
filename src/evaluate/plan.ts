// What a limit costs on this machine, which number of buckets goes with it, and, where none is asked for, which limit
// its load and its memory suggest.

import type { Facts, Reading, Surroundings } from '../facts.ts';
import { type Wanted, wantedLimit } from './configured.ts';
import { type Footprint, footprint, hashTableBytes, type ObjectCost } from './footprint.ts';
import { atLeast } from './kernel-version.ts';

/** Why this limit: asked for, or what suggests it. */
export type Reason = 'asked' | 'enough' | 'filling' | 'was full' | 'memory';

export interface Plan {
  readonly limit: number;
  readonly reason: Reason;
  readonly buckets: number;
  /** Entries for each bucket that this kernel is planned with. */
  readonly perBucket: 4 | 8;
  /** The limit that a module loaded with `hashsize=buckets` starts with. */
  readonly limitAtLoad: number;
  /** Undefined on ip_conntrack, which has no such limit. */
  readonly expectMax: { readonly now: number; readonly atLoad: number } | undefined;
  readonly cost: ObjectCost;
  readonly costSource: string;
  readonly full: Footprint;
  readonly hashTable: number;
  /** Slab and hash table of the full table, as a share of RAM in percent. */
  readonly share: number | undefined;
  /** Bytes beyond what is held now, and whether they are there. */
  readonly more: number;
  readonly fits: boolean | undefined;
  /** What the files of the machine set now. */
  readonly configured: Wanted | undefined;
}

const SLOTS_IN_PAGE = 512;
const LIMIT_PER_HASHSIZE = 8;
const BUCKETS_PER_EXPECTATION = 256;
// Enough room for four times the present load, and for twice a limit that has been met already.
const HEADROOM = 4;
const AGAIN = 2;
// A full table pins memory that nothing else can have: of what is recommended unasked not more than this of RAM.
const LARGEST_SHARE = 1 / 8;

/** `asked` and `demand`, what the load is known to want, in entries; fails where the size of an entry is not known. */
export function planFor(
  facts: Facts,
  surroundings: Surroundings,
  objectCost: Reading<ObjectCost>,
  asked: number | undefined,
  demand = 0,
): Reading<Plan> {
  if (!objectCost.ok) return objectCost;
  const cost = objectCost.value;
  const { limit, reason } =
    asked === undefined ? recommended(facts, cost, demand) : ({ limit: asked, reason: 'asked' } as const);
  const buckets = bucketsFor(facts, limit);
  const full = footprint(cost, limit);
  const hashTable = hashTableBytes(buckets);
  const more = full.total - footprint(cost, facts.count).total + Math.max(0, hashTable - hashTableNow(facts));
  const { available, expectMax, configuration } = surroundings;
  const plan = {
    limit,
    reason,
    buckets,
    perBucket: perBucket(facts),
    limitAtLoad: LIMIT_PER_HASHSIZE * buckets,
    expectMax: expectMax.ok ? { now: expectMax.value, atLoad: expectationsFor(buckets) } : undefined,
    cost,
    costSource: objectCost.source,
    full,
    hashTable,
    share: facts.memTotal.ok ? (100 * (full.total + hashTable)) / facts.memTotal.value : undefined,
    more,
    fits: available.ok ? more <= available.value.bytes : undefined,
    configured: wantedLimit(configuration, facts.generation),
  };
  return { ok: true, value: plan, source: facts.maxSource };
}

function recommended(
  facts: Facts,
  cost: ObjectCost,
  demand: number,
): { readonly limit: number; readonly reason: Reason } {
  const { count, max } = facts;
  const load = Math.max(HEADROOM * count, demand);
  const met = wasFull(facts) ? AGAIN * max : 0;
  if (Math.max(load, met) <= max) return { limit: max, reason: 'enough' };
  const wish = powerOfTwo(Math.max(load, met));
  const most = affordable(facts, cost);
  if (most !== undefined && wish > most) return { limit: Math.max(most, max), reason: 'memory' };
  return { limit: wish, reason: met > load ? 'was full' : 'filling' };
}

function wasFull({ statistics }: Facts): boolean {
  if (!statistics.ok) return false;
  return statistics.value.cpus.some(({ drop = 0, early_drop = 0 }) => drop + early_drop > 0);
}

function affordable({ memTotal }: Facts, cost: ObjectCost): number | undefined {
  if (!memTotal.ok) return undefined;
  const entry = cost.slabBytes / cost.objectsPerSlab + cost.extension;
  return 2 ** Math.floor(Math.log2((LARGEST_SHARE * memTotal.value) / entry));
}

function powerOfTwo(entries: number): number {
  return Math.min(2 ** Math.ceil(Math.log2(entries)), 2 ** 30);
}

// Never fewer than there are. The kernel rounds up to whole pages of pointers.
function bucketsFor(facts: Facts, limit: number): number {
  const wish = Math.ceil(limit / perBucket(facts) / SLOTS_IN_PAGE) * SLOTS_IN_PAGE;
  return facts.buckets.ok ? Math.max(wish, facts.buckets.value) : wish;
}

// Eight is what a module makes of its hashsize. From 4.0 on shorter chains are usual, and a quarter still lets
// the kernel find an entry to evict in the eight buckets that it looks into.
function perBucket({ generation, release }: Facts): Plan['perBucket'] {
  return generation === 'nf_conntrack' && release.ok && atLeast(release.value, 4, 0) ? 4 : LIMIT_PER_HASHSIZE;
}

/** expect_max when the module is loaded: four for each of the buckets that expectations have. */
function expectationsFor(buckets: number): number {
  return 4 * Math.max(1, Math.floor(buckets / BUCKETS_PER_EXPECTATION));
}

function hashTableNow({ buckets }: Facts): number {
  return buckets.ok ? hashTableBytes(buckets.value) : 0;
}
