// Everything that one look at a machine has found, as plain data: what acquire gives to evaluate.

import type { Configuration, Evidence } from './configuration.ts';
import type { Fault, Reading } from './fault.ts';
import type { Machine } from './machine.ts';
import type { Table, UnreadTable } from './table.ts';

/** Whether what was found is all that there is. */
export interface Visibility {
  /** `own`: other users' processes are hidden from us; `container`: so is what is outside of it; `tree`: no processes. */
  readonly processes: 'all' | 'own' | 'container' | 'tree';
  /** Why they are hidden, as mount(8) spells the option of /proc. */
  readonly hidepid: string | undefined;
  /** Whether /proc may be listed. */
  readonly listed: boolean;
  /** Namespaces that a mount keeps, and that we may not enter or cannot tell from those that were found. */
  readonly mounts: number;
  /** Whether we may know what is mounted. */
  readonly mountsKnown: boolean;
  /** How many namespaces there must be, with ours. */
  readonly atLeast: number;
}

/** The machine's own time. */
export interface BootClock {
  /** `/proc/sys/kernel/random/boot_id`: another after each boot. */
  readonly boot: string;
  /** Seconds since boot, of `/proc/uptime`. */
  readonly uptime: number;
}

export interface Observation {
  readonly machine: Machine;
  /** Ours first. */
  readonly tables: readonly [own: Table, ...others: Table[]];
  /** Namespaces that were found, and whose tables could not be read. */
  readonly unread: readonly UnreadTable[];
  /** Undefined where only our own namespace was looked for. */
  readonly visibility: Reading<Visibility> | undefined;
  /** Undefined where nobody asked for it. */
  readonly clock: Reading<BootClock> | undefined;
  /** Undefined where nobody asked for it, and outside of the initial namespace, whose limit it is. */
  readonly configuration: Configuration | undefined;
  /** Undefined where nobody asked for it. */
  readonly evidence: Evidence | undefined;
}

/** What a machine was found to be. */
export type Observed =
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'table'; readonly observation: Observation };
