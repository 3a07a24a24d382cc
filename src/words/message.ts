// The result of a check, before it gets its format.

import type { Evaluation } from '../evaluate/evaluate.ts';
import type { State } from '../evaluate/state.ts';
import type { Identities } from '../model/table.ts';

/** An evaluation, and the owners of the namespaces that are printed. */
export interface Evaluated {
  readonly evaluation: Evaluation;
  readonly identities: Identities;
}

export interface Message {
  readonly state: State;
  /** Line 1 after the state. */
  readonly text: string;
  /** The lines of `-v`. */
  readonly details: readonly string[];
  /** Undefined if there is no table. */
  readonly evaluated: Evaluated | undefined;
  /** Incidents recorded so far; undefined if none are recorded. */
  readonly incidents?: number | undefined;
}
