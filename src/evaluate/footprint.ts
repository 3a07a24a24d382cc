// Memory that a table of n entries pins (it cannot be swapped): slab objects with their slab waste, extension blocks,
// and, separately, the hash table. Kernel source: net/netfilter/nf_conntrack_core.c (kmem_cache, hash).

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

/** The source of the object size: the flag, the running kernel, or the usual size for this release. */
export type ObjectOrigin = 'given' | 'slabinfo' | 'estimate';

/** Memory per entry, in bytes. */
export interface ObjectCost {
  readonly origin: ObjectOrigin;
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly slabBytes: number;
  /** The extension block counted per entry. */
  readonly extension: number;
  readonly certainty: Certainty;
  /** The maximum extension block per entry. */
  readonly extensionMost: number;
}

/** Slab memory in bytes. */
export interface Footprint {
  readonly objects: number;
  readonly extensions: number;
  readonly total: number;
}

/**
 * Returns the memory per entry: `given` (all-in: no waste, no extension), else slabinfo, else the usual size for this
 * release. Fails only if slabinfo cannot be read and the release is unknown.
 */
export function objectCostOf(machine: Machine, table: Table, given: number | undefined): Reading<ObjectCost> {
  if (given !== undefined) {
    const object = { origin: 'given', objectSize: given, objectsPerSlab: 1, slabBytes: given } as const;
    return { ok: true, value: { ...object, ...NO_BLOCK }, source: '--object-size' };
  }
  const { slabCache, release } = machine;
  if (slabCache.ok) {
    // Without the release, it is unknown if this kernel adds extension blocks.
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

/** Returns the cost of an entry of another table, from that of a known one. */
export function costElsewhere(machine: Machine, cost: ObjectCost, table: Table): ObjectCost {
  return cost.origin === 'given' ? cost : { ...cost, ...blockCost(machine, table) };
}

/** Returns the upper bound, assuming every setting that could not be read. */
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

/** Returns the memory of `entries` entries, in whole slabs. */
export function footprint(cost: ObjectCost, entries: number): Footprint {
  const objects = Math.ceil(entries / cost.objectsPerSlab) * cost.slabBytes;
  const extensions = entries * cost.extension;
  return { objects, extensions, total: objects + extensions };
}

/** Returns the memory of all these tables: they share one slab of objects; extensions differ per namespace. */
export function footprintOf(machine: Machine, cost: ObjectCost, tables: readonly Table[]): Footprint {
  const entries = tables.reduce((sum, table) => sum + table.entries, 0);
  const { objects } = footprint(cost, entries);
  const blocks = tables.map((table) => table.entries * costElsewhere(machine, cost, table).extension);
  const extensions = blocks.reduce((sum, bytes) => sum + bytes, 0);
  return { objects, extensions, total: objects + extensions };
}

/** Returns the certainty of that memory. */
export function certaintyOf(machine: Machine, cost: ObjectCost, tables: readonly Table[]): Certainty {
  const all = tables.filter(({ entries }) => entries > 0).map((table) => costElsewhere(machine, cost, table).certainty);
  const unsure = [...new Set(all.filter((certainty) => certainty !== 'exact'))];
  return unsure.length > 1 ? 'about' : (unsure[0] ?? 'exact');
}

/** Bytes: one pointer per bucket; two before nf_conntrack (struct list_head). */
export function hashTableBytes(machine: Layout & Pick<Machine, 'generation'>, buckets: number): number {
  return buckets * bucketBytes(machine);
}

/** Returns the present size in bytes; undefined if the number of buckets could not be read. */
export function hashTableNow(machine: Layout & Pick<Machine, 'generation' | 'buckets'>): number | undefined {
  const { buckets } = machine;
  return buckets.ok ? hashTableBytes(machine, buckets.value) : undefined;
}

export function bucketBytes(machine: Layout & Pick<Machine, 'generation'>): number {
  return (machine.generation === 'ip_conntrack' ? 2 : 1) * pointerBytes(machine);
}
