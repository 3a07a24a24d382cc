// Facts about a machine that all of its network namespaces share.

import type { Reading } from './fault.ts';
import type { Generation } from './generation.ts';

/** The machine whose tables are read: ours, the host through a live `--root`, or a captured tree. */
export type View = 'own' | 'host' | 'captured';

/** Major and minor of `6.18.44-generic`; 2.6 kernels are not distinguished further. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** One row of `/proc/slabinfo`; sizes in bytes, a slab in pages. */
export interface SlabCache {
  readonly name: string;
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly pagesPerSlab: number;
}

/** The sizes that determine the kernel's hash table; those of x86-64 if unknown. */
export type Layout = Partial<Pick<Machine, 'pageSize' | 'wordSize'>>;

/** Memory available for new allocations, in bytes. */
export interface Available {
  readonly bytes: number;
  /** True for the kernel's own figure (3.14 and later); false for free memory plus caches. */
  readonly exact: boolean;
}

/** Sizes in bytes. */
export interface Machine {
  readonly view: View;
  readonly generation: Generation;
  readonly release: Reading<KernelVersion>;
  readonly pageSize: Reading<number>;
  /** Size of a pointer. */
  readonly wordSize: Reading<number>;
  readonly slabCache: Reading<SlabCache>;
  /** Size of the hash table that all namespaces share. */
  readonly buckets: Reading<number>;
  readonly memTotal: Reading<number>;
  readonly available: Reading<Available>;
  /** The limit of expectations; ip_conntrack has none. */
  readonly expectMax: Reading<number>;
}

const USUAL_PAGE = 4096;
const USUAL_WORD = 8;

/** In bytes. */
export function pointerBytes({ wordSize }: Layout): number {
  return wordSize?.ok === true ? wordSize.value : USUAL_WORD;
}

/** In bytes. */
export function pageBytes({ pageSize }: Layout): number {
  return pageSize?.ok === true ? pageSize.value : USUAL_PAGE;
}

/** Rounds up to whole pages of pointers, as nf_ct_alloc_hashtable() does. */
export function wholePages(layout: Layout, buckets: number): number {
  const inPage = pageBytes(layout) / pointerBytes(layout);
  return inPage * Math.ceil(buckets / inPage);
}

/**
 * Returns the largest number of buckets that a kernel accepts. They take at most INT_MAX bytes, and eight times their
 * number, the limit, fits an int.
 */
export function largestHashsize(layout: Layout): number {
  return wholePages(layout, 2 ** 28) - wholePages(layout, 1);
}
