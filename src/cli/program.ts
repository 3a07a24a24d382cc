// The interface between main and a command.

import type { IncidentCheck } from '../evaluate/incident.ts';
import type { State } from '../evaluate/state.ts';
import type { Deadline } from '../kernel/root.ts';
import type { Command } from './flags.ts';
import type { Format } from './options.ts';

/** The output and the state of a command, for the process to print and to exit with. */
export interface Outcome {
  readonly state: State;
  readonly output: string;
}

/** Begins, continues or ends incidents. Gives why that failed; undefined if it did not. */
export type RecordIncidents = (check: IncidentCheck, deadline: Deadline) => Promise<string | undefined>;

export interface Program<Options> {
  /** `record` is that of the command that lists incidents. */
  readonly run: (options: Options, deadline: Deadline, record: RecordIncidents) => Promise<Outcome>;
  /** A failure before or outside `run`, in the requested format. */
  readonly fail: (text: string, format: Format) => Promise<Outcome>;
  /** Runs the task of the second thread that `run` started. */
  readonly inThread?: () => void;
  /** Keeps what a check with --record has seen. */
  readonly record?: RecordIncidents;
}

/** A task for a second thread; it names the command whose program runs it. */
export interface ThreadTask {
  readonly command: Command;
}
