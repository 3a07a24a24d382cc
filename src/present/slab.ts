// Slab memory in words: how sure a figure is, and what could not be seen.

import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Certainty } from '../evaluate/extensions.ts';
import { certaintyOf, costElsewhere, type ObjectCost } from '../evaluate/footprint.ts';

const WORDS: Readonly<Record<Certainty, string>> = {
  exact: '',
  at_least: 'at least ',
  up_to: 'up to ',
  about: 'about ',
};

/** Before a figure that stands on the size of an entry. */
export function sureWords({ origin, certainty }: Pick<ObjectCost, 'origin' | 'certainty'>): string {
  const about = origin === 'estimate' && certainty !== 'about' ? 'about ' : '';
  return WORDS[certainty] + about;
}

/** The same before what the entries of all tables hold. */
export function heldWords({ cost, observation }: Evaluation): string {
  if (!cost.ok) return '';
  const { machine, tables } = observation;
  return sureWords({ ...cost.value, certainty: certaintyOf(machine, cost.value, tables) });
}

/** The same before what every table would hold, each as ours. */
export function eachWords({ cost, observation, results }: Evaluation): string {
  if (!cost.ok) return '';
  const own = cost.value;
  const { machine } = observation;
  const others = results.map(({ table }) => costElsewhere(machine, own, table));
  const alike = others.every(({ certainty, extension }) => certainty === 'exact' && extension === own.extension);
  return sureWords({
    ...own,
    certainty: alike ? 'exact' : own.extension === 0 || own.certainty === 'at_least' ? 'at_least' : 'up_to',
  });
}

/** `128 B`, `0 to 128 B` or `0 B or more`. */
export function blockWords({ extension, extensionMost, certainty }: ObjectCost): string {
  if (certainty === 'exact') return `${extension} B`;
  return certainty === 'at_least' && extension === extensionMost ? `${extension} B or more` : `0 to ${extensionMost} B`;
}
