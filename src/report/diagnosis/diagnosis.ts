// The table that a report is about, among all tables, and what earlier checks and the kernel log know of it.

import { byGravity, type Evaluation, type TableResult } from '../../evaluate/evaluate.ts';
import { addLost, type Lost, NOTHING_LOST, packetsLost } from '../../evaluate/losses.ts';
import type { LossSpell, PastLosses } from '../../evaluate/past-losses.ts';
import { compareSeverity, type State, worst as worstState } from '../../evaluate/state.ts';
import type { FullSpell, FullSpells } from '../../model/full-log.ts';
import type { Observation } from '../../model/observation.ts';
import type { Table } from '../../model/table.ts';
import { diagnoseTable, HALF, type TableDiagnosis, type Trouble } from './table-trouble.ts';

export interface Diagnosis {
  readonly state: State;
  readonly trouble: Trouble;
  /** The requested table if anything is wrong with it, then by state, worst first, by packets lost, and by entries. */
  readonly tables: readonly TableDiagnosis[];
  /** The table that the verdict is about: the first of them. */
  readonly worst: TableDiagnosis;
  /** The last table that was full a short time ago, by the log. */
  readonly past: PastFull | undefined;
  readonly sinceBoot: SinceBoot;
  readonly recent: RecentLosses;
  /** Tables of which two samples show whether packets are being lost now. */
  readonly watched: 'all' | 'some' | 'none';
}

/** Packets lost since boot, in all tables together. */
export interface SinceBoot {
  readonly lost: Lost;
  /** True if the counters of every table could be read. */
  readonly isWhole: boolean;
}

/**
 * The last losses, by the samples of earlier checks. `none`: no packet was lost in the last `seconds`. `unknown`: a
 * table that lost packets since boot has no samples.
 */
export type RecentLosses =
  | { readonly kind: 'lost'; readonly table: Table; readonly spell: LossSpell }
  | { readonly kind: 'none'; readonly seconds: number }
  | { readonly kind: 'unknown' };

/** By the key of the table. */
export type PastsOfTables = ReadonlyMap<string, PastLosses>;

const NO_PASTS: PastsOfTables = new Map();

export interface PastFull {
  readonly spell: FullSpell;
  /** Undefined if it no longer exists, or is unknown. */
  readonly table: Table | undefined;
  /** N of its net:[N], if the kernel has logged it. */
  readonly number: number | undefined;
  /** True if the lines are certainly about one table. */
  readonly isNamed: boolean;
}

/** True if the namespace of that table is gone. */
export function isGone({ table, number }: PastFull): boolean {
  return table === undefined && number !== undefined;
}

/** True if nothing suggests that the table fills again: it was full once, loses nothing now, and is not half full. */
export function isIncidentOver({ past, tables }: Diagnosis): boolean {
  const was = tables.find(({ result }) => result.table.key === past?.table?.key)?.result;
  if (past === undefined || was?.losses === undefined) return false;
  return past.spell.times === 1 && was.table.entries < (HALF / 100) * was.table.limit;
}

// The list of each is read.
const MOST_EXAMINED = 3;
/** Older lines of the kernel log do not explain the present trouble. */
export const RECENT_SECONDS = 900;

/**
 * Diagnoses an evaluation whose history is the look before. `pasts` comes from earlier checks; `asked` is the key of
 * the table that the user asked about.
 */
export function diagnose(
  evaluation: Evaluation,
  spells: FullSpells | undefined,
  pasts: PastsOfTables = NO_PASTS,
  asked?: string,
): Diagnosis {
  const [first, ...others] = evaluation.results;
  const own = diagnoseTable(first);
  const past = recentSpell(evaluation.observation, spells);
  const wasFull = ({ result }: TableDiagnosis) => result.table.key === past?.table?.key;
  const isAsked = ({ result, trouble }: TableDiagnosis) => result.table.key === asked && trouble !== 'none';
  const tables = [own, ...others.map(diagnoseTable)].sort(
    (a, b) =>
      Number(isAsked(b)) - Number(isAsked(a)) ||
      compareSeverity(b.state, a.state) ||
      Number(wasFull(b)) - Number(wasFull(a)) ||
      byGravity(a.result, b.result),
  );
  const [worst = own] = tables;
  const { state, trouble } = worst;
  const { results } = evaluation;
  const recent = recentLosses(results, pasts);
  const whole = trouble === 'none' ? machineTrouble(evaluation, past, recent) : { state, trouble };
  return { ...whole, tables, worst, past, sinceBoot: sumLostSinceBoot(results), recent, watched: watchedOf(results) };
}

/** The diagnosis with the table whose NAT has used up a range of ports; the table comes before everything that is over. */
export function withExhausted(diagnosis: Diagnosis, exhausted: TableResult | undefined): Diagnosis {
  const { tables, worst } = diagnosis;
  const shortOfPorts = tables.find(({ result }) => result === exhausted);
  if (shortOfPorts === undefined || shortOfPorts.trouble !== 'none') return diagnosis;
  const named = { ...shortOfPorts, state: 'warning', trouble: 'nat_exhausted' } as const;
  const others = tables.filter((table) => table !== shortOfPorts);
  if (worst.trouble !== 'none')
    return { ...diagnosis, tables: [worst, named, ...others.filter((table) => table !== worst)] };
  const state = worstState([diagnosis.state, 'warning']);
  return { ...diagnosis, state, trouble: 'nat_exhausted', worst: named, tables: [named, ...others] };
}

/** Tables without trouble that lost packets to clashes since boot, those that lost most first. */
export function clashedBefore({ worst, tables }: Diagnosis): readonly TableResult[] {
  if (worst.trouble !== 'none') return [];
  const clashes = ({ lostSinceBoot: lost = NOTHING_LOST }: TableResult) => lost.clash + lost.fullOrClash;
  const lost = tables.map(({ result }) => result).filter((result) => clashes(result) > 0);
  return lost.sort((a, b) => clashes(b) - clashes(a)).slice(0, MOST_EXAMINED);
}

export function recentLosses(results: readonly TableResult[], pasts: PastsOfTables): RecentLosses {
  const spells = results.flatMap(({ table }) =>
    (pasts.get(table.key)?.spells ?? []).map((spell) => ({ kind: 'lost', table, spell }) as const),
  );
  const [last] = spells.sort((a, b) => a.spell.to - b.spell.to);
  if (last !== undefined) return last;
  const losers = results.filter(({ lostSinceBoot: lost }) => lost !== undefined && packetsLost(lost) > 0);
  const known = losers.flatMap(({ table }) => pasts.get(table.key) ?? []);
  if (known.length < losers.length || known.length === 0) return { kind: 'unknown' };
  return { kind: 'none', seconds: Math.min(...known.map(({ seconds }) => seconds)) };
}

function sumLostSinceBoot(results: readonly TableResult[]): SinceBoot {
  const known = results.flatMap((result) => result.lostSinceBoot ?? []);
  return { lost: known.reduce(addLost, NOTHING_LOST), isWhole: known.length === results.length };
}

export function watchedOf(results: readonly TableResult[]): Diagnosis['watched'] {
  const watched = results.filter(({ losses }) => losses !== undefined).length;
  if (watched === results.length) return 'all';
  return watched === 0 ? 'none' : 'some';
}

/**
 * True if conntrack is surely not the problem: nothing is wrong, and every table that was read lost nothing since boot, or
 * nothing now and nothing lately, by the samples of earlier checks.
 */
export function isFine({ trouble, watched, sinceBoot, recent }: Diagnosis): boolean {
  if (trouble !== 'none' || !sinceBoot.isWhole) return false;
  return packetsLost(sinceBoot.lost) === 0 || (watched === 'all' && lossesAgo(recent) >= RECENT_SECONDS);
}

/** Seconds for which nothing was lost; 0 if that is unknown. */
function lossesAgo(recent: RecentLosses): number {
  if (recent.kind === 'lost') return recent.spell.to;
  return recent.kind === 'none' ? recent.seconds : 0;
}

function recentSpell({ tables }: Observation, spells: FullSpells | undefined): PastFull | undefined {
  const known = tables.flatMap((table): PastFull[] => {
    const spell = spells?.ofTables.get(table.key);
    return spell === undefined ? [] : [{ spell, table, number: table.number, isNamed: true }];
  });
  const others = spells?.ofOthers === undefined ? [] : [{ ...spells.ofOthers, table: undefined }];
  const [last] = [...known, ...others].sort((a, b) => a.spell.ago - b.spell.ago);
  return last !== undefined && last.spell.ago < RECENT_SECONDS ? last : undefined;
}

function machineTrouble({ observation, drift }: Evaluation, past: PastFull | undefined, recent: RecentLosses) {
  const candidates: readonly (readonly [boolean, State, Trouble])[] = [
    [observation.unread.length > 0, 'unknown', 'unread'],
    [past !== undefined && !isGone(past), 'warning', 'was_full'],
    [recent.kind === 'lost' && recent.spell.within < RECENT_SECONDS, 'warning', 'was_losing'],
    [drift?.kind === 'below', 'warning', 'drift'],
    [past !== undefined, 'warning', 'was_full'],
  ];
  const [, state, trouble] = candidates.find(([holds]) => holds) ?? [true, 'ok', 'none'];
  return { state, trouble };
}

/** The namespace with the most entries; of equal ones ours. */
export function fullestTable({ tables: [own, ...others] }: Observation): Table {
  return others.reduce((fullest, table) => (table.entries > fullest.entries ? table : fullest), own);
}
