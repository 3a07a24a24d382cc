// What the kernel's log says of tables that were full. The kernel writes at most ten such lines in five seconds.

export interface FullLog {
  readonly lines: number;
  /** Local time of the first and of the last of them, `2026-11-23 03:01:44`; absent where there are none. */
  readonly first?: string;
  readonly last?: string;
  /** Seconds since the last one. */
  readonly ago?: number;
  /** The namespaces that were named, as in `net:[N]`, that of the last line first. */
  readonly namespaces: readonly number[];
  /** Each of them, in the order of time. */
  readonly records: readonly LogRecord[];
  /** What it says of other tables that were full; absent where it says nothing of them. */
  readonly others?: readonly OtherFull[];
}

export interface LogRecord {
  /** Seconds since then. */
  readonly ago: number;
  /** Local time. */
  readonly time: string;
  /** N of net:[N]; undefined for the initial namespace, and before 6.18 for every one. */
  readonly namespace: number | undefined;
}

/** A time in which a table was full, as far as the log tells. */
export interface FullSpell {
  readonly lines: number;
  /** Local time of the first and of the last line. */
  readonly first: string;
  readonly last: string;
  /** Seconds between them, and since the last one. */
  readonly seconds: number;
  readonly ago: number;
  /** Spells in the last 15 minutes, with this one, and how many seconds ago the first of them began. */
  readonly times: number;
  readonly began: number;
}

/** The last spell of each table that surely was full. */
export interface FullSpells {
  /** By the key of the table. */
  readonly ofTables: ReadonlyMap<string, FullSpell>;
  /** Of no table that is there: its namespace is gone, or the kernel did not log whose it was. */
  readonly ofOthers: OthersSpell | undefined;
}

export interface OthersSpell {
  readonly spell: FullSpell;
  /** N of its net:[N]; undefined where the kernel wrote none. */
  readonly number: number | undefined;
  /** Whether this kernel writes it, but for the initial namespace; otherwise the lines may be of several tables. */
  readonly isNamed: boolean;
}

/** Lines about a table that is not of connections: of expected ones, or of neighbours. */
export interface OtherFull {
  readonly of: OtherTable;
  readonly lines: number;
  /** Seconds since the last one. */
  readonly ago: number;
}

export type OtherTable = 'expectations' | 'neighbours';
