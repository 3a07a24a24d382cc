// What a table of n entries costs in memory that cannot be swapped: slab objects with the waste of their
// slabs, extension blocks, and the hash table apart.
// Kernel source: net/netfilter/nf_conntrack_core.c (kmem_cache, hash), nf_conntrack_extend.c (extensions).

import type { Reading } from '../observation/fault.ts';
import type { KernelVersion, Machine, SlabCache } from '../observation/machine.ts';
import type { ExtensionSettings, Table } from '../observation/table.ts';
import { atLeast } from './kernel-version.ts';

/** Where the object size comes from: the flag, the running kernel, or this release's usual figure. */
export type ObjectOrigin = 'given' | 'slabinfo' | 'estimate';

/** What one entry costs. Sizes in bytes. */
export interface ObjectCost {
  readonly origin: ObjectOrigin;
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly slabBytes: number;
  /** The extension block of each entry; 0 where the kernel allocates none or it is not known. */
  readonly extension: number;
}

/** Either figure in bytes, its parts apart. */
export interface Footprint {
  readonly objects: number;
  readonly extensions: number;
  readonly total: number;
}

// All three sizes are x86_64's; the extension block is a power-of-two kmalloc of this size from 4.12 on.
const EXTENSION_BLOCK = 128;
const DEFAULT_PAGE = 4096;
const POINTER = 8;

/**
 * What one entry costs: `given` (all-in: no waste, no extension), else slabinfo, else this release's usual size.
 * Fails only when slabinfo could not be read and the release does not tell either.
 */
export function objectCost(machine: Machine, table: Table, given: number | undefined): Reading<ObjectCost> {
  if (given !== undefined) {
    const cost = { origin: 'given', objectSize: given, objectsPerSlab: 1, slabBytes: given, extension: 0 } as const;
    return { ok: true, value: cost, source: '--object-size' };
  }
  const { slabCache, release } = machine;
  if (slabCache.ok) {
    // Without the release it is not known whether this kernel adds extension blocks.
    const origin = release.ok ? 'slabinfo' : 'estimate';
    const cost = { origin, ...slabGeometry(slabCache.value, pageBytes(machine)) } as const;
    return { ok: true, value: { ...cost, extension: extensionBytes(machine, table) }, source: slabCache.source };
  }
  return estimatedCost(machine, table);
}

function estimatedCost(machine: Machine, table: Table): Reading<ObjectCost> {
  const { release } = machine;
  if (!release.ok) return release;
  const objectSize = usualObjectSize(release.value);
  const page = pageBytes(machine);
  const objectsPerSlab = Math.floor(page / objectSize);
  const cost = { origin: 'estimate', objectSize, objectsPerSlab, slabBytes: page } as const;
  return { ok: true, value: { ...cost, extension: extensionBytes(machine, table) }, source: release.source };
}

function pageBytes({ pageSize }: Machine): number {
  return pageSize.ok ? pageSize.value : DEFAULT_PAGE;
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

/** One pointer for each bucket. */
export function hashTableBytes(buckets: number): number {
  return buckets * POINTER;
}

/**
 * 4.12 to 5.18 allocate the block for every entry unless events are off; later kernels only where accounting,
 * timestamps or an event listener ask for it. Before 4.12 blocks vary in size with what uses them: not counted.
 */
function extensionBytes({ generation, release }: Machine, { extensions }: Table): number {
  if (generation === 'ip_conntrack' || (release.ok && !atLeast(release.value, 4, 12))) return 0;
  return usesExtension(extensions, !release.ok || atLeast(release.value, 5, 19)) ? EXTENSION_BLOCK : 0;
}

function usesExtension({ acct, timestamp, events, listener }: ExtensionSettings, onDemand: boolean): boolean {
  const on = (setting: Reading<number>) => setting.ok && setting.value !== 0;
  if (on(acct) || on(timestamp)) return true;
  const mode = eventsMode(events, onDemand);
  if (mode === 0) return false;
  return !onDemand || mode === 1 || (listener.ok && listener.value);
}

// A kernel without the switch has no events; one whose switch cannot be seen is taken at its default.
function eventsMode(events: Reading<number>, onDemand: boolean): number {
  if (events.ok) return events.value;
  if (events.fault.kind === 'missing') return 0;
  return onDemand ? 2 : 1;
}
