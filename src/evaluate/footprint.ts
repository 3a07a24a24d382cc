// What a table of n entries costs in memory that cannot be swapped: slab objects with the waste of their
// slabs, extension blocks, and the hash table apart.
// Kernel source: net/netfilter/nf_conntrack_core.c (kmem_cache, hash).

import type { Reading } from '../model/fault.ts';
import {
  type KernelVersion,
  type Layout,
  type Machine,
  pageBytes,
  pointerBytes,
  type SlabCache,
} from '../model/machine.ts';
import type { Table } from '../model/table.ts';
import { type Certainty, extensionOf } from './extensions.ts';
import { atLeast } from './kernel-version.ts';

/** Where the object size comes from: the flag, the running kernel, or this release's usual figure. */
export type ObjectOrigin = 'given' | 'slabinfo' | 'estimate';

/** What one entry costs. Sizes in bytes. */
export interface ObjectCost {
  readonly origin: ObjectOrigin;
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly slabBytes: number;
  /** The extension block that is counted for each entry. */
  readonly extension: number;
  /** How sure that is. */
  readonly certainty: Certainty;
  /** What it may be at the most. */
  readonly extensionMost: number;
}

/** Either figure in bytes, its parts apart. */
export interface Footprint {
  readonly objects: number;
  readonly extensions: number;
  readonly total: number;
}

/**
 * What one entry costs: `given` (all-in: no waste, no extension), else slabinfo, else this release's usual size.
 * Fails only when slabinfo could not be read and the release does not tell either.
 */
export function objectCostOf(machine: Machine, table: Table, given: number | undefined): Reading<ObjectCost> {
  if (given !== undefined) {
    const whole = { origin: 'given', objectSize: given, objectsPerSlab: 1, slabBytes: given } as const;
    return { ok: true, value: { ...whole, ...NO_BLOCK }, source: '--object-size' };
  }
  const { slabCache, release } = machine;
  if (slabCache.ok) {
    // Without the release it is not known whether this kernel adds extension blocks.
    const origin = release.ok ? 'slabinfo' : 'estimate';
    const cost = { origin, ...slabGeometry(slabCache.value, pageBytes(machine)) } as const;
    return { ok: true, value: { ...cost, ...blockCost(machine, table) }, source: slabCache.source };
  }
  return estimatedCost(machine, table);
}

const NO_BLOCK = { extension: 0, certainty: 'exact', extensionMost: 0 } as const;

function blockCost(machine: Machine, table: Table): Pick<ObjectCost, keyof typeof NO_BLOCK> {
  const { bytes, certainty, most } = extensionOf(machine, table);
  return { extension: bytes, certainty, extensionMost: most };
}

/** The cost of an entry of another table, where that of one is known. */
export function costElsewhere(machine: Machine, cost: ObjectCost, table: Table): ObjectCost {
  return cost.origin === 'given' ? cost : { ...cost, ...blockCost(machine, table) };
}

/** The same with all that cannot be seen. */
export function atMost(cost: ObjectCost): ObjectCost {
  return { ...cost, extension: cost.extensionMost };
}

function estimatedCost(machine: Machine, table: Table): Reading<ObjectCost> {
  const { release } = machine;
  if (!release.ok) return release;
  const objectSize = usualObjectSize(release.value);
  const page = pageBytes(machine);
  const objectsPerSlab = Math.floor(page / objectSize);
  const cost = { origin: 'estimate', objectSize, objectsPerSlab, slabBytes: page } as const;
  return { ok: true, value: { ...cost, ...blockCost(machine, table) }, source: release.source };
}

function slabGeometry(cache: SlabCache, page: number) {
  const { objectSize, objectsPerSlab, pagesPerSlab } = cache;
  return { objectSize, objectsPerSlab, slabBytes: pagesPerSlab * page };
}

function usualObjectSize(version: KernelVersion): number {
  if (atLeast(version, 5, 19)) return 256;
  return atLeast(version, 3, 0) ? 320 : 304;
}

/** What `entries` entries hold, by whole slabs. */
export function footprint(cost: ObjectCost, entries: number): Footprint {
  const objects = Math.ceil(entries / cost.objectsPerSlab) * cost.slabBytes;
  const extensions = entries * cost.extension;
  return { objects, extensions, total: objects + extensions };
}

/** What the entries of all these tables hold: the slab of objects is one, each namespace has its own extensions. */
export function footprintOf(machine: Machine, cost: ObjectCost, tables: readonly Table[]): Footprint {
  const entries = tables.reduce((sum, table) => sum + table.entries, 0);
  const { objects } = footprint(cost, entries);
  const blocks = tables.map((table) => table.entries * costElsewhere(machine, cost, table).extension);
  const extensions = blocks.reduce((sum, bytes) => sum + bytes, 0);
  return { objects, extensions, total: objects + extensions };
}

/** How sure that is. */
export function certaintyOf(machine: Machine, cost: ObjectCost, tables: readonly Table[]): Certainty {
  const all = tables.filter(({ entries }) => entries > 0).map((table) => costElsewhere(machine, cost, table).certainty);
  const unsure = [...new Set(all.filter((one) => one !== 'exact'))];
  return unsure.length > 1 ? 'about' : (unsure[0] ?? 'exact');
}

/** Bytes: a pointer for each bucket, and two before nf_conntrack (struct list_head). */
export function hashTableBytes(machine: Layout & Pick<Machine, 'generation'>, buckets: number): number {
  return buckets * bucketBytes(machine);
}

/** The hash table as it is; undefined if its buckets could not be read. */
export function hashTableNow(machine: Layout & Pick<Machine, 'generation' | 'buckets'>): number | undefined {
  const { buckets } = machine;
  return buckets.ok ? hashTableBytes(machine, buckets.value) : undefined;
}

export function bucketBytes(machine: Layout & Pick<Machine, 'generation'>): number {
  return (machine.generation === 'ip_conntrack' ? 2 : 1) * pointerBytes(machine);
}
