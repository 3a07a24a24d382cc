// Lines of the kernel's log about full tables. The kernel writes at most ten such lines in five seconds.

export interface FullLog {
  readonly lines: number;
  /** Local time of the first and the last line, `2026-11-23 03:01:44`; absent if there are none. */
  readonly first?: string;
  readonly last?: string;
  /** Seconds since the last line. */
  readonly ago?: number;
  /** The namespaces that the lines name, as N of `net:[N]`, that of the last line first. */
  readonly namespaces: readonly number[];
  /** Every line, in order of time. */
  readonly records: readonly LogRecord[];
  /** Lines about other kinds of tables that were full; absent if there are none. */
  readonly others?: readonly OtherFull[];
}

export interface LogRecord {
  /** Seconds since the line. */
  readonly ago: number;
  /** Local time. */
  readonly time: string;
  /** N of net:[N]; undefined for the initial namespace, and before 6.18 for every namespace. */
  readonly namespace: number | undefined;
}

/** A period in which a table was full, as far as the log shows. */
export interface FullSpell {
  readonly lines: number;
  /** Local time of the first and the last line. */
  readonly first: string;
  readonly last: string;
  /** Seconds between the first and the last line, and since the last one. */
  readonly seconds: number;
  readonly ago: number;
  /** Number of periods in the last 15 minutes, including this one, and seconds since the first of them began. */
  readonly times: number;
  readonly began: number;
  /** All lines of the table, with those of spells before. */
  readonly allLines: number;
}

/** The last period of each table that was certainly full. */
export interface FullSpells {
  /** By the key of the table. */
  readonly ofTables: ReadonlyMap<string, FullSpell>;
  /** Belongs to no existing table: its namespace is gone, or the kernel did not log which it was. */
  readonly ofOthers: OthersSpell | undefined;
}

export interface OthersSpell {
  readonly spell: FullSpell;
  /** N of its net:[N]; undefined if the kernel did not print it. */
  readonly number: number | undefined;
  /**
   * True if this kernel prints the namespace (except the initial one); otherwise the lines may be about several tables.
   */
  readonly isNamed: boolean;
}

/** Lines about a table of another kind: expectations or neighbours. */
export interface OtherFull {
  readonly of: OtherTable;
  readonly lines: number;
  /** Seconds since the last line. */
  readonly ago: number;
}

export type OtherTable = 'expectations' | 'neighbours';
