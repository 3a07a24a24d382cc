// The one table of the kernel's counters: each under the kernel's name, with what else it is called, since when it is
// there, and what it tells. Metrics, rates, state files, help, Munin, Prometheus and the JSON schema derive from it; the
// words for each are in words/counter-words.ts.

/** A column of `/proc/net/stat/nf_conntrack`, summed over the CPUs. */
export interface CounterSpec {
  /** What conntrack(8) has called it: its own name, and the kernel's before. */
  readonly toolKeys: readonly string[];
  /** The first kernel that has it; absent where every kernel does. */
  readonly since?: readonly [major: number, minor: number];
  /**
   * What each event of it means: a packet that was lost; one that was, which another counter may count too; an entry that
   * had to make room; a packet that is not tracked.
   */
  readonly means: 'loss' | 'overlap' | 'eviction' | 'untracked';
}

/** In the order of perfdata. */
export const COUNTERS = {
  drop: { toolKeys: ['drop'], means: 'loss' },
  early_drop: { toolKeys: ['early_drop'], means: 'eviction' },
  insert_failed: { toolKeys: ['insert_failed'], means: 'overlap' },
  chainlength: { toolKeys: ['chaintoolong', 'chainlength'], since: [5, 15], means: 'loss' },
  invalid: { toolKeys: ['invalid'], means: 'untracked' },
} as const satisfies Readonly<Record<string, CounterSpec>>;

export type CounterName = keyof typeof COUNTERS;
export type RateName = `${CounterName}_rate`;

/** One thing for each counter. */
export function byCounter<T>(make: (name: CounterName) => T): Readonly<Record<CounterName, T>> {
  return {
    drop: make('drop'),
    early_drop: make('early_drop'),
    insert_failed: make('insert_failed'),
    chainlength: make('chainlength'),
    invalid: make('invalid'),
  };
}

/** One thing for the rate of each counter. */
export function byRate<T>(make: (name: CounterName) => T): Readonly<Record<RateName, T>> {
  return {
    drop_rate: make('drop'),
    early_drop_rate: make('early_drop'),
    insert_failed_rate: make('insert_failed'),
    chainlength_rate: make('chainlength'),
    invalid_rate: make('invalid'),
  };
}

/** Every name, in the order of perfdata. */
export const COUNTER_NAMES: readonly CounterName[] = Object.values(byCounter((name) => name));

/**
 * Columns that are kept next to them and are not metrics. `clashres`: clashes that were resolved, with no packet lost;
 * before 5.10 insert_failed counts these. `icmp_error`: on ip_conntrack's kernels each of them raises `invalid` as well.
 */
const BESIDE = { clashres: ['clash_resolve', 'clashres'], icmp_error: ['error', 'icmp_error'] } as const;

export type ColumnName = CounterName | keyof typeof BESIDE;
export const COLUMN_NAMES: readonly ColumnName[] = [...COUNTER_NAMES, 'clashres', 'icmp_error'];
const ALL_COLUMN_NAMES: readonly string[] = COLUMN_NAMES;

/** What conntrack(8) has called a column. */
export function toolKeys(name: ColumnName): readonly string[] {
  return name === 'clashres' || name === 'icmp_error' ? BESIDE[name] : COUNTERS[name].toolKeys;
}

/** The spec under its general type. */
export function counterSpec(name: CounterName): CounterSpec {
  return COUNTERS[name];
}

export function isColumnName(name: string): name is ColumnName {
  return ALL_COLUMN_NAMES.includes(name);
}

/** Unsigned 32-bit figures, or events, by column; one that is not told has no key. */
export type Counters = Readonly<Partial<Record<ColumnName, number>>>;

export interface Statistics {
  /** The namespace's entries, where the source tells (`conntrack -S` does not). */
  readonly entries?: number;
  /** One element for each possible CPU, in the source's order. */
  readonly cpus: readonly Counters[];
}
