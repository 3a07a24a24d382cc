// The incidents command: lists the incidents that checks with --record have kept, or prints one with its report.

import type { Format, IncidentsOptions } from '../cli/options.ts';
import type { Outcome, Program } from '../cli/program.ts';
import type { State } from '../evaluate/state.ts';
import { type AllIncidents, readAllIncidents, STATE_DIRECTORIES } from '../history/all-incidents.ts';
import { type KeptIncident, type ReportName, readKeptReport } from '../history/incident-store.ts';
import { localMoment } from '../history/local-time.ts';
import { isObject, parseJson } from '../history/state-file.ts';
import type { ReportDocument } from '../report/report-body.ts';
import { faultWords } from '../words/faults.ts';
import { renderJson } from '../words/json.ts';
import { statusLine } from '../words/line.ts';
import { listWords, wrapped } from '../words/prose.ts';
import { durationWords, foreignPath } from '../words/words.ts';
import { foreignName, type IncidentsBody, incidentsBody, NO_DOCUMENTS } from './incidents-body.ts';
import { incidentText, listText } from './incidents-text.ts';

export const incidentsCommand: Program<IncidentsOptions> = {
  run: async (options) => writtenIncidents(shownIncidents(options), options.format),
  fail: async (text, format) => writtenIncidents(unknownIncidents(text), format),
  record: async (check, deadline) => (await import('./record.ts')).recordIncidents(check, deadline),
};

interface IncidentsShown {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  readonly body: IncidentsBody;
}

function writtenIncidents({ state, text, lines, body }: IncidentsShown, format: Format): Outcome {
  if (format === 'json') return { state, output: renderJson({ state, text, details: [] }, 'incidents', body) };
  const line = statusLine(state, text);
  const first = state === 'unknown' ? [line] : wrapped(line);
  return { state, output: `${[...first, ...lines].join('\n')}\n` };
}

function unknownIncidents(text: string): IncidentsShown {
  return { state: 'unknown', text, lines: [], body: { incidents: null, unread: [] } };
}

function shownIncidents({ stateDir, number }: IncidentsOptions): IncidentsShown {
  const all = readAllIncidents(stateDir);
  if ('kind' in all) return unknownIncidents(faultWords(all));
  const { incidents, unread } = all;
  const [fault] = unread;
  if (incidents.length === 0 && fault !== undefined) return unknownIncidents(faultWords(fault));
  if (number === undefined) return incidentList(all);
  const incident = incidents[number - 1];
  if (incident !== undefined) return shownIncident(all, incident, number);
  return unknownIncidents(
    `no incident ${number}: ${incidents.length === 0 ? noneWords(all) : `there are ${incidents.length}`}`,
  );
}

function incidentList(all: AllIncidents): IncidentsShown {
  const { incidents, unread } = all;
  const count = `${incidents.length} incident${incidents.length === 1 ? '' : 's'} on record`;
  const body = incidentsBody(
    all,
    incidents.map((incident, at) => [at + 1, incident, NO_DOCUMENTS]),
  );
  const text = incidents.length === 0 ? noneWords(all) : `${count}, newest first`;
  return { state: 'ok', text, lines: listText(incidents, unread), body };
}

function noneWords({ directories }: AllIncidents): string {
  const dirs = directories.length === 0 ? STATE_DIRECTORIES : directories;
  return `no incident on record in ${listWords(dirs.map(foreignPath))}`;
}

function shownIncident(all: AllIncidents, incident: KeptIncident, number: number): IncidentsShown {
  const { record } = incident;
  const which = record.worst === null ? 'first' : 'worst';
  const times = `from ${localMoment(record.start)}, ${durationWords(record.seconds)}${record.end === null ? ', ongoing' : ''}`;
  const documents = {
    first: keptDocument(incident, 'first'),
    worst: record.worst && keptDocument(incident, 'worst'),
  };
  return {
    state: 'ok',
    text: `incident ${number} of ${all.incidents.length}: ${foreignName(record)}, ${times}`,
    lines: incidentText(incident, readKeptReport(incident, which, 'txt')),
    body: incidentsBody(all, [[number, incident, documents]]),
  };
}

function keptDocument(incident: KeptIncident, which: ReportName): ReportDocument | null {
  const read = readKeptReport(incident, which, 'json');
  const parsed = read.ok ? parseJson(read.value) : undefined;
  return isReportDocument(parsed) ? parsed : null;
}

/** The rest of the name is ours. */
function isReportDocument(value: unknown): value is ReportDocument {
  return isObject(value) && value['command'] === 'report' && value['schema_version'] === 1;
}
