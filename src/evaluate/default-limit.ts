// Which limit the kernel starts with where nobody sets one: nf_conntrack_init_start(), and ip_conntrack's before it.

import { wholePages } from '../observation/generation.ts';
import type { Machine } from '../observation/machine.ts';
import { atLeast } from './kernel-version.ts';

/** Buckets above 1 GB and above 4 GB of memory, the fewest with less, and entries for each of them. */
interface Defaults {
  readonly large: number;
  readonly huge: number;
  readonly fewest: number;
  readonly each: number;
}

const SINCE_5_15: Defaults = { large: 65_536, huge: 262_144, fewest: 1024, each: 1 };
const SINCE_4_0: Defaults = { large: 16_384, huge: 65_536, fewest: 32, each: 4 };
const BEFORE: Defaults = { large: 16_384, huge: 16_384, fewest: 32, each: 4 };
const IP_CONNTRACK: Defaults = { large: 8192, huge: 8192, fewest: 16, each: 8 };

const GIB = 2 ** 30;
// A pointer for each 16 KiB.
const BYTES_PER_BUCKET = 16_384 * 8;

type Known = Pick<Machine, 'generation' | 'release' | 'memTotal'>;

/** Entries. Of a machine whose memory is not known, what one of more than 1 GB has. */
export function defaultLimit(machine: Known): number {
  const defaults = defaultsOf(machine);
  return defaults.each * bucketsFor(defaults, machine.memTotal.ok ? machine.memTotal.value : GIB + 1);
}

function bucketsFor({ large, huge, fewest }: Defaults, memory: number): number {
  if (memory > 4 * GIB) return huge;
  if (memory > GIB) return large;
  return wholePages(Math.max(fewest, Math.floor(memory / BYTES_PER_BUCKET)));
}

function defaultsOf({ generation, release }: Known): Defaults {
  if (generation === 'ip_conntrack') return IP_CONNTRACK;
  if (!release.ok) return BEFORE;
  const { major, minor } = release.value;
  if (atLeast(release.value, 5, 15)) return SINCE_5_15;
  // EL7's 3.10 has it too.
  return atLeast(release.value, 4, 0) || (major === 3 && minor === 10) ? SINCE_4_0 : BEFORE;
}
