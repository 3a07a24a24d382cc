// What a limit costs on this machine, which number of buckets goes with it, and, where none is asked for, which limit
// its load and its memory suggest.

import type { Reading } from '../model/fault.ts';
import { LIMIT_PER_HASHSIZE } from '../model/generation.ts';
import { type Layout, largestHashsize, type Machine, wholePages } from '../model/machine.ts';
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
export type Reason = 'asked' | 'configured' | 'enough' | 'filling' | 'no_limit' | 'memory' | 'in_use' | 'too_large';

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
  /** Why no command sets it: it does not fit into memory, or it is no more than what is in use. */
  readonly obstacle: 'memory' | 'in use' | undefined;
  /** Whether this limit, or one before it, was met since boot. */
  readonly hasMetLimit: boolean;
  /** Whether this kernel, with the present buckets, refuses entries before the table is full. */
  readonly refusesNow: boolean;
  /** What the files of the machine set now. */
  readonly configured: WantedLimit | undefined;
}

const BUCKETS_PER_EXPECTATION = 256;
// Enough room for four times the present load, but no more than twice the present limit.
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
    obstacle: obstacleTo(limit, table, fits),
    largest: fits === false && available.ok ? largestWithin(available.value.bytes, limit, more) : undefined,
    hasMetLimit: hasReachedLimit(table.statistics, machine.release),
    refusesNow: refusesBelowLimit(machine, table),
    configured: configuration === undefined ? undefined : wantedLimit(configuration, observation),
  };
  return { ok: true, value: plan, source: table.limitSource };
}

function obstacleTo(limit: number, { entries }: Table, fits: boolean | undefined): Plan['obstacle'] {
  if (fits === false) return 'memory';
  return limit > 0 && limit <= entries ? 'in use' : undefined;
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

// Each figure grows with the load and in steps of a page of buckets: one entry more never doubles what is recommended.
function recommended(load: Load): Recommended {
  const { machine, table, cost, configured } = load;
  const { entries, limit: now } = table;
  const most = affordable(machine, cost);
  const wish = wishFor(load, most);
  const least = inSteps(machine, leastLimit(entries));
  // A present limit that no load needs and no memory is for is one that somebody mistyped.
  const kept = Math.max(Math.min(now, Math.max(most, wish, bucketPage(machine))), configured);
  const limit = Math.max(kept, Math.min(wish, most), least);
  if (configured > now && limit === configured) return { limit, reason: 'configured' };
  if (wish <= now) return { limit, reason: limit < now ? 'too_large' : 'enough' };
  if (wish <= most) return { limit, reason: wish === unset(load, most) ? 'no_limit' : 'filling' };
  return { limit, reason: limit > Math.max(kept, most) ? 'in_use' : 'memory' };
}

function wishFor(load: Load, most: number): number {
  const wish = Math.max(loadOf(load.table), leastLimit(load.demand), unset(load, most));
  return inSteps(load.machine, wish);
}

// A table that is nearly full does not show how much wants in, and a flood that fills it wants four times as much at
// once: it gets twice the limit.
function loadOf({ entries, limit }: Table): number {
  return Math.min(HEADROOM * entries, AGAIN * Math.max(limit, entries));
}

// A quiet moment tells nothing of the peaks that a table without a limit has taken so far. What the kernel starts with
// on a small machine is less than its memory allows.
function unset({ machine, table }: Load, most: number): number {
  return table.limit === 0 ? Math.min(Math.max(defaultLimit(machine), UNSET), most) : 0;
}

/** Entries that need a limit above them: what is in use, with room to spare. */
export function leastLimit(count: number): number {
  return Math.ceil(SPARE * count);
}

function affordable({ memTotal, ...machine }: Machine, cost: ObjectCost): number {
  if (!memTotal.ok) return Number.POSITIVE_INFINITY;
  const entry = cost.slabBytes / cost.objectsPerSlab + cost.extensionMost;
  const step = bucketPage(machine);
  return step * Math.floor((LARGEST_SHARE * memTotal.value) / entry / step);
}

function inSteps(machine: Machine, entries: number): number {
  const step = bucketPage(machine);
  return Math.min(step * Math.ceil(entries / step), LARGEST_LIMIT);
}

/** The entries that a page of buckets is planned for. */
function bucketPage(machine: Layout & Pick<Machine, 'generation' | 'release'>): number {
  return mostPerBucket(machine) * wholePages(machine, 1);
}

// Never fewer than there are.
function bucketsFor(machine: Machine, limit: number): number {
  const wish = Math.min(
    bucketsOfHashsize(machine, Math.ceil(limit / mostPerBucket(machine))),
    largestHashsize(machine),
  );
  return machine.buckets.ok ? Math.max(wish, machine.buckets.value) : wish;
}

// Eight is what a module makes of its hashsize. From 4.0 on shorter chains are usual, and a quarter still lets
// the kernel find an entry to evict in the eight buckets that it looks into.
function mostPerBucket({ generation, release }: Pick<Machine, 'generation' | 'release'>): Plan['perBucket'] {
  return generation === 'nf_conntrack' && release.ok && atLeast(release.value, 4, 0) ? 4 : LIMIT_PER_HASHSIZE;
}

/** expect_max when the module is loaded: four for each of the buckets that expectations have. */
function expectationsFor(buckets: number): number {
  return 4 * Math.max(1, Math.floor(buckets / BUCKETS_PER_EXPECTATION));
}
