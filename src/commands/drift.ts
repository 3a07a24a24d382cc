// The limit that the machine is configured to, beside the live one. Loaded only where a file mentions conntrack.

import { type Cause, causesOf, type Drift, driftOf } from '../evaluate/drift.ts';
import type { Configuration, Facts } from '../facts.ts';
import { readEvidence } from '../kernel/evidence.ts';
import type { Root } from '../kernel/root.ts';
import { driftDetails, driftWords, unjudgedWords } from '../present/drift.ts';

/** What is to be said of it. */
export interface DriftReport {
  readonly kind: Drift['kind'] | undefined;
  readonly words: string;
  /** Why nothing can be said of it; empty where it can. */
  readonly unjudged: string;
  readonly details: readonly string[];
}

/** Causes are looked for only when they are asked for: `-v` shows them. */
export function reportDrift(root: Root, facts: Facts, configuration: Configuration, verbose: boolean): DriftReport {
  const drift = driftOf(facts, configuration);
  const causes = verbose && drift?.kind === 'below' ? likelyCauses(root, drift, facts, configuration) : [];
  const details = driftDetails(drift, causes, configuration, facts);
  const words = drift?.kind === 'below' ? driftWords(drift) : '';
  return { kind: drift?.kind, words, unjudged: unjudgedWords(configuration), details };
}

function likelyCauses(root: Root, drift: Drift, facts: Facts, configuration: Configuration): readonly Cause[] {
  return causesOf(drift, facts, configuration, readEvidence(root, facts.generation));
}
