// Everything that one reading of a machine gave, as plain data: acquire's result, evaluate's input.

import type { Configuration, Evidence } from './configuration.ts';
import type { Fault, Reading } from './fault.ts';
import type { Machine } from './machine.ts';
import type { Table, UnreadTable } from './table.ts';

/** How much of the machine was visible. */
export interface Visibility {
  /**
   * `own`: other users' processes are hidden; `container`: so is everything outside the container; `tree`: no
   * processes.
   */
  readonly processes: 'all' | 'own' | 'container' | 'tree';
  /** The hidepid option that hides them, as mount(8) spells it. */
  readonly hidepid: string | undefined;
  /** True if /proc can be listed. */
  readonly listed: boolean;
  /** Namespaces kept by a mount that could not be entered, or not distinguished from those already found. */
  readonly mounts: number;
  /** True if the mounts could be read. */
  readonly mountsKnown: boolean;
  /** The least number of namespaces, including ours. */
  readonly atLeast: number;
}

/** The machine's own clock. */
export interface BootClock {
  /** `/proc/sys/kernel/random/boot_id`, which changes with each boot. */
  readonly boot: string;
  /** Seconds since boot, from `/proc/uptime`. */
  readonly uptime: number;
}

export interface Observation {
  readonly machine: Machine;
  /** Ours first. */
  readonly tables: readonly [own: Table, ...others: Table[]];
  /** Namespaces that were found but whose tables could not be read. */
  readonly unread: readonly UnreadTable[];
  /** Undefined if only our own namespace was read. */
  readonly visibility: Reading<Visibility> | undefined;
  /** Undefined if not requested. */
  readonly clock: Reading<BootClock> | undefined;
  /** Undefined if not requested, and outside the initial namespace, which the configured limit applies to. */
  readonly configuration: Configuration | undefined;
  /** Undefined if not requested. */
  readonly evidence: Evidence | undefined;
}

/** The result of observing a machine. */
export type Observed =
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'table'; readonly observation: Observation };
