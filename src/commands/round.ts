// One report: look at every table twice, read in between who fills the fullest one, judge, and put it into words.

import { self } from '#system/self';
import type { ReportOptions } from '../cli/options.ts';
import { adviceFor } from '../evaluate/advice.ts';
import { driftOf } from '../evaluate/drift.ts';
import { objectCost } from '../evaluate/footprint.ts';
import { holdingsOf, isListOf } from '../evaluate/holders.ts';
import { fullestTable, incidentOf, type Look } from '../evaluate/incident.ts';
import type { State } from '../evaluate/state.ts';
import { DEFAULT_TIMEOUTS, endedAt, type Timeouts } from '../evaluate/timeouts.ts';
import type { Facts, Fault, Identity, NamespaceTable, Reading } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { type EntryFeed, openCaptured, openTableList } from '../kernel/entry-feed.ts';
import { identify } from '../kernel/identity.ts';
import { readFullLog } from '../kernel/kernel-log.ts';
import { readMoment } from '../kernel/moment.ts';
import { namespaceInode } from '../kernel/namespace.ts';
import { readOwnAddresses } from '../kernel/own-addresses.ts';
import { netInode } from '../kernel/processes.ts';
import type { Deadline, Root } from '../kernel/root.ts';
import { readSurroundings } from '../kernel/surroundings.ts';
import { sweep } from '../kernel/sweep.ts';
import { readTimeouts } from '../kernel/timeouts.ts';
import { driftWords } from '../present/drift.ts';
import { faultWords } from '../present/faults.ts';
import type { Findings } from '../present/incident.ts';
import { entriesWords, type Listed, listLines } from '../present/listing.ts';
import type { Palette } from '../present/palette.ts';
import { reportText, verdictText } from '../present/report.ts';
import { listBody, reportBody } from '../present/report-body.ts';
import { countEntries } from './count.ts';
import type { Interruption } from './interruption.ts';
import { progressOf } from './terminal.ts';

/** Everything that is said, or the failure that stands for it. */
export interface Told {
  readonly state: State;
  readonly text: string;
  readonly lines: readonly string[];
  readonly body: object;
}

/** What each report is made with. */
export interface Setting {
  readonly options: ReportOptions;
  readonly deadline: Deadline;
  readonly stop: Interruption;
  readonly palette: Palette;
}

export interface Round {
  readonly told: Told;
  /** The last look at the tables, to compare the next with. */
  readonly look: Look | undefined;
  /** Milliseconds that the list took. */
  readonly reading: number;
}

export function failed(fault: Fault): Round {
  return unknown(faultWords(fault));
}

function unknown(text: string): Round {
  return { told: { state: 'unknown', text, lines: [], body: { report: null } }, look: undefined, reading: 0 };
}

/** A list from elsewhere says nothing of this machine's table. */
export async function listRound(setting: Setting): Promise<Round> {
  const { options, deadline } = setting;
  const opened = openCaptured(options.entries ?? '-');
  if ('fault' in opened) return failed(opened.fault);
  const listed = await readList(opened.feed, DEFAULT_TIMEOUTS, setting);
  if (deadline.left() <= 0) return failed({ kind: 'timeout', source: opened.feed.source });
  if (listed.kind === 'none') return failed(listed.fault);
  const nothing = emptyList(listed);
  if (nothing !== undefined) return failed(nothing);
  const { holdings } = listed;
  const text = `a list of ${entriesWords(holdings)}; the table that they are of is not known (--root DIR tells)`;
  const told: Told = { state: 'ok', text, lines: ['', ...listLines(listed)], body: { report: listBody(listed) } };
  return { told, look: undefined, reading: 0 };
}

/** `past` is what was seen last, where there was a report before. */
export async function machineRound(root: Root, setting: Setting, past: Look | undefined): Promise<Round> {
  const { options, deadline } = setting;
  if (options.watch && root.view === 'captured')
    return unknown('a captured tree does not change: there is nothing to watch');
  const first = lookAt(root);
  if ('told' in first) return first;
  const began = deadline.elapsed();
  const subject = options.pid === undefined ? fullestTable(first) : tableOf(root, first, options.pid);
  if (subject !== undefined && 'kind' in subject) return failed(subject);
  const listed = await listOf(root, first, subject, setting);
  if ('told' in listed) return listed;
  const reading = deadline.elapsed() - began;
  const wait = past === undefined ? 1000 * options.intervalSeconds - reading : 0;
  const last = await lookAgain(root, setting, first, wait);
  if ('told' in last) return last;
  const found = findings(root, past ?? first, last, subject, listed, options);
  return { told: tell(found, setting), look: last, reading };
}

/** Why a list tells nothing. */
function emptyList(listed: Listed): Fault | undefined {
  if (listed.kind === 'none') return listed.fault;
  const { holdings, source } = listed;
  return holdings.entries > 0 ? undefined : { kind: holdings.unknown === 0 ? 'empty' : 'malformed', source };
}

async function lookAgain(root: Root, { stop }: Setting, first: Look, wait: number): Promise<Look | Round> {
  // It does not change.
  if (root.view === 'captured') return first;
  await stop.pause(wait);
  return lookAt(root);
}

function tell(found: Findings, { palette }: Setting): Told {
  const { state } = found.incident;
  return { state, text: verdictText(found), lines: reportText(found, palette), body: { report: reportBody(found) } };
}

function lookAt(root: Root): Look | Round {
  const acquired = acquire(root, true);
  if (acquired.kind === 'absent') return unknown('no connection tracking visible here');
  if (acquired.kind === 'fault') return failed(acquired.fault);
  const { facts } = acquired;
  const swept = sweep(root, facts.generation);
  const moment = readMoment(root, facts);
  return { facts, uptime: moment.ok ? moment.value.uptime : 0, sweep: 'fault' in swept ? undefined : swept };
}

/** The table of a process's namespace; undefined where that is the one we look at first. */
function tableOf(root: Root, { sweep: swept }: Look, pid: number): NamespaceTable | undefined | Fault {
  const source = root.locate(`/proc/${pid}`);
  const inode = netInode(root, pid);
  if (inode === 'gone') return { kind: 'missing', source };
  if (inode === 'hidden') return { kind: 'denied', source };
  if (inode === namespaceInode(root)) return undefined;
  return swept?.others.find(({ key }) => key === `net:${inode}`) ?? { kind: 'missing', source };
}

async function listOf(
  root: Root,
  { facts }: Look,
  subject: NamespaceTable | undefined,
  setting: Setting,
): Promise<Listed | Round> {
  const { entries } = setting.options;
  const opened = entries === undefined ? openTableList(root, facts, subject) : openCaptured(entries);
  if ('fault' in opened) return entries === undefined ? { kind: 'none', fault: opened.fault } : failed(opened.fault);
  const timeouts = new Map([...DEFAULT_TIMEOUTS, ...readTimeouts(root, facts.generation, subject)]);
  const listed = await readList(opened.feed, timeouts, setting);
  // So that it is named, and not what would be read next.
  root.expired(opened.feed.source);
  // A list that somebody has given is what the question is about.
  const nothing = entries === undefined ? undefined : emptyList(listed);
  return nothing === undefined ? listed : failed(nothing);
}

async function readList(feed: EntryFeed, timeouts: Timeouts, { stop, options }: Setting): Promise<Listed> {
  const progress = progressOf(options.watch ? 0 : (feed.expected ?? 0));
  const { source, digest, sample, cut } = await countEntries(feed, endedAt(timeouts), { stop, step: progress.update });
  progress.end();
  if (cut !== undefined && cut !== 'stopped' && digest.entries === 0) return { kind: 'none', fault: cut };
  return { kind: 'list', source, cut, holdings: holdingsOf(digest, timeouts, options.top, sample) };
}

function findings(
  root: Root,
  before: Look,
  after: Look,
  subject: NamespaceTable | undefined,
  listed: Listed,
  { objectSize, entries }: ReportOptions,
): Findings {
  const { facts } = after;
  const surroundings = readSurroundings(root, facts);
  const cost = objectCost(facts, objectSize);
  const log = readFullLog(root);
  const drift = driftOf(facts, surroundings.configuration);
  const incident = incidentOf(before, after, log.ok ? log.value : undefined, drift);
  const isSubject = incident.place.table?.key === subject?.key;
  const count = subject?.entries.ok ? subject.entries.value : facts.count;
  const isForeign = entries !== undefined && listed.kind === 'list' && !isListOf(count, listed.holdings);
  const holdings = listed.kind === 'list' && isSubject && !isForeign ? listed.holdings : undefined;
  const tables = [...incident.places.flatMap(({ table }) => table ?? []), ...(subject === undefined ? [] : [subject])];
  return {
    facts,
    incident,
    sweep: after.sweep,
    identities: identitiesOf(root, tables),
    log,
    drift: drift?.kind === 'below' ? driftWords(drift) : '',
    surroundings,
    cost,
    subject,
    listed,
    isForeign,
    advice: adviceFor({
      facts,
      incident,
      surroundings,
      cost,
      drift,
      holdings,
      own: readOwnAddresses(root, subject),
    }),
    sudo: sudoAdds(root, facts, listed, log),
  };
}

const MOST_IDENTIFIED = 20;

function identitiesOf(root: Root, tables: readonly NamespaceTable[]): ReadonlyMap<string, Identity> {
  const told = [...tables.slice(0, MOST_IDENTIFIED), ...tables.slice(-1)];
  return new Map(told.map((table) => [table.key, identify(root, table)]));
}

function sudoAdds(root: Root, { slabCache }: Facts, listed: Listed, log: Reading<unknown>): readonly string[] {
  if (root.view === 'captured' || self.effectiveUser() === 0) return [];
  return [
    ...(listed.kind === 'none' ? ['who fills the table'] : []),
    ...(log.ok ? [] : ['the kernel log']),
    ...(slabCache.ok ? [] : ['the exact size of an entry']),
    'namespaces without a process',
  ];
}
