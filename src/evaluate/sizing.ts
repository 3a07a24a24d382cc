// The cost of a limit on this machine, the number of buckets for it, and, if none is requested, the limit that load and
// memory suggest.

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

/** The reason for the limit: requested, or the figure that suggests it. */
export type Reason = 'asked' | 'configured' | 'enough' | 'filling' | 'no_limit' | 'memory' | 'in_use' | 'too_large';

export interface Plan {
  readonly limit: number;
  readonly reason: Reason;
  readonly buckets: number;
  /** Entries per bucket planned for this kernel. */
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
  /** Bytes beyond the current memory, including parts that are not seen. */
  readonly extraBytes: number;
  /** True if the extra bytes are available. */
  readonly fits: boolean | undefined;
  /** The largest limit that fits, if this one does not. */
  readonly largest: number | undefined;
  /** Why no command is given: the limit does not fit into memory, or is not above the entries in use. */
  readonly obstacle: 'memory' | 'in use' | undefined;
  /** True if this limit, or an earlier one, has been reached since boot. */
  readonly hasMetLimit: boolean;
  /** True if this kernel, with the current buckets, refuses entries before the table is full. */
  readonly refusesNow: boolean;
  /** The limit that the machine's files set now. */
  readonly configured: WantedLimit | undefined;
}

const BUCKETS_PER_EXPECTATION = 256;
// Room for four times the current load, but at most twice the current limit.
export const HEADROOM = 4;
const AGAIN = 2;
// A full table pins memory: a recommended limit takes at most this share of RAM.
const LARGEST_SHARE = 1 / 8;
const UNSET = 65_536;
// The entries in use must fit, whatever they cost.
const SPARE = 1.25;
// The kernel keeps it in an int.
const LARGEST_LIMIT = 2 ** 31 - 1;

/**
 * Plans for the load of `table`, of any namespace. `asked` is the requested limit, `demand` the entries that the load is
 * known to need. Fails if the size of an entry is unknown.
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
  const extraFor = (max: number) => beyondNow(load, max);
  const fits = available.ok ? extraFor(limit) <= available.value.bytes : undefined;
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
    extraBytes: extraFor(limit),
    fits,
    obstacle: obstacleTo(limit, table, fits),
    largest: fits === false && available.ok ? largestWithin(available.value.bytes, limit, extraFor) : undefined,
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

/** Returns the bytes that a full table of `limit` entries takes beyond the current memory. */
function beyondNow({ machine, table, cost }: Load, limit: number): number {
  const most = atMost(cost);
  const hashTable = hashTableBytes(machine, bucketsFor(machine, limit)) - (hashTableNow(machine) ?? 0);
  return footprint(most, limit).total - footprint(most, table.entries).total + Math.max(0, hashTable);
}

/** Returns the largest limit below `tooLarge` that takes at most `bytes`, by bisection. */
function largestWithin(bytes: number, tooLarge: number, extraFor: (limit: number) => number): number {
  let [fitting, above] = [0, tooLarge];
  while (above - fitting > 1) {
    const middle = Math.floor((fitting + above) / 2);
    if (extraFor(middle) <= bytes) fitting = middle;
    else above = middle;
  }
  return fitting;
}

/** The figures that a limit is recommended for. */
interface Load {
  readonly machine: Machine;
  readonly table: Table;
  readonly cost: ObjectCost;
  /** Entries that the load is known to need. */
  readonly demand: number;
  /** The limit that the files set, if the live limit is below it; else 0. */
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

// Each figure grows with the load in steps of a page of buckets, so that one more entry never doubles the limit.
function recommended(load: Load): Recommended {
  const { machine, table, cost, configured } = load;
  const { entries, limit: now } = table;
  const most = affordable(machine, cost);
  const wish = wishFor(load, most);
  const least = inSteps(machine, leastLimit(entries));
  // A current limit beyond both load and memory is a typing mistake.
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

// A table that is nearly full does not show the demand, and four times a flood would be too much: twice the limit.
function loadOf({ entries, limit }: Table): number {
  return Math.min(HEADROOM * entries, AGAIN * Math.max(limit, entries));
}

// A quiet moment does not show the peaks of a table without a limit. The kernel's default on a small machine is less than
// its memory allows.
function unset({ machine, table }: Load, most: number): number {
  return table.limit === 0 ? Math.min(Math.max(defaultLimit(machine), UNSET), most) : 0;
}

/** Returns the least limit for so many entries in use, with some to spare. */
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

// Never fewer than the current buckets.
function bucketsFor(machine: Machine, limit: number): number {
  const wish = Math.min(
    bucketsOfHashsize(machine, Math.ceil(limit / mostPerBucket(machine))),
    largestHashsize(machine),
  );
  return machine.buckets.ok ? Math.max(wish, machine.buckets.value) : wish;
}

// Eight is the ratio of the module. From 4.0 on shorter chains are usual, and with four per bucket the kernel still finds
// an entry to evict in the eight buckets that it scans.
function mostPerBucket({ generation, release }: Pick<Machine, 'generation' | 'release'>): Plan['perBucket'] {
  return generation === 'nf_conntrack' && release.ok && atLeast(release.value, 4, 0) ? 4 : LIMIT_PER_HASHSIZE;
}

/** Returns expect_max as set when the module is loaded: four per bucket of the expectation table. */
function expectationsFor(buckets: number): number {
  return 4 * Math.max(1, Math.floor(buckets / BUCKETS_PER_EXPECTATION));
}
