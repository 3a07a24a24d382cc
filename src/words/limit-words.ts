// A lowered limit in words.

import type { TableResult } from '../evaluate/evaluate.ts';
import { durationWords } from './words.ts';

/** `limit lowered from 262144 in the last 60 s`, if the table is in trouble; else empty. */
export function loweredClause({ lowered, findings, table }: TableResult): string {
  const isTroubled = findings.length > 0 || (table.limit > 0 && table.entries >= table.limit);
  if (lowered === undefined || !isTroubled) return '';
  return `limit lowered from ${limitWords(lowered.limitBefore)} in the last ${durationWords(lowered.from)}`;
}

/** `limit lowered from 262144 to 65536 between 62 s and 2 s ago`. */
export function loweredLines({ lowered }: TableResult): readonly string[] {
  if (lowered === undefined) return [];
  const { limitBefore, limitAfter, from, to } = lowered;
  const when =
    to > 0 ? `between ${durationWords(from)} and ${durationWords(to)} ago` : `in the last ${durationWords(from)}`;
  return [`limit lowered from ${limitWords(limitBefore)} to ${limitAfter} ${when}`];
}

function limitWords(limit: number): string {
  return limit === 0 ? 'none' : String(limit);
}
