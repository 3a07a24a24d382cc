// One report of one table for an incident's record: as text, as the document of `report --format json`, and bounded.

import type { CheckedTable, IncidentCheck } from '../evaluate/incident.ts';
import { packetsLost } from '../evaluate/losses.ts';
import type { KeptReport } from '../history/incident-record.ts';
import { LARGEST_INCIDENT_FILE, type ReportFiles } from '../history/incident-store.ts';
import { type Deadline, openRoot } from '../kernel/root.ts';
import { reportOfMachine } from '../report/incident-report.ts';
import { timeLimit } from '../report/interruption.ts';
import { PLAIN as NO_COLOURS } from '../report/palette.ts';
import type { ReportBody } from '../report/report-body.ts';
import type { Reported } from '../report/reported.ts';
import { faultWords } from '../words/faults.ts';
import { renderJson } from '../words/json.ts';
import { statusLine } from '../words/line.ts';
import { wrapped } from '../words/prose.ts';
import { type DueReport, sinceLossOf } from './course.ts';

/** The result; without a report `report.missing` says why. */
export interface TakenReport {
  readonly report: KeptReport;
  readonly files: readonly ReportFiles[];
  /** The highest number of entries seen. */
  readonly entries: number;
}

const LEAST_MILLISECONDS = 300;
/** Seconds between the two samples, if there is enough time. */
const [USUAL_INTERVAL, LEAST_INTERVAL, INTERVAL_SHARE] = [1, 0.1, 8];

export async function takeReport(
  check: IncidentCheck,
  checked: CheckedTable,
  due: DueReport,
  deadline: Deadline,
): Promise<TakenReport> {
  if (deadline.left() < LEAST_MILLISECONDS) return notTaken(due, 'no time was left');
  const opened = openRoot(check.root, deadline);
  if ('fault' in opened) return notTaken(due, faultWords(opened.fault));
  const began = deadline.elapsed();
  const reported = await reportOfMachine(opened.root, contextOf(check, checked, deadline), undefined);
  const { report } = reported.body;
  if (report === null || report.incident === null) return notTaken(due, reported.text);
  const { kernel_log: log, namespaces } = report.incident;
  const own = namespaces.find(({ key }) => key === (checked.table.isOwn ? null : checked.table.key));
  const sinceLoss = sinceLossOf(checked, check, {
    isLosing: own?.losses != null && lostIn(own.losses.lost) > 0,
    logAgo: 'fault' in log ? null : log.last_seconds_ago,
    later: (deadline.elapsed() - began) / 1000,
  });
  return {
    report: { ...due.report, at: Date.now(), main: reported.main, sinceLoss, missing: null },
    files: [{ which: due.which, text: textToKeep(reported), json: documentToKeep(reported, reported.body) }],
    entries: own?.metrics.entries ?? 0,
  };
}

function notTaken({ report }: DueReport, missing: string): TakenReport {
  return { report: { ...report, missing }, files: [], entries: 0 };
}

function lostIn(lost: NonNullable<ReportBodyLosses>['lost']): number {
  const { table_full: full, clash, long_chain: chain, table_full_or_clash: fullOrClash } = lost;
  return packetsLost({ full, clash, chain, fullOrClash });
}

type ReportBodyLosses = NonNullable<NonNullable<ReportBody['report']>['incident']>['namespaces'][number]['losses'];

function contextOf(check: IncidentCheck, checked: CheckedTable, deadline: Deadline) {
  const { root, objectSize } = check;
  const seconds = deadline.left() / 1000;
  return {
    options: {
      root,
      objectSize,
      verbosity: 0,
      timeoutSeconds: seconds,
      top: 10,
      pid: undefined,
      intervalSeconds: Math.max(LEAST_INTERVAL, Math.min(USUAL_INTERVAL, seconds / INTERVAL_SHARE)),
      format: 'text',
      watch: false,
      entries: undefined,
      rootGiven: false,
      all: true,
      stateDir: check.stateDir,
    },
    deadline,
    stop: timeLimit(deadline),
    palette: NO_COLOURS,
    recording: { tableKey: checked.table.key, freshSeconds: Math.ceil(checked.seconds ?? 0) + 1 },
  } as const;
}

function textToKeep({ state, text, lines }: Reported): string {
  const all = [...wrapped(statusLine(state, text)), ...lines];
  while (bytesOf(all) > LARGEST_INCIDENT_FILE) all.pop();
  return `${all.join('\n')}\n`.replace(/[^\x20-\x7e\n]/g, '?');
}

function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** Removes blanks if it is too large; if it still is, keeps only this table. */
function documentToKeep({ state, text }: Reported, body: ReportBody): string {
  const whole = renderJson({ state, text, details: [] }, 'report', body);
  if (whole.length <= LARGEST_INCIDENT_FILE) return whole;
  const small = `${JSON.stringify(JSON.parse(whole))}\n`;
  if (small.length <= LARGEST_INCIDENT_FILE) return small;
  return `${JSON.stringify(JSON.parse(renderJson({ state, text, details: [] }, 'report', reducedBody(body))))}\n`;
}

function reducedBody({ report }: ReportBody): ReportBody {
  if (report === null || report.incident === null) return { report };
  const { incident } = report;
  const { kernel_log: log } = incident;
  const short = 'fault' in log ? log : { ...log, namespaces: log.namespaces.slice(0, 10) };
  return {
    report: {
      ...report,
      incident: { ...incident, kernel_log: short, namespaces: incident.namespaces.slice(0, 1), elsewhere: [] },
    },
  };
}
