// The connection-tracking table of a network namespace.

import type { Statistics } from './counters.ts';
import type { Fault, Reading } from './fault.ts';

/** A mount of nsfs that keeps a network namespace. */
export interface NamespaceMount {
  /** N of `net:[N]`, which the kernel's log also prints. */
  readonly number: number;
  /** The mount point on the observed machine. */
  readonly path: string;
}

export interface Namespace {
  /** Constant for one namespace in every run of one boot; the kernel may reuse it for another one later. */
  readonly key: string;
  /** True for the namespace that the command is about: ours, or the host's through a live `--root`. */
  readonly isOwn: boolean;
  /** True for the initial namespace, whose limit the machine's files set; undefined if unknown. */
  readonly isInitial: boolean | undefined;
  /** Its processes, ascending; none if only a mount keeps it, or if they were not read. */
  readonly pids: readonly number[];
  /** N of `net:[N]`, if it may be read. */
  readonly number: number | undefined;
  readonly mount: NamespaceMount | undefined;
}

/** Which entries have an extension block because of rules. */
export type RuleBlocks = 'all' | 'some' | 'none';

/** Settings that make the kernel allocate an extension block per entry; each namespace has its own. */
export interface ExtensionSettings {
  readonly acct: Reading<number>;
  readonly timestamp: Reading<number>;
  readonly events: Reading<number>;
  /** True if a process listens for conntrack events in this namespace. */
  readonly listener: Reading<boolean>;
  /** The same for all other namespaces; undefined if not requested. */
  readonly elsewhere?: Reading<boolean>;
  /** Undefined if not requested. */
  readonly rules?: Reading<RuleBlocks>;
}

export interface Table extends Namespace {
  readonly entries: number;
  readonly entriesSource: string;
  /** 0 if the kernel applies no limit. */
  readonly limit: number;
  readonly limitSource: string;
  readonly statistics: Reading<Statistics>;
  readonly extensions: ExtensionSettings;
}

/** A namespace whose entries could not be read. */
export interface UnreadTable extends Namespace {
  readonly fault: Fault;
}

/** The container that a process is in, from its control group. */
export interface Container {
  readonly kind: 'pod' | 'container';
  readonly id: string;
  /** `NAMESPACE/NAME` of a pod. */
  readonly name?: string;
}

/** The process and the container that identify a namespace. */
export interface Identity {
  /** The oldest process in it; undefined if only a mount keeps it, or if all processes have just exited. */
  readonly process: { readonly pid: number; readonly command: string } | undefined;
  readonly container: Container | undefined;
}

/** By the key of the namespace. */
export type Identities = ReadonlyMap<string, Identity>;
