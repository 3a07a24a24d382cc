// What two looks, a moment apart, come to: which table is in trouble, and what kind of trouble.

import type { CounterName } from '../observation/counters.ts';
import type { FullLog } from '../observation/kernel-log.ts';
import type { Observation } from '../observation/observation.ts';
import type { Table } from '../observation/table.ts';
import { byGravity, type Evaluation, type TableResult } from './evaluate.ts';
import { compareSeverity, type State } from './state.ts';

/**
 * `losing`: packets are dropped because it is full. `refusing`: entries are, because hash chains are too long. `full`
 * and `filling`: nothing was lost meanwhile. `was full`, `drift`, `unread`: nothing is wrong with any table that was read.
 */
export type Trouble = 'losing' | 'refusing' | 'full' | 'filling' | 'was full' | 'drift' | 'unread' | 'none';

/** One table, and what is wrong with it. */
export interface TableDiagnosis {
  readonly result: TableResult;
  readonly state: State;
  readonly trouble: Trouble;
}

export interface Diagnosis {
  readonly state: State;
  readonly trouble: Trouble;
  /** The gravest first, then who loses most, then the fullest. */
  readonly tables: readonly TableDiagnosis[];
  /** The one that is meant: the first of them. */
  readonly worst: TableDiagnosis;
}

// A moment's growth tells of the next minutes only, and of a table that has room only noise.
const [HALF, SOON_SECONDS] = [50, 300];
/** What the kernel wrote longer ago than that does not explain what is wrong now. */
const RECENT_SECONDS = 900;

/** Of an evaluation whose history is the look before. */
export function diagnose(evaluation: Evaluation, log: FullLog | undefined): Diagnosis {
  const [first, ...others] = evaluation.results;
  const own = tableDiagnosis(first);
  const tables = [own, ...others.map(tableDiagnosis)].sort(bySeverity);
  const [worst = own] = tables;
  const whole = worst.trouble === 'none' ? machineTrouble(evaluation, log) : worst;
  return { state: whole.state, trouble: whole.trouble, tables, worst };
}

function bySeverity(a: TableDiagnosis, b: TableDiagnosis): number {
  return compareSeverity(b.state, a.state) || byGravity(a.result, b.result);
}

function machineTrouble({ observation, drift }: Evaluation, log: FullLog | undefined) {
  const found: readonly (readonly [boolean, State, Trouble])[] = [
    [observation.unread.length > 0, 'unknown', 'unread'],
    [(log?.ago ?? Number.POSITIVE_INFINITY) < RECENT_SECONDS, 'warning', 'was full'],
    [drift?.kind === 'below', 'warning', 'drift'],
  ];
  const [, state, trouble] = found.find(([holds]) => holds) ?? [true, 'ok', 'none'];
  return { state, trouble };
}

function tableDiagnosis(result: TableResult): TableDiagnosis {
  return { result, ...troubleOf(result) };
}

function troubleOf(result: TableResult): Pick<TableDiagnosis, 'state' | 'trouble'> {
  const { usage } = result.measurements;
  const percent = usage.kind === 'value' ? usage.value : 0;
  const over = result.findings.find((finding) => finding.kind === 'threshold' && finding.metric === 'usage');
  if (events(result, 'drop') > 0) return { state: 'critical', trouble: 'losing' };
  if (events(result, 'chainlength') > 0) return { state: 'critical', trouble: 'refusing' };
  if (percent >= 100) return { state: 'critical', trouble: 'full' };
  if (over !== undefined) return { state: over.state, trouble: 'filling' };
  if (percent > HALF && secondsToFull(result) < SOON_SECONDS) return { state: 'warning', trouble: 'filling' };
  return { state: 'ok', trouble: 'none' };
}

function secondsToFull({ table: { entries, limit }, pace = 0 }: TableResult): number {
  return limit > 0 && pace > 0 ? (limit - entries) / pace : Number.POSITIVE_INFINITY;
}

/** Between the looks; 0 where that is not known. */
export function events({ losses }: TableResult, name: CounterName): number {
  return losses?.events[name] ?? 0;
}

/** The namespace with the most entries; of equal ones ours. */
export function fullestTable({ tables: [own, ...others] }: Observation): Table {
  return others.reduce((fullest, table) => (table.entries > fullest.entries ? table : fullest), own);
}
