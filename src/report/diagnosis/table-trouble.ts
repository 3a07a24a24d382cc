// The kinds of trouble that a table may be in, by two samples.

import type { TableResult } from '../../evaluate/evaluate.ts';
import { NOTHING_LOST, packetsLost } from '../../evaluate/losses.ts';
import type { State } from '../../evaluate/state.ts';
import type { ColumnName } from '../../model/counters.ts';
import type { Table } from '../../model/table.ts';

/**
 * `losing`: packets are dropped because it is full. `clashing`: they are, because their entry would have a tuple that
 * another one has. `refusing`: entries are, because hash chains are too long. `full` and `filling`: nothing was lost
 * meanwhile. `nat_exhausted`: neither, and a range of ports that NAT may use is taken, in a table that lost packets to clashes
 * before. `was_full`, `was_losing`, `drift`, `unread`: nothing is wrong with any table that was read; the second is
 * known by samples of earlier checks. `elsewhere`: the same, and something else points to a loss.
 */
export type Trouble =
  | 'losing'
  | 'clashing'
  | 'refusing'
  | 'full'
  | 'filling'
  | 'nat_exhausted'
  | 'was_full'
  | 'was_losing'
  | 'drift'
  | 'unread'
  | 'elsewhere'
  | 'none';

/** The table has too little room. */
export const ROOM_TROUBLE: ReadonlySet<Trouble> = new Set(['losing', 'full', 'filling']);

/** The kinds that belong to one table, and not to the machine as a whole. */
export type TableTrouble = Exclude<Trouble, 'was_full' | 'was_losing' | 'drift' | 'unread' | 'elsewhere'>;

/** One table and its trouble. */
export interface TableDiagnosis {
  readonly result: TableResult;
  readonly state: State;
  readonly trouble: TableTrouble;
  readonly isFull: boolean;
  /** True if the limit was lowered below the present entries. */
  readonly isLimitLowered: boolean;
}

// Growth between two samples predicts only the next minutes; in a table with room it is noise.
/** Percent of the limit. */
export const HALF = 50;
const SOON_SECONDS = 300;
// Entries end and are collected while others are refused or evict, so that a full table has a little room at any moment.
const HOVERING = 0.9;
// Refused entries are counted for a moment, and others end meanwhile.
const FULL_SHARE = 0.99;
// Packets that arrive at the same moment, one per CPU, may be counted beyond the limit for a moment.
const BEYOND_SHARE = 0.05;
const BEYOND_ENTRIES = 64;
export function diagnoseTable(result: TableResult): TableDiagnosis {
  const { entries, limit } = result.table;
  return {
    result,
    ...troubleOf(result),
    isFull: entries >= FULL_SHARE * limit,
    isLimitLowered: entries - limit > Math.max(BEYOND_SHARE * limit, BEYOND_ENTRIES),
  };
}

function troubleOf(result: TableResult): Pick<TableDiagnosis, 'state' | 'trouble'> {
  const { usage } = result.measurements;
  const percent = usage.kind === 'value' ? usage.value : 0;
  const exceeded = result.findings.find((finding) => finding.kind === 'threshold' && finding.metric === 'usage');
  const losing = losingBy(result);
  if (losing !== undefined) return { state: 'critical', trouble: losing };
  if (percent >= 100 || isEvicting(result)) return { state: 'critical', trouble: 'full' };
  if (exceeded !== undefined) return { state: exceeded.state, trouble: 'filling' };
  if (percent > HALF && secondsToFull(result) < SOON_SECONDS) return { state: 'warning', trouble: 'filling' };
  return { state: 'ok', trouble: 'none' };
}

/** Why most of the packets that are lost are. */
function losingBy({ lost = NOTHING_LOST, table }: TableResult): TableTrouble | undefined {
  const { full, clash, chain, fullOrClash } = lost;
  if (packetsLost(lost) === 0) return undefined;
  // A table that has room drops nothing for want of it.
  const either = isHovering(table) ? 'losing' : 'clashing';
  const [most] = [
    { trouble: 'losing', packets: full } as const,
    { trouble: 'clashing', packets: clash } as const,
    { trouble: 'refusing', packets: chain } as const,
    { trouble: either, packets: fullOrClash } as const,
  ].sort((a, b) => b.packets - a.packets);
  return most?.trouble;
}

/** The kernel evicts at the limit alone. */
function isEvicting(result: TableResult): boolean {
  return events(result, 'early_drop') > 0 && isHovering(result.table);
}

function isHovering({ entries, limit }: Table): boolean {
  return limit > 0 && entries >= HOVERING * limit;
}

function secondsToFull({ table: { entries, limit }, pace = 0 }: TableResult): number {
  return pace > 0 ? (limit - entries) / pace : Number.POSITIVE_INFINITY;
}

/** Between the looks; 0 where that is not known. */
export function events({ losses }: TableResult, name: ColumnName): number {
  return losses?.events[name] ?? 0;
}
