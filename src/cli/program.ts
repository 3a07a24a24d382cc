// What main knows of a command.

import type { State } from '../evaluate/state.ts';
import type { Deadline } from '../kernel/root.ts';
import type { Command } from './flags.ts';
import type { Format } from './options.ts';

/** What a command leaves for the process to print and to exit with. */
export interface Outcome {
  readonly state: State;
  readonly output: string;
}

export interface Program<Options> {
  readonly run: (options: Options, deadline: Deadline) => Promise<Outcome>;
  /** A failure before or outside `run`, in the form that was asked for. */
  readonly fail: (text: string, format: Format) => Promise<Outcome>;
  /** Answers the task of the second thread that `run` started. */
  readonly inThread?: () => void;
}

/** A task for a second thread names the command whose program takes it. */
export interface ThreadTask {
  readonly command: Command;
}
