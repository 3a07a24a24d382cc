// How much somebody adds, in words.

import { percentWords } from '../../words/words.ts';
import type { Adds } from './suspicion.ts';

/** To be put behind what he has: `and 98.1% of the new ones`. */
export function addsWords(adds: Adds | undefined): string {
  if (adds === undefined) return '';
  return ` and ${shareOfNew(adds)}`;
}

/** Fresh ones need not be new. */
export function shareOfNew({ kind, added, of }: Adds): string {
  const share = percentWords((100 * added) / Math.max(1, of));
  return kind === 'new' ? `${share} of the new ones` : `${share} of those that began, or were tried again, just now`;
}
