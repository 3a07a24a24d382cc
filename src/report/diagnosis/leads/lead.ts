// The common parts of all leads. A lead points to packets lost outside of the tables. One that a counter or the kernel
// log proves is a WARNING, never CRITICAL: its share of the traffic is unknown. One that may be normal is OK.

import type { Evaluation } from '../../../evaluate/evaluate.ts';
import type { State } from '../../../evaluate/state.ts';
import type { Root } from '../../../kernel/root.ts';
import type { FullLog, OtherFull, OtherTable } from '../../../model/full-log.ts';
import type { Table } from '../../../model/table.ts';
import type { Evaluated } from '../../../words/message.ts';
import { grouped } from '../../../words/prose.ts';
import { durationWords } from '../../../words/words.ts';
import type { Holdings } from '../../list/holders.ts';
import { type Diagnosis, RECENT_SECONDS } from '../diagnosis.ts';

/** The place of one look. */
export interface LookPlace {
  readonly root: Root;
  /** `counters`: only what a later look is compared with. */
  readonly wanted: 'counters' | 'all';
  readonly folders: NetFolders;
  /** The folder of the initial namespace; undefined unless it is ours. */
  readonly initialFolder: string | undefined;
}

/** The last look and the list, as judged. */
export interface JudgedTables {
  readonly evaluation: Evaluation;
  readonly worst: Diagnosis['worst'];
  /** The table whose entries are listed. */
  readonly subject: Table;
  /** Undefined if its list could not be read. */
  readonly holdings: Holdings | undefined;
}

/** `Seen` is the part of a look that the lead has read. */
export interface Surroundings<Seen> {
  readonly evaluation: Evaluation;
  readonly log: FullLog | undefined;
  /** The last look. */
  readonly seen: Seen;
  /** Undefined if there was a single look. */
  readonly between: Between<Seen> | undefined;
}

/** Two looks, and the seconds between them. */
export interface Between<Seen> {
  readonly seconds: number;
  readonly earlier: Seen;
  readonly later: Seen;
}

export interface LeadBase {
  readonly state: State;
  /** True if only the kernel log shows it. */
  readonly isPast?: boolean;
}

/** One lead: all that it reads, how it is judged, and its words. Nothing that it reads may fail: it is left out. */
export interface LeadForm<Lead extends LeadBase, Seen = object, Causes = object> {
  /** Reads its part of each look. Leads with the same reader share what it returns. */
  readonly read?: (place: LookPlace) => Seen;
  /** Reads once what the judged tables call for. */
  readonly readCauses?: (root: Root, judged: JudgedTables) => Causes;
  readonly judge: (surroundings: Surroundings<Seen> & Causes) => readonly Lead[];
  /** A sentence without its capital letter and its full stop. */
  readonly clause: (lead: Lead, evaluated: Evaluated) => string;
  readonly notes: (lead: Lead, evaluated: Evaluated) => readonly Note[];
}

/** Printed below the clause: a remark, and commands to type. */
export interface Note {
  readonly words: string;
  readonly commands: readonly string[];
}

/** The `net` folders of namespaces under /proc, by the keys of their tables. */
export type NetFolders = readonly (readonly [key: string, folder: string])[];

export function note(words: string, ...commands: readonly string[]): Note {
  return { words, commands };
}

/** Per second, with tenths below one. */
export function rate(perSecond: number): string {
  if (perSecond < 0.1) return 'less than 0.1';
  return perSecond < 1 ? perSecond.toFixed(1) : grouped(Math.round(perSecond));
}

export function recentlyFull(log: FullLog | undefined, of: OtherTable): OtherFull | undefined {
  return log?.others?.find((other) => other.of === of && other.ago < RECENT_SECONDS);
}

export function logWords(logged: OtherFull | undefined, line: string): string {
  if (logged === undefined) return '';
  const lines = logged.lines === 1 ? 'one line' : `${grouped(logged.lines)} lines`;
  return ` The kernel log has ${lines} of "${line}", the last ${durationWords(logged.ago)} ago; it does not say which namespace.`;
}
