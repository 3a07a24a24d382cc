// What a machine is, and what all of its network namespaces have in common.

import type { Reading } from './fault.ts';
import type { Generation } from './generation.ts';

/** Whose tables are looked at: our machine's, the host's through a live `--root`, or a captured tree's. */
export type View = 'own' | 'host' | 'captured';

/** Major and minor of `6.18.44-generic`; 2.6 kernels are not told apart further. */
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

/** Memory that could be given to something new, in bytes. */
export interface Available {
  readonly bytes: number;
  /** Whether it is the kernel's own figure (3.14 and later), or free memory and caches. */
  readonly exact: boolean;
}

/** Sizes in bytes. */
export interface Machine {
  readonly view: View;
  readonly generation: Generation;
  readonly release: Reading<KernelVersion>;
  readonly pageSize: Reading<number>;
  readonly slabCache: Reading<SlabCache>;
  /** Of the hash table that all namespaces share. */
  readonly buckets: Reading<number>;
  readonly memTotal: Reading<number>;
  readonly available: Reading<Available>;
  /** The limit of expectations; ip_conntrack has none. */
  readonly expectMax: Reading<number>;
}
