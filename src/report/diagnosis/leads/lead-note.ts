// What is told below a lead: words, and what to type.

import { grouped } from '../../../words/prose.ts';

export interface Note {
  readonly words: string;
  readonly commands: readonly string[];
}

export function note(words: string, ...commands: readonly string[]): Note {
  return { words, commands };
}

/** Per second; tenths where there is less than one. */
export function rate(perSecond: number): string {
  if (perSecond < 0.1) return 'less than 0.1';
  return perSecond < 1 ? perSecond.toFixed(1) : grouped(Math.round(perSecond));
}
