// What a check has to say, in whichever form it is written.

import type { Evaluation } from '../evaluate/evaluate.ts';
import type { State } from '../evaluate/state.ts';
import type { Identities } from '../model/table.ts';

/** An evaluation, and whose those namespaces are that are told of. */
export interface Evaluated {
  readonly evaluation: Evaluation;
  readonly identities: Identities;
}

export interface Message {
  readonly state: State;
  /** Line 1 behind the state. */
  readonly text: string;
  /** The long output that `-v` asks for. */
  readonly details: readonly string[];
  /** Undefined where there is no table to tell of. */
  readonly evaluated: Evaluated | undefined;
  /** Incidents recorded so far; undefined where none are. */
  readonly incidents?: number | undefined;
}
