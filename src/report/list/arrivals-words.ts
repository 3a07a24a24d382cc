// New entries by source and destination, next to the entries that there are.

import { grouped, indented } from '../../words/prose.ts';
import { durationWords, percentWords } from '../../words/words.ts';
import type { Arrivals, Both } from './arrivals.ts';
import { type Holdings, samplingError } from './holders.ts';
import type { RankingName } from './ranking.ts';

/** Which evidence there is of what is added. */
export function arrivalLines({ kind, seconds, counted, read, added, telling }: Arrivals): readonly string[] {
  if (kind === 'fresh' && !telling) return [];
  const countedEntries = `${grouped(counted)} ${counted === 1 ? 'entry' : 'entries'}`;
  if (kind === 'fresh') {
    const all =
      added.entries > counted
        ? `about ${grouped(added.entries)} entries, by ${grouped(counted)} of the sample,`
        : countedEntries;
    return indented(
      `Fresh: ${all} that began within ${durationWords(seconds)}, or were retried without an answer. One reading does not show when an answered connection began.`,
    );
  }
  const within = `${countedEntries} that ${counted === 1 ? 'was' : 'were'} not there ${durationWords(seconds)} before`;
  if (added.entries <= counted) return indented(`New: ${within}.`);
  const error = telling ? `, shares accurate to ${samplingError(counted).toFixed(0)} percentage points` : '';
  return indented(
    `New: ${within}, among ${grouped(read)} that were read twice: of all about ${grouped(added.entries)}${error}.`,
  );
}

const [NAME, COUNT, SHARE] = [39, 10, 7];

/** One below the other: those with most of either. */
export function bothTable(
  title: string,
  notes: readonly string[],
  { kind, added, both, top, counted }: Arrivals,
  { entries: all, rankings }: Pick<Holdings, 'entries' | 'rankings'>,
  name: RankingName,
  words: (row: Both) => string,
): readonly string[] {
  const few = Math.max(added.rankings[name].lacking, (FEW_SOURCES * added.entries) / Math.max(1, counted));
  const rows = both[name].slice(0, top).filter((row) => standsOut(row, all, few, added.entries));
  if (title === '') return [];
  const { holders, lacking } = rankings[name];
  const most = (holders[0]?.entries ?? 0) + lacking;
  const figures = (count: number, of: number) =>
    `${grouped(count).padStart(COUNT)}${percentWords((100 * count) / Math.max(1, of)).padStart(SHARE)}`;
  const head = `  ${title.padEnd(NAME + 2)}${'entries'.padStart(COUNT)}${kind.padStart(COUNT + SHARE)}`;
  return [
    head,
    ...rows.map(
      (row) => `    ${words(row).padEnd(NAME)}${figures(row.entries, all)}${figures(row.added, added.entries)}`,
    ),
    ...(rows.length === 0 && notes.length === 0 ? [`    at most ${grouped(most)} each`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}

// Hides a crowd in which none has or adds much.
const LEAST_SHARE = 0.01;
// And of one or two that were seen to be added everybody may be.
const FEW_SOURCES = 2;

function standsOut({ entries, added }: Both, all: number, few: number, of: number): boolean {
  return entries > LEAST_SHARE * all || (added > few && added > LEAST_SHARE * of);
}
