// What the documents for programs are made of.

import type { ObjectCost } from '../evaluate/footprint.ts';
import type { State } from '../evaluate/state.ts';
import type { Thresholds } from '../evaluate/thresholds.ts';
import type { Reading } from '../facts.ts';
import type { Findings } from './line.ts';
import type { Everywhere } from './namespaces.ts';

/** What there is to tell of a table. */
export interface Figures {
  readonly here: Findings;
  readonly thresholds: Thresholds;
  readonly cost: Reading<ObjectCost>;
  readonly everywhere: Everywhere | undefined;
}

export interface Told {
  readonly state: State;
  /** Line 1 behind the state. */
  readonly text: string;
  readonly details: readonly string[];
  readonly figures: Figures | undefined;
}
