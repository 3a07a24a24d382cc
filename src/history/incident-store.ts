// The directory of incidents: DIR/<euid>/check_conntrack/incidents. An incident has a name, and up to five files:
//   <name>.open.json, when it is over <name>.json    the record
//   <name>-first.json, -first.txt, -worst.json, -worst.txt    the two reports
// A name is <number>-<start>-<key>: a rising number, the time, a fingerprint of boot and table. Reports are written before
// the record that refers to them, each file atomically, so that a run may be killed at any moment and two may write at
// once: at worst a file without a record is left, which the next run removes.

import { files } from '#system/files';
import { systemFault } from '../kernel/file.ts';
import type { Fault, Reading } from '../model/fault.ts';
import { fingerprint } from './fingerprint.ts';
import {
  CLOSED_END,
  highest,
  type IncidentFile,
  type IncidentPlace,
  incidentFiles,
  OPEN_END,
  ownPlace,
} from './incident-names.ts';
import { formatRecord, type IncidentRecord, PLAIN_TEXT, parseRecord } from './incident-record.ts';
import {
  ageOf,
  inOwnFolder,
  isLeftover,
  LEFTOVER_SECONDS,
  type OwnFolder,
  readOwn,
  replace,
} from './state-directory.ts';

export const MOST_INCIDENTS = 20;
/** Bytes. */
export const LARGEST_INCIDENT_FILE = 1 << 16;

export interface KeptIncident {
  readonly place: IncidentPlace;
  readonly name: string;
  readonly isOpen: boolean;
  readonly record: IncidentRecord;
}

export interface KeptIncidents {
  /** Newest first. */
  readonly incidents: readonly KeptIncident[];
  /** Records that could not be read. */
  readonly unread: readonly Fault[];
  /** The highest number so far. */
  readonly total: number;
}

export type ReportName = 'first' | 'worst';

/** A report as files: the text, and the document. */
export interface ReportFiles {
  readonly which: ReportName;
  readonly text: string;
  readonly json: string;
}

/** A record to write, with its new reports. */
export interface IncidentChange {
  readonly name: string;
  readonly record: IncidentRecord;
  readonly reports: readonly ReportFiles[];
}

export function incidentKey({ boot, table }: Pick<IncidentRecord, 'boot' | 'table'>): string {
  return fingerprint(`${boot} ${table}`);
}

export function incidentName(number: number, record: IncidentRecord): string {
  const stamp = new Date(record.start).toISOString().replace(/\.\d+|[-:]/g, '');
  return `${String(number).padStart(6, '0')}-${stamp}-${incidentKey(record)}`;
}

/** Empty for a user without incidents. */
export function readIncidents(place: IncidentPlace): KeptIncidents | Fault {
  const kept = inOwnFolder(ownPlace(place), 'fault', (folder) => incidentsIn(folder, place));
  return 'kind' in kept && kept.kind === 'missing' ? { incidents: [], unread: [], total: 0 } : kept;
}

function incidentsIn(folder: OwnFolder, place: IncidentPlace): KeptIncidents | Fault {
  const names = files.list(folder.path);
  if ('errno' in names) return { ...systemFault(names), source: folder.source };
  const all = incidentFiles(names);
  const { read, unread } = readRecordFiles(folder, all);
  const incidents = read.map(({ file, name, record }) => ({ place, name, isOpen: file === name + OPEN_END, record }));
  return { incidents, unread: unread.map(({ fault }) => fault), total: highest(all) };
}

interface ReadFile extends IncidentFile {
  readonly record: IncidentRecord;
}

interface UnreadFile extends IncidentFile {
  readonly fault: Fault;
}

/**
 * Newest first. A closed record replaces the open one; of two open records of a table, begun by two checks at once, the
 * older counts.
 */
function readRecordFiles(folder: OwnFolder, all: readonly IncidentFile[]) {
  const read: ReadFile[] = [];
  const unread: UnreadFile[] = [];
  for (const recordFile of newestFirst(all.filter((each) => isRecordFile(each, all)))) {
    const record = readIncidentRecord(folder, recordFile.file);
    if (record.ok) read.push({ ...recordFile, record: record.value });
    else unread.push({ ...recordFile, fault: record.fault });
  }
  const open = read.filter(({ file, name }) => file === name + OPEN_END);
  const isSecond = (recordFile: ReadFile) =>
    open.includes(recordFile) && open.some(({ key, number }) => key === recordFile.key && number < recordFile.number);
  return { read: read.filter((recordFile) => !isSecond(recordFile)), unread };
}

function isRecordFile({ file, name }: IncidentFile, all: readonly IncidentFile[]): boolean {
  if (file === name + CLOSED_END) return true;
  return file === name + OPEN_END && !all.some((other) => other.file === name + CLOSED_END);
}

function newestFirst(unsorted: readonly IncidentFile[]): readonly IncidentFile[] {
  return unsorted.slice().sort((a, b) => b.number - a.number || (a.name < b.name ? 1 : -1));
}

function readIncidentRecord(folder: OwnFolder, file: string): Reading<IncidentRecord> {
  const source = `${folder.source}/${file}`;
  const text = readPlain(folder, file);
  if (!text.ok) return text;
  const record = parseRecord(text.value);
  return record === 'malformed'
    ? { ok: false, fault: { kind: 'malformed', source } }
    : { ok: true, value: record, source };
}

function readPlain(folder: OwnFolder, file: string): Reading<string> {
  const source = `${folder.source}/${file}`;
  const read = readOwn(folder, file, LARGEST_INCIDENT_FILE);
  if (read === undefined) return { ok: false, fault: { kind: 'missing', source } };
  if (!read.ok) {
    const { kind, detail } = read;
    return { ok: false, fault: { kind, source, ...(detail === undefined ? {} : { detail }) } };
  }
  // Another user may have written it, and it is printed on a terminal.
  return PLAIN_TEXT.test(read.text)
    ? { ok: true, value: read.text, source }
    : { ok: false, fault: { kind: 'malformed', source } };
}

export function readKeptReport(
  { place, name }: Pick<KeptIncident, 'place' | 'name'>,
  which: ReportName,
  form: 'txt' | 'json',
): Reading<string> {
  const read = inOwnFolder(ownPlace(place), 'fault', (folder) => readPlain(folder, `${name}-${which}.${form}`));
  return 'kind' in read ? { ok: false, fault: read } : read;
}

/** Writes as many as possible, and removes those beyond the maximum. */
export function storeIncidents(place: IncidentPlace, changes: readonly IncidentChange[]): Fault | undefined {
  return inOwnFolder(ownPlace(place), 'made', (folder) => {
    const faults = changes.flatMap((change) => storeChange(folder, change) ?? []);
    clearIncidents(folder);
    return faults[0];
  });
}

function storeChange(folder: OwnFolder, { name, record, reports }: IncidentChange): Fault | undefined {
  for (const { which, text, json } of reports) {
    const fault = replace(folder, `${name}-${which}.txt`, text) ?? replace(folder, `${name}-${which}.json`, json);
    if (fault !== undefined) return fault;
  }
  const fault = replace(folder, name + (record.end === null ? OPEN_END : CLOSED_END), formatRecord(record));
  if (fault === undefined && record.end !== null) files.remove(`${folder.path}/${name}${OPEN_END}`);
  return fault;
}

function clearIncidents(folder: OwnFolder): void {
  const { path } = folder;
  const names = files.list(path);
  if ('errno' in names) return;
  const all = incidentFiles(names);
  const isOpen = ({ file, name }: IncidentFile) => file === name + OPEN_END;
  const records = all.filter((incidentFile) => isRecordFile(incidentFile, all));
  const { read: on, unread } = readRecordFiles(folder, records.filter(isOpen));
  // An incident that is on would begin again at once.
  const worthKeeping = [...on, ...newestFirst([...records.filter((incidentFile) => !isOpen(incidentFile)), ...unread])];
  const kept = new Set(worthKeeping.slice(0, MOST_INCIDENTS).map(({ name }) => name));
  const recorded = new Set(records.map(({ name }) => name));
  const isSuperfluous = (incidentFile: IncidentFile): boolean => {
    if (kept.has(incidentFile.name)) return isOpen(incidentFile) && !isRecordFile(incidentFile, all);
    // The record of a report just written may follow.
    return recorded.has(incidentFile.name) || ageOf(`${path}/${incidentFile.file}`) > LEFTOVER_SECONDS;
  };
  const leftovers = names.filter((name) => name.endsWith('.tmp') && isLeftover(name, ageOf(`${path}/${name}`)));
  for (const file of [...all.filter(isSuperfluous).map((incidentFile) => incidentFile.file), ...leftovers])
    files.remove(`${path}/${file}`);
}
