// The course of an incident: what one check begins, continues or ends, and whether a report of it is due.

import { type CheckedTable, type IncidentCheck, type LostInTime, lastLoss, lostSince } from '../evaluate/incident.ts';
import { addLost, packetsLost } from '../evaluate/losses.ts';
import type { IncidentEnd, IncidentRecord, KeptReport, SinceLoss } from '../history/incident-record.ts';
import { type KeptIncident, MOST_INCIDENTS, type ReportName } from '../history/incident-store.ts';

/** The action for one incident. */
export type IncidentStep =
  | { readonly kind: 'begin'; readonly table: CheckedTable }
  | { readonly kind: 'continue'; readonly table: CheckedTable; readonly incident: KeptIncident }
  | {
      readonly kind: 'end';
      readonly incident: KeptIncident;
      readonly ended: IncidentEnd;
      readonly table?: CheckedTable;
    };

const UNCHECKED_MILLISECONDS = 3_600_000;

/** The worst tables first, at most as many as are kept. */
export function stepsOf(check: IncidentCheck, host: string, kept: readonly KeptIncident[], now: number) {
  const open = kept.filter(({ isOpen }) => isOpen);
  const isOf = ({ record }: KeptIncident, { name }: CheckedTable) =>
    record.boot === check.clock.boot && record.table === name;
  const ends = open.flatMap((incident): readonly IncidentStep[] => {
    const table = check.tables.find((candidate) => isOf(incident, candidate));
    if (table !== undefined) return table.signs.length === 0 ? [{ kind: 'end', incident, ended: 'clean', table }] : [];
    const ended = endUnseen(incident.record, check, host, now);
    return ended === undefined ? [] : [{ kind: 'end', incident, ended }];
  });
  const room = MOST_INCIDENTS - open.length + ends.length;
  const troubled = check.tables.filter(({ signs }) => signs.length > 0).sort(byWeight);
  const going = troubled.map((table) => ({ table, incident: open.find((candidate) => isOf(candidate, table)) }));
  const begins = going.filter(({ incident }) => incident === undefined).slice(0, room);
  return [
    ...ends,
    ...going.flatMap(({ table, incident }): readonly IncidentStep[] => {
      if (incident !== undefined) return [{ kind: 'continue', table, incident }];
      return begins.some((begin) => begin.table === table) ? [{ kind: 'begin', table }] : [];
    }),
  ];
}

/** Ends incidents of tables that this check did not read. Another host may share the directory. */
function endUnseen(record: IncidentRecord, check: IncidentCheck, host: string, now: number): IncidentEnd | undefined {
  const isHere = record.host === host;
  if (isHere && record.boot !== check.clock.boot) return 'reboot';
  if (isHere && check.isEverywhere) return 'gone';
  return Math.abs(now - record.last) > UNCHECKED_MILLISECONDS ? 'unchecked' : undefined;
}

function byWeight(a: CheckedTable, b: CheckedTable): number {
  return packetsLost(b.lost) - packetsLost(a.lost) || b.table.entries - a.table.entries;
}

/** The severity of a table at a check. */
type Weight = Pick<KeptReport, 'lossRate' | 'usage'>;

/** Returns the record of an incident that begins with this check. */
export interface NewIncident {
  readonly host: string;
  readonly name: string;
  readonly now: number;
}

export function beginRecord(
  check: IncidentCheck,
  checked: CheckedTable,
  { host, name, now }: NewIncident,
): IncidentRecord {
  const { clock } = check;
  const { table, lost, seconds = 0 } = checked;
  return {
    boot: clock.boot,
    host,
    table: checked.name,
    name,
    number: table.number ?? null,
    pid: table.pids[0] ?? null,
    start: now,
    last: now,
    end: null,
    ended: null,
    seconds: 0,
    firstUptime: clock.uptime,
    lastUptime: clock.uptime,
    lost,
    peak: table.entries,
    limit: table.limit,
    first: dueReport(weightOf(checked, { lost, seconds }), now),
    worst: null,
  };
}

/** Returns the record updated by a later check. */
export function continueRecord(
  record: IncidentRecord,
  { clock, release }: IncidentCheck,
  checked: CheckedTable,
  now: number,
): IncidentRecord {
  const since = lostSince(record.lastUptime, checked, release);
  return {
    ...record,
    last: now,
    lastUptime: clock.uptime,
    seconds: Math.max(0, clock.uptime - record.firstUptime),
    lost: addLost(record.lost, since.lost),
    ...higherPeak(record, checked.table.entries, checked.table.limit),
  };
}

export function higherPeak({ peak, limit }: IncidentRecord, entries: number, limitNow: number) {
  return entries > peak ? { peak: entries, limit: limitNow } : { peak, limit };
}

/** The end is the time of a clean check, else of the last check. */
export function endRecord(record: IncidentRecord, ended: IncidentEnd): IncidentRecord {
  return { ...record, end: record.last, ended };
}

const NOT_TAKEN = 'the check ended before it was taken';

function dueReport(weight: Weight, at: number): KeptReport {
  return { at, ...weight, main: null, sinceLoss: null, missing: NOT_TAKEN };
}

function weightOf({ table: { entries, limit } }: CheckedTable, { lost, seconds }: LostInTime): Weight {
  return {
    lossRate: seconds > 0 ? packetsLost(lost) / seconds : 0,
    usage: limit > 0 ? (100 * entries) / limit : 0,
  };
}

/** A report to take now. */
export interface DueReport {
  readonly which: ReportName;
  readonly report: KeptReport;
}

/** `before`: the record as the last check left it; undefined for one that begins. */
export function reportDue(
  record: IncidentRecord,
  before: IncidentRecord | undefined,
  { release }: IncidentCheck,
  checked: CheckedTable,
): DueReport | undefined {
  if (before === undefined) return { which: 'first', report: record.first };
  const weight = weightOf(checked, lostSince(before.lastUptime, checked, release));
  const report = dueReport(weight, record.last);
  if (record.first.missing !== null && record.worst === null) return { which: 'first', report };
  return isWorse(weight, record.worst ?? record.first) ? { which: 'worst', report } : undefined;
}

// Rates vary, and a report takes time on a machine in trouble.
const WORSE = 1.1;

function isWorse(now: Weight, worst: Weight): boolean {
  if (now.lossRate > 0 || worst.lossRate > 0) return now.lossRate > WORSE * worst.lossRate;
  return now.usage > worst.usage + 1;
}

/** The time of the last loss, as a report shows it. */
export interface LossSeen {
  readonly isLosing: boolean;
  /** Seconds since the newest "table full" line in the kernel log. */
  readonly logAgo: number | null;
  /** Seconds since the check. */
  readonly later: number;
}

// The log shows the time of a line, and the kernel limits the rate of lines.
const LOG_SLACK = 6;

/** null if no loss was seen. */
export function sinceLossOf(checked: CheckedTable, { release }: IncidentCheck, seen: LossSeen): SinceLoss | null {
  if (seen.isLosing) return { kind: 'now', seconds: 0 };
  const last = lastLoss(checked, release);
  if (last === undefined) return null;
  const { logAgo, later } = seen;
  const [least, most] = [last.least + later, last.most + later];
  if (logAgo !== null && logAgo >= least - LOG_SLACK && logAgo <= most + LOG_SLACK)
    return { kind: 'about', seconds: Math.min(logAgo, most) };
  return { kind: 'at_most', seconds: most };
}
