// The table of the kernel's counters: for each, the kernel's name, other names, the first kernel that has it, and its
// meaning. Metrics, rates, state files, help, Munin, Prometheus and the JSON schema are derived from it; the texts for
// each are in words/counter-words.ts.

/** A column of `/proc/net/stat/nf_conntrack`, summed over the CPUs. */
export interface CounterSpec {
  /** Names in conntrack(8)'s output: its own name, and the kernel's earlier one. */
  readonly toolKeys: readonly string[];
  /** The first kernel that has it; absent if every kernel does. */
  readonly since?: readonly [major: number, minor: number];
  /**
   * Meaning of one event: a packet lost; a packet lost that another counter may count too; an entry evicted; a packet
   * not tracked.
   */
  readonly means: 'loss' | 'overlap' | 'eviction' | 'untracked';
}

/** In the order of the performance data. */
export const COUNTERS = {
  drop: { toolKeys: ['drop'], means: 'loss' },
  early_drop: { toolKeys: ['early_drop'], means: 'eviction' },
  insert_failed: { toolKeys: ['insert_failed'], means: 'overlap' },
  chainlength: { toolKeys: ['chaintoolong', 'chainlength'], since: [5, 15], means: 'loss' },
  invalid: { toolKeys: ['invalid'], means: 'untracked' },
} as const satisfies Readonly<Record<string, CounterSpec>>;

export type CounterName = keyof typeof COUNTERS;
export type RateName = `${CounterName}_rate`;

/** Calls `make` for each counter. */
export function byCounter<T>(make: (name: CounterName) => T): Readonly<Record<CounterName, T>> {
  return {
    drop: make('drop'),
    early_drop: make('early_drop'),
    insert_failed: make('insert_failed'),
    chainlength: make('chainlength'),
    invalid: make('invalid'),
  };
}

/** Calls `make` for the rate of each counter. */
export function byRate<T>(make: (name: CounterName) => T): Readonly<Record<RateName, T>> {
  return {
    drop_rate: make('drop'),
    early_drop_rate: make('early_drop'),
    insert_failed_rate: make('insert_failed'),
    chainlength_rate: make('chainlength'),
    invalid_rate: make('invalid'),
  };
}

/** All names, in the order of the performance data. */
export const COUNTER_NAMES: readonly CounterName[] = Object.values(byCounter((name) => name));

/**
 * Columns that are kept with the counters but are not metrics. `clashres`: resolved clashes, which lose no packet;
 * before 5.10 insert_failed counts these. `icmp_error`: on kernels with ip_conntrack each of them also raises
 * `invalid`.
 */
const BESIDE = { clashres: ['clash_resolve', 'clashres'], icmp_error: ['error', 'icmp_error'] } as const;

export type ColumnName = CounterName | keyof typeof BESIDE;
export const COLUMN_NAMES: readonly ColumnName[] = [...COUNTER_NAMES, 'clashres', 'icmp_error'];
const ALL_COLUMN_NAMES: readonly string[] = COLUMN_NAMES;

/** The names of a column in conntrack(8)'s output. */
export function toolKeys(name: ColumnName): readonly string[] {
  return name === 'clashres' || name === 'icmp_error' ? BESIDE[name] : COUNTERS[name].toolKeys;
}

/** Returns the spec under its general type. */
export function counterSpec(name: CounterName): CounterSpec {
  return COUNTERS[name];
}

export function isColumnName(name: string): name is ColumnName {
  return ALL_COLUMN_NAMES.includes(name);
}

/** Unsigned 32-bit counters, or events, by column; a column that the source lacks has no key. */
export type Counters = Readonly<Partial<Record<ColumnName, number>>>;

export interface Statistics {
  /** The namespace's entries, if the source prints them (`conntrack -S` does not). */
  readonly entries?: number;
  /** One element per possible CPU, in the source's order. */
  readonly cpus: readonly Counters[];
}
