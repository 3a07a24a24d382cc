// Slab memory in words: how certain a figure is, and what could not be seen.

import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Certainty } from '../evaluate/extensions.ts';
import type { ObjectCost } from '../evaluate/footprint.ts';
import type { AllMemory } from '../evaluate/memory.ts';

const CERTAINTY_WORDS: Readonly<Record<Certainty, string>> = {
  exact: '',
  at_least: 'at least ',
  up_to: 'up to ',
  about: 'about ',
};

/** Precedes a figure that depends on the size of an entry: an estimate is `about`, never `at least about`. */
export function sureWords({ origin, certainty }: Pick<ObjectCost, 'origin' | 'certainty'>): string {
  return CERTAINTY_WORDS[origin === 'estimate' ? 'about' : certainty];
}

/** The same for the memory of the current entries of all tables. */
export function heldWords({ origin }: ObjectCost, { certainty }: AllMemory): string {
  return sureWords({ origin, certainty });
}

/** The same for the memory of all tables at the limit. */
export function eachWords({ cost, memory }: Evaluation): string {
  if (!cost.ok || memory === undefined) return '';
  return sureWords({ ...cost.value, certainty: memory.certaintyOfEach });
}

/** `128 B`, `0 to 128 B` or `0 B or more`. */
export function blockWords({ extension, extensionMost, certainty }: ObjectCost): string {
  if (certainty === 'exact') return `${extension} B`;
  return certainty === 'at_least' && extension === extensionMost ? `${extension} B or more` : `0 to ${extensionMost} B`;
}
