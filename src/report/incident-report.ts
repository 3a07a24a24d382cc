// One report of a machine: two samples of every table and the list of the fullest one, evaluated, diagnosed and worded.

import { totals } from '../evaluate/losses.ts';
import { acquire, type Wanted } from '../kernel/acquire.ts';
import type { Root } from '../kernel/root.ts';
import { lookInside } from '../kernel/table/extensions-inside.ts';
import type { Fault } from '../model/fault.ts';
import type { Observation } from '../model/observation.ts';
import type { Table } from '../model/table.ts';
import { fullestTable } from './diagnosis/diagnosis.ts';
import { type Look, readElsewhere } from './diagnosis/leads/leads.ts';
import { verdictText } from './diagnosis/verdict.ts';
import { gatherFindings } from './findings.ts';
import { timeLimit } from './interruption.ts';
import { newEntries, rememberTable, seeTable } from './list/new-entries.ts';
import { reportBody } from './report-body.ts';
import type { ReportFindings } from './report-findings.ts';
import { firstLines, reportText } from './report-text.ts';
import { type ReportContext, type Reported, reportedFailure, reportedUnknown } from './reported.ts';
import { listOf, tableOfPid } from './subject.ts';

const FIRST_LOOK: Wanted = { machine: 'all', namespaces: true, clock: true };
const LAST: Wanted = { ...FIRST_LOOK, configuration: true, evidence: 'always', extensions: true };

/** `past` is the previous report, if there was one. */
export async function reportOfMachine(
  root: Root,
  context: ReportContext,
  past: Reported | undefined,
): Promise<Reported> {
  const { options, stop } = context;
  const isCaptured = root.view === 'captured';
  if (options.watch && isCaptured) return reportedUnknown('a captured tree does not change: there is nothing to watch');
  const first = await observeOnce(root, isCaptured ? LAST : FIRST_LOOK);
  if ('text' in first) return first;
  const { observation } = first;
  const subject = reportSubject(root, observation, context);
  if ('kind' in subject) return reportedFailure(subject);
  const reported = await reportOf(root, context, first, past, subject);
  const isChosen = options.pid !== undefined || options.entries !== undefined || context.recording !== undefined;
  const troubled = isChosen ? undefined : reported.troubled;
  return troubled === undefined || stop.interrupted() ? reported : reportOf(root, context, first, past, troubled);
}

interface TableReport extends Reported {
  /** The table that the verdict is about, if the list is of another one. */
  readonly troubled: Table | undefined;
}

function reportSubject(root: Root, observation: Observation, { options, recording }: ReportContext): Table | Fault {
  if (recording !== undefined) {
    const { tableKey } = recording;
    const source = `namespace ${tableKey}`;
    return observation.tables.find(({ key }) => key === tableKey) ?? { kind: 'missing', source };
  }
  return options.pid === undefined ? fullestTable(observation) : tableOfPid(root, observation, options.pid);
}

async function reportOf(
  root: Root,
  context: ReportContext,
  first: Look,
  past: Reported | undefined,
  subject: Table,
): Promise<TableReport> {
  const { options, deadline } = context;
  const { observation } = first;
  const before = past?.look ?? first;
  const began = deadline.elapsed();
  const seen = past?.seen ?? (await seenBefore(root, observation, subject, context));
  const read = await listOf(root, observation, subject, listContext(context));
  if ('text' in read) return { ...read, troubled: undefined };
  const reading = deadline.elapsed() - began;
  // The previous report's sample, if there is one, is compared with.
  const wait = before === first ? 1000 * options.intervalSeconds - reading : 0;
  const seenNow = root.view === 'captured' ? first : await lookAfter(root, context, wait);
  if ('text' in seenNow) return { ...seenNow, troubled: undefined };
  const last = { ...seenNow, observation: lookInside(root, seenNow.observation, subject) };
  const isOver = context.recording !== undefined && !losesBetween(before, last, subject);
  const now = isOver ? undefined : await seeAgain(root, observation, subject, context);
  const { entries } = last.observation.tables.find(({ key }) => key === subject.key) ?? subject;
  const listed = read.withNew((all, marks) => now && seen && newEntries(seen, now, entries, all, marks));
  const findings = await gatherFindings(
    root,
    { before, after: last, subject, settings: read.settings, listed },
    context,
  );
  const troubled = troubledBeside(findings, subject);
  return { ...reportedFindings(findings, context), look: last, seen: now && rememberTable(now), reading, troubled };
}

function troubledBeside({ diagnosis: { worst } }: ReportFindings, subject: Table): Table | undefined {
  const { trouble, result } = worst;
  return trouble === 'none' || result.table.key === subject.key ? undefined : result.table;
}

/** Shares of the time that is left, for the parts of a report that a check records. */
const [LIST_SHARE, COUNTED_BY, NEW_ENTRIES_SHARE] = [1 / 2, 3 / 4, 1 / 8];

function listContext(context: ReportContext): ReportContext {
  const { deadline, recording } = context;
  if (recording === undefined) return context;
  const until = deadline.elapsed() + COUNTED_BY * deadline.left();
  return { ...limited(context, LIST_SHARE), recording: { ...recording, isLate: () => deadline.elapsed() > until } };
}

function limited(context: ReportContext, share: number): ReportContext {
  const { deadline, recording } = context;
  if (recording === undefined) return context;
  const until = deadline.elapsed() + share * deadline.left();
  return { ...context, stop: timeLimit({ elapsed: deadline.elapsed, left: () => until - deadline.elapsed() }) };
}

// After the loss, new entries do not show its cause.
function losesBetween(before: Look, after: Look, { key }: Table): boolean {
  const [was, is] = [before, after].map(({ observation: { tables } }) => {
    const statistics = tables.find((table) => table.key === key)?.statistics;
    const { drop = 0, early_drop = 0, insert_failed = 0 } = statistics?.ok ? totals(statistics.value) : {};
    return drop + early_drop + insert_failed;
  });
  return was !== is;
}

// A captured list does not change, and a second reading at once would find the same.
async function seeAgain(root: Root, { machine }: Observation, subject: Table, context: ReportContext) {
  const { entries, watch, intervalSeconds } = context.options;
  const changes = root.view !== 'captured' && entries === undefined && (watch || intervalSeconds > 0);
  return changes && !context.stop.interrupted()
    ? await seeTable(root, machine, subject, limited(context, NEW_ENTRIES_SHARE))
    : undefined;
}

async function seenBefore(root: Root, first: Observation, subject: Table, context: ReportContext) {
  const seen = await seeAgain(root, first, subject, context);
  return seen && rememberTable(seen);
}

async function observeOnce(root: Root, wanted: Wanted): Promise<Look | Reported> {
  const observed = await acquire(root, wanted);
  if (observed.kind === 'absent') return reportedUnknown('no connection tracking visible here');
  if (observed.kind === 'fault') return reportedFailure(observed.fault);
  const { observation } = observed;
  const elsewhere = readElsewhere(root, observation.tables, wanted === LAST ? 'all' : 'counters');
  return { observation, elsewhere };
}

async function lookAfter(root: Root, { stop }: ReportContext, wait: number): Promise<Look | Reported> {
  await stop.pause(wait);
  return observeOnce(root, LAST);
}

function reportedFindings(
  findings: ReportFindings,
  { palette, options }: ReportContext,
): Omit<Reported, 'look' | 'seen' | 'reading'> {
  const { state } = findings.diagnosis;
  return {
    state,
    text: verdictText(findings),
    lines: reportText(findings, palette, options.all),
    first: firstLines(findings, palette),
    body: reportBody(findings),
    main: findings.main,
  };
}
