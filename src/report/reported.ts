// What one report comes to, and what every report is made with.

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
  /** Only for a report that a check keeps. */
  readonly recording?: Recording;
}

/** Which table a check keeps a report of. Its list is read for at most half of the time that is left. */
export interface Recording {
  readonly tableKey: string;
  /** Entries that began within so many seconds are fresh: they are those of the incident. */
  readonly freshSeconds: number;
}

/** The first lines of a table's list as they were, in as little room as it takes to know them again. */
export interface RememberedTable {
  readonly key: string;
  /** Milliseconds since the program began. */
  readonly at: number;
  readonly parts: readonly SeenPart[];
  readonly open: OpenTimers;
}

/** Everything that is said, or the failure that stands for it. */
export interface Reported {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  /** The first step, to be repeated where the verdict is; empty if there is none. */
  readonly first: readonly string[];
  readonly body: ReportBody;
  /** The last look at the tables, to compare the next with; undefined where there is nothing to go on with. */
  readonly look: Look | undefined;
  /** The first lines of the list as they were last, for the same. */
  readonly seen: RememberedTable | undefined;
  /** Milliseconds that the list took. */
  readonly reading: number;
  /** Who fills the table, in one name. */
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
