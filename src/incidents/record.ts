// Records incidents for a check with --record: one for each table in trouble, with a report of its first and its worst
// moment. Records are written before reports are taken, which needs time, so a check that is killed keeps its figures.

import { self } from '#system/self';
import type { CheckedTable, IncidentCheck } from '../evaluate/incident.ts';
import type { IncidentPlace } from '../history/incident-names.ts';
import type { IncidentRecord } from '../history/incident-record.ts';
import { type IncidentChange, incidentName, readIncidents, storeIncidents } from '../history/incident-store.ts';
import { readHost } from '../kernel/host-name.ts';
import { identify } from '../kernel/namespaces/identity.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import type { Fault } from '../model/fault.ts';
import type { Table } from '../model/table.ts';
import { faultWords } from '../words/faults.ts';
import { labelOf } from '../words/namespaces.ts';
import {
  beginRecord,
  continueRecord,
  type DueReport,
  endRecord,
  higherPeak,
  type IncidentStep,
  reportDue,
  stepsOf,
} from './course.ts';

/** Returns why it was not recorded; undefined if it was. */
export async function recordIncidents(check: IncidentCheck, deadline: Deadline): Promise<string | undefined> {
  const place = { dir: check.stateDir, euid: self.effectiveUser() };
  const kept = readIncidents(place);
  if ('kind' in kept) return faultWords(kept);
  const opened = openRoot(check.root, deadline);
  if ('fault' in opened) return faultWords(opened.fault);
  const { root } = opened;
  const moment = { host: readHost(root), now: Date.now() };
  const steps = stepsOf(check, moment.host, kept.incidents, moment.now);
  const going = steps.map((step, at) => goingOn(root, check, step, { ...moment, number: kept.total + 1 + at }));
  const changes = going.map(({ name, record }) => ({ name, record, reports: [] }));
  const fault = storeIncidents(place, changes) ?? (await keepReports(place, check, going, deadline));
  return fault === undefined ? undefined : faultWords(fault);
}

/** An incident after this check, and the report that is due. */
interface Going {
  readonly name: string;
  readonly record: IncidentRecord;
  readonly due?: { readonly checked: CheckedTable; readonly report: DueReport } | undefined;
}

interface Moment {
  readonly host: string;
  readonly now: number;
  readonly number: number;
}

function goingOn(root: Root, check: IncidentCheck, step: IncidentStep, { host, now, number }: Moment): Going {
  switch (step.kind) {
    case 'begin': {
      const { table } = step;
      const record = beginRecord(check, table, { host, now, name: nameOf(root, table.table) });
      return { name: incidentName(number, record), record, due: dueOf(record, undefined, check, table) };
    }
    case 'continue': {
      const { incident, table } = step;
      const record = continueRecord(incident.record, check, table, now);
      return { name: incident.name, record, due: dueOf(record, incident.record, check, table) };
    }
    case 'end': {
      const { incident, table, ended } = step;
      const record = table === undefined ? incident.record : continueRecord(incident.record, check, table, now);
      return { name: incident.name, record: endRecord(record, ended) };
    }
  }
}

function dueOf(
  record: IncidentRecord,
  before: IncidentRecord | undefined,
  check: IncidentCheck,
  checked: CheckedTable,
): Going['due'] {
  const report = reportDue(record, before, check, checked);
  return report && { checked, report };
}

/** Milliseconds reserved for delays of a busy machine, for writing, and for the check's own output. */
const [RESERVE_MILLISECONDS, RESERVE_SHARE, MOST_RESERVED] = [500, 0.15, 0.33];

async function keepReports(
  place: IncidentPlace,
  check: IncidentCheck,
  going: readonly Going[],
  deadline: Deadline,
): Promise<Fault | undefined> {
  const left = deadline.left();
  const reserve = Math.min(MOST_RESERVED * left, Math.max(RESERVE_MILLISECONDS, RESERVE_SHARE * left));
  const dues = going.filter(({ due }) => due !== undefined);
  let fault: Fault | undefined;
  for (const [at, due] of dues.entries()) {
    const until = deadline.elapsed() + (deadline.left() - reserve) / (dues.length - at);
    const slice = { elapsed: deadline.elapsed, left: () => until - deadline.elapsed() };
    const change = await changeWithReport(check, due, slice);
    fault = fault ?? storeIncidents(place, [change]);
  }
  return fault;
}

async function changeWithReport(
  check: IncidentCheck,
  { name, record, due }: Going,
  slice: Deadline,
): Promise<IncidentChange> {
  if (due === undefined) return { name, record, reports: [] };
  const { which } = due.report;
  const { report, files, entries } = await (await import('./take-report.ts')).takeReport(
    check,
    due.checked,
    due.report,
    slice,
  );
  // Without a new report, the worst one so far stays.
  const changed = which === 'first' || report.missing === null ? { [which]: report } : {};
  const peak = higherPeak(record, entries, due.checked.table.limit);
  return { name, record: { ...record, ...changed, ...peak }, reports: files };
}

function nameOf(root: Root, table: Table): string {
  if (!table.isOwn) return labelOf(new Map([[table.key, identify(root, table)]]), table);
  if (root.view === 'captured') return 'this tree';
  return table.isInitial ? 'the host' : 'this network namespace';
}
