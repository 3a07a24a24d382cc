// The connection-tracking table of one network namespace, whichever it is.

import type { Statistics } from './counters.ts';
import type { Fault, Reading } from './fault.ts';

/** A mount of nsfs that keeps a network namespace. */
export interface NamespaceMount {
  /** N of `net:[N]`, which the kernel's log has too. */
  readonly number: number;
  /** Where it is mounted, on the machine looked at. */
  readonly path: string;
}

export interface Namespace {
  /** The same for the same namespace in each run of one boot; the kernel may give it to another one later. */
  readonly key: string;
  /** Whether it is the one that the command is about: ours, or the host's through a live `--root`. */
  readonly isOwn: boolean;
  /** Whether it is the initial one, whose limit the machine's files set; undefined where nothing shows it. */
  readonly isInitial: boolean | undefined;
  /** Processes in it, ascending; none where only a mount keeps it, and where nobody looked for them. */
  readonly pids: readonly number[];
  /** N of `net:[N]`, where we may know it. */
  readonly number: number | undefined;
  readonly mount: NamespaceMount | undefined;
}

/** Which entries have an extension block because of the rules. */
export type RuleBlocks = 'all' | 'some' | 'none';

/** What makes the kernel allocate an extension block for each entry; each namespace has its own. */
export interface ExtensionSettings {
  readonly acct: Reading<number>;
  readonly timestamp: Reading<number>;
  readonly events: Reading<number>;
  /** Whether anything listens for conntrack events in this namespace. */
  readonly listener: Reading<boolean>;
  /** The same for all other namespaces; undefined where nobody asked for it. */
  readonly elsewhere?: Reading<boolean>;
  /** Undefined where nobody asked for it. */
  readonly rules?: Reading<RuleBlocks>;
}

export interface Table extends Namespace {
  readonly entries: number;
  readonly entriesSource: string;
  /** 0 means that the kernel applies no limit. */
  readonly limit: number;
  readonly limitSource: string;
  readonly statistics: Reading<Statistics>;
  readonly extensions: ExtensionSettings;
}

/** A namespace whose entries could not be read. */
export interface UnreadTable extends Namespace {
  readonly fault: Fault;
}

/** What a process says of the container that it is in. */
export interface Container {
  readonly kind: 'pod' | 'container';
  readonly id: string;
}

/** Whom to look for, to know what a namespace is. */
export interface Identity {
  /** The eldest process in it; undefined where only a mount keeps it, or where all processes have just gone. */
  readonly process: { readonly pid: number; readonly command: string } | undefined;
  readonly container: Container | undefined;
}

/** By the key of the namespace. */
export type Identities = ReadonlyMap<string, Identity>;
