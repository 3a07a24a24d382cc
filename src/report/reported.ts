// The result of one report, and the context of every report.

import type { ReportOptions } from '../cli/options.ts';
import type { State } from '../evaluate/state.ts';
import type { MainSource } from '../history/incident-record.ts';
import type { Deadline } from '../kernel/root.ts';
import type { Fault } from '../model/fault.ts';
import { faultWords } from '../words/faults.ts';
import type { Look } from './diagnosis/leads/leads.ts';
import type { Interruption } from './interruption.ts';
import type { SeenPart } from './list/list-part.ts';
import type { OpenTimers } from './list/open-timers.ts';
import type { Palette } from './palette.ts';
import type { ReportBody } from './report-body.ts';

export interface ReportContext {
  readonly options: ReportOptions;
  readonly deadline: Deadline;
  readonly stop: Interruption;
  readonly palette: Palette;
  /** Only for a report that a check records. */
  readonly recording?: Recording;
}

/** The table that a check records a report of. Its list is read for at most half of the time left. */
export interface Recording {
  readonly tableKey: string;
  /** Entries younger than this count as fresh: they belong to the incident. */
  readonly freshSeconds: number;
  /** True once no time is left to count more of the sampled lines. */
  readonly isLate?: () => boolean;
}

/** The first lines of a table's list, in a compact form that recognises them in the next reading. */
export interface RememberedTable {
  readonly key: string;
  /** Milliseconds since the program began. */
  readonly at: number;
  readonly parts: readonly SeenPart[];
  readonly open: OpenTimers;
}

/** A report, or the failure in its place. */
export interface Reported {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  /** The first step, repeated with the verdict; empty if there is none. */
  readonly first: readonly string[];
  readonly body: ReportBody;
  /** The last sample of the tables, for the next report to compare with; undefined if the report failed. */
  readonly look: Look | undefined;
  /** The first lines of the list, for the same purpose. */
  readonly seen: RememberedTable | undefined;
  /** Milliseconds that reading the list took. */
  readonly reading: number;
  /** The source that fills the table. */
  readonly main: MainSource | null;
}

export function reportedFailure(fault: Fault): Reported {
  return reportedUnknown(faultWords(fault));
}

export function reportedUnknown(text: string): Reported {
  return {
    state: 'unknown',
    text,
    lines: [],
    first: [],
    body: { report: null },
    look: undefined,
    seen: undefined,
    reading: 0,
    main: null,
  };
}
