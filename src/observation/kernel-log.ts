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
}
