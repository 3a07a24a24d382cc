// What a limit costs on this machine, which number of buckets goes with it, and, where none is asked for, which limit
// its load and its memory suggest.

import type { Reading } from '../model/fault.ts';
import { LIMIT_PER_HASHSIZE } from '../model/generation.ts';
import type { Machine } from '../model/machine.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { refusesBelowLimit } from './chains.ts';
import { type WantedLimit, wantedLimit } from './configured.ts';
import { driftOf } from './drift.ts';
import {
  atMost,
  costElsewhere,
  type Footprint,
  footprint,
  hashTableBytes,
  hashTableNow,
  type ObjectCost,
} from './footprint.ts';
import { atLeast } from './kernel-version.ts';
import { hasReachedLimit } from './losses.ts';
import { bucketsOfHashsize, defaultLimit } from './module-load.ts';

/** Why this limit: asked for, or what suggests it. */
export type Reason =
  | 'asked'
  | 'configured'
  | 'enough'
  | 'filling'
  | 'was_full'
  | 'no_limit'
  | 'memory'
  | 'in_use'
  | 'too_large';

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
  readonly full: Footprint;
  readonly hashTable: number;
  /** Slab and hash table of the full table, as a share of RAM in percent. */
  readonly share: number | undefined;
  /** Bytes beyond what is held now, with all that is not seen, and whether they are there. */
  readonly more: number;
  readonly fits: boolean | undefined;
  /** The largest limit that fits, where this one does not. */
  readonly largest: number | undefined;
  /** Whether this limit, or one before it, was met since boot. */
  readonly hasMetLimit: boolean;
  /** Whether this kernel, with the present buckets, refuses entries before the table is full. */
  readonly refusesNow: boolean;
  /** What the files of the machine set now. */
  readonly configured: WantedLimit | undefined;
}

const BUCKETS_PER_EXPECTATION = 256;
// Enough room for four times the present load, and for twice a limit that has been met already.
export const HEADROOM = 4;
const AGAIN = 2;
// A full table pins memory that nothing else can have: of what is recommended unasked not more than this of RAM.
const LARGEST_SHARE = 1 / 8;
const UNSET = 65_536;
// What is in use must have room, whatever it costs.
const SPARE = 1.25;
// The kernel keeps it in an int.
const LARGEST_LIMIT = 2 ** 31 - 1;

/**
 * For the load of `table`, which may be another namespace's than ours. `asked` and `demand`, what the load is known to
 * want, in entries; fails where the size of an entry is not known.
 */
export function planFor(
  observation: Observation,
  table: Table,
  objectCost: Reading<ObjectCost>,
  asked: number | undefined,
  demand = 0,
): Reading<Plan> {
  if (!objectCost.ok) return objectCost;
  const { machine, configuration } = observation;
  const cost = costElsewhere(machine, objectCost.value, table);
  const { available, expectMax } = machine;
  const load: Load = { machine, table, cost, demand, configured: configuredAbove(observation) };
  const { limit, reason } = asked === undefined ? recommended(load) : ({ limit: asked, reason: 'asked' } as const);
  const buckets = bucketsFor(machine, limit);
  const full = footprint(cost, limit);
  const hashTable = hashTableBytes(machine, buckets);
  const more = (max: number) => beyondNow(load, max);
  const fits = available.ok ? more(limit) <= available.value.bytes : undefined;
  const plan = {
    limit,
    reason,
    buckets,
    perBucket: mostPerBucket(machine),
    limitAtLoad: LIMIT_PER_HASHSIZE * buckets,
    expectMax: expectMax.ok ? { now: expectMax.value, atLoad: expectationsFor(buckets) } : undefined,
    cost,
    full,
    hashTable,
    share: machine.memTotal.ok ? (100 * (full.total + hashTable)) / machine.memTotal.value : undefined,
    more: more(limit),
    fits,
    largest: fits === false && available.ok ? largestWithin(available.value.bytes, limit, more) : undefined,
    hasMetLimit: hasReachedLimit(table.statistics, machine.release),
    refusesNow: refusesBelowLimit(machine, table),
    configured: configuration === undefined ? undefined : wantedLimit(configuration, observation),
  };
  return { ok: true, value: plan, source: table.limitSource };
}

/** What a full table of `limit` entries takes beyond what is held now. */
function beyondNow({ machine, table, cost }: Load, limit: number): number {
  const most = atMost(cost);
  const hashTable = hashTableBytes(machine, bucketsFor(machine, limit)) - (hashTableNow(machine) ?? 0);
  return footprint(most, limit).total - footprint(most, table.entries).total + Math.max(0, hashTable);
}

/** The largest below `tooLarge` that takes no more than so many bytes: what it takes grows with it. */
function largestWithin(bytes: number, tooLarge: number, more: (limit: number) => number): number {
  let [fitting, above] = [0, tooLarge];
  while (above - fitting > 1) {
    const middle = Math.floor((fitting + above) / 2);
    if (more(middle) <= bytes) fitting = middle;
    else above = middle;
  }
  return fitting;
}

/** What a limit is recommended for. */
interface Load {
  readonly machine: Machine;
  readonly table: Table;
  readonly cost: ObjectCost;
  /** What it is known to want, in entries. */
  readonly demand: number;
  /** What the files want, where the live limit is below it; else 0. */
  readonly configured: number;
}

function configuredAbove(observation: Observation): number {
  const drift = driftOf(observation);
  return drift?.kind === 'below' ? drift.wanted.limit : 0;
}

interface Recommended {
  readonly limit: number;
  readonly reason: Reason;
}

function recommended({ machine, table, cost, demand, configured }: Load): Recommended {
  const { entries, limit: max } = table;
  const load = Math.max(HEADROOM * entries, demand);
  const met = wasMet(machine, table) ? AGAIN * max : 0;
  const most = affordable(machine, cost);
  const wish = Math.max(load, met, unset(machine, table, most));
  if (configured > max && configured >= wish) return { limit: configured, reason: 'configured' };
  if (wish <= max) return enoughFor(max, load, most);
  const limit = powerOfTwo(wish);
  if (limit <= most) return { limit, reason: reasonFor(wish, load, met) };
  return asMemoryAllows(Math.max(most, max), Math.max(powerOfTwo(leastLimit(entries)), configured));
}

function reasonFor(wish: number, load: number, met: number): Reason {
  if (wish === load) return 'filling';
  return wish === met ? 'was_full' : 'no_limit';
}

// A quiet moment tells nothing of the peaks that a table without a limit has taken so far. What the kernel starts with
// on a small machine is less than its memory allows.
function unset(machine: Machine, { limit }: Table, most: number): number {
  return limit === 0 ? Math.min(Math.max(defaultLimit(machine), UNSET), most) : 0;
}

// A limit that no load needs and no memory is for is one that somebody mistyped.
function enoughFor(max: number, load: number, most: number): Recommended {
  const isTooLarge = most < max && most >= Math.max(load, 1);
  return isTooLarge ? { limit: most, reason: 'too_large' } : { limit: max, reason: 'enough' };
}

function asMemoryAllows(most: number, least: number): Recommended {
  return least > most ? { limit: least, reason: 'in_use' } : { limit: most, reason: 'memory' };
}

/** Entries that need a limit above them: what is in use, with room to spare. */
export function leastLimit(count: number): number {
  return Math.ceil(SPARE * count);
}

/** Whether a limit that nobody has raised has been met since boot. A raised one may be what helped then. */
function wasMet(machine: Machine, { limit, statistics }: Table): boolean {
  return limit <= defaultLimit(machine) && hasReachedLimit(statistics, machine.release);
}

function affordable({ memTotal }: Machine, cost: ObjectCost): number {
  if (!memTotal.ok) return Number.POSITIVE_INFINITY;
  const entry = cost.slabBytes / cost.objectsPerSlab + cost.extensionMost;
  const most = (LARGEST_SHARE * memTotal.value) / entry;
  return most < 1 ? 0 : 2 ** Math.floor(Math.log2(most));
}

function powerOfTwo(entries: number): number {
  return Math.min(2 ** Math.ceil(Math.log2(entries)), LARGEST_LIMIT);
}

// Never fewer than there are.
function bucketsFor(machine: Machine, limit: number): number {
  const wish = bucketsOfHashsize(machine, Math.ceil(limit / mostPerBucket(machine)));
  return machine.buckets.ok ? Math.max(wish, machine.buckets.value) : wish;
}

// Eight is what a module makes of its hashsize. From 4.0 on shorter chains are usual, and a quarter still lets
// the kernel find an entry to evict in the eight buckets that it looks into.
function mostPerBucket({ generation, release }: Machine): Plan['perBucket'] {
  return generation === 'nf_conntrack' && release.ok && atLeast(release.value, 4, 0) ? 4 : LIMIT_PER_HASHSIZE;
}

/** expect_max when the module is loaded: four for each of the buckets that expectations have. */
function expectationsFor(buckets: number): number {
  return 4 * Math.max(1, Math.floor(buckets / BUCKETS_PER_EXPECTATION));
}
