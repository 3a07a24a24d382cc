// One report of a machine: look at every table twice, read in between who fills the fullest one, evaluate, diagnose, and
// put it into words.

import { self } from '#system/self';
import { adviceFor } from '../evaluate/advice.ts';
import { diagnose, fullestTable } from '../evaluate/diagnosis.ts';
import { type Evaluation, evaluate, type Histories } from '../evaluate/evaluate.ts';
import { survivalSeconds } from '../evaluate/evictions.ts';
import { isListOf } from '../evaluate/holders.ts';
import { leadsOf, mostInvalid, withLeads } from '../evaluate/leads.ts';
import { DEFAULT_THRESHOLDS } from '../evaluate/thresholds.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../evaluate/timeouts.ts';
import { sampleOf } from '../evaluate/trend.ts';
import { acquire, type Wanted } from '../kernel/acquire.ts';
import { openCaptured, openTableList } from '../kernel/entry-feed.ts';
import { lookInside } from '../kernel/extensions-inside.ts';
import { identify } from '../kernel/identity.ts';
import { readInvalidHandling } from '../kernel/invalid-packets.ts';
import { readFullLog } from '../kernel/kernel-log.ts';
import { fullSpells } from '../kernel/log-owners.ts';
import { namespaceInode } from '../kernel/namespace.ts';
import { readOwnAddresses } from '../kernel/own-addresses.ts';
import { netInode } from '../kernel/processes.ts';
import type { Root } from '../kernel/root.ts';
import { readTimeouts } from '../kernel/timeouts.ts';
import type { InvalidHandling } from '../observation/elsewhere.ts';
import type { Fault } from '../observation/fault.ts';
import type { Observation } from '../observation/observation.ts';
import type { Identities, Table } from '../observation/table.ts';
import { tableOf as tableOfLead } from '../present/leads.ts';
import type { Listed } from '../present/listing.ts';
import { reportText } from '../present/report.ts';
import { reportBody } from '../present/report-body.ts';
import type { ReportFindings } from '../present/report-findings.ts';
import { verdictText } from '../present/verdict.ts';
import { newEntries, remembered, seeTable } from './arrivals.ts';
import { natShortage } from './nat-shortage.ts';
import { noList, type ReadList, readList } from './read-list.ts';
import { failed, type ReportContext, type Reported, unknown } from './reported.ts';

const FIRST: Wanted = { machine: 'all', namespaces: true, clock: true, elsewhere: 'counters' };
const LAST: Wanted = { ...FIRST, configuration: true, evidence: 'always', extensions: true, elsewhere: 'all' };

/** `past` is what was seen last, where there was a report before. */
export async function reportOfMachine(
  root: Root,
  context: ReportContext,
  past: Reported | undefined,
): Promise<Reported> {
  const { options } = context;
  const isCaptured = root.view === 'captured';
  if (options.watch && isCaptured) return unknown('a captured tree does not change: there is nothing to watch');
  const first = await look(root, isCaptured ? LAST : FIRST);
  if ('text' in first) return first;
  const subject = options.pid === undefined ? fullestTable(first) : tableOf(root, first, options.pid);
  return 'kind' in subject ? failed(subject) : reportOf(root, context, first, past, subject);
}

async function reportOf(
  root: Root,
  context: ReportContext,
  first: Observation,
  past: Reported | undefined,
  subject: Table,
): Promise<Reported> {
  const { options, deadline } = context;
  const before = past?.look ?? first;
  const began = deadline.elapsed();
  const seen = past?.seen ?? (await seenBefore(root, first, subject, context));
  const read = await listOf(root, first, subject, context);
  if ('text' in read) return read;
  const reading = deadline.elapsed() - began;
  // Where there was a report before, its look is what is compared with.
  const wait = before === first ? 1000 * options.intervalSeconds - reading : 0;
  const seenNow = root.view === 'captured' ? first : await lookAfter(root, context, wait);
  if ('text' in seenNow) return seenNow;
  const last = lookInside(root, seenNow, subject);
  const now = await seeAgain(root, first, subject, context);
  const { entries } = last.tables.find(({ key }) => key === subject.key) ?? subject;
  const listed = read.withNew((all, marks) => now && seen && newEntries(seen, now, entries, all, marks));
  const found = await findings(root, before, last, subject, listed, context);
  return { ...told(found, context), look: last, seen: now && remembered(now), reading };
}

// A list from elsewhere does not change, and what nobody waits for has not changed yet.
async function seeAgain(root: Root, { machine }: Observation, subject: Table, context: ReportContext) {
  const { entries, watch, intervalSeconds } = context.options;
  const changes = root.view !== 'captured' && entries === undefined && (watch || intervalSeconds > 0);
  return changes && !context.stop.interrupted() ? await seeTable(root, machine, subject, context) : undefined;
}

async function seenBefore(root: Root, first: Observation, subject: Table, context: ReportContext) {
  const seen = await seeAgain(root, first, subject, context);
  return seen && remembered(seen);
}

async function look(root: Root, wanted: Wanted): Promise<Observation | Reported> {
  const observed = await acquire(root, wanted);
  if (observed.kind === 'absent') return unknown('no connection tracking visible here');
  return observed.kind === 'fault' ? failed(observed.fault) : observed.observation;
}

async function lookAfter(root: Root, { stop }: ReportContext, wait: number): Promise<Observation | Reported> {
  await stop.pause(wait);
  return look(root, LAST);
}

function told(found: ReportFindings, { palette }: ReportContext): Omit<Reported, 'look' | 'seen' | 'reading'> {
  const { state } = found.diagnosis;
  return { state, text: verdictText(found), lines: reportText(found, palette), body: reportBody(found) };
}

/** The table of a process's namespace. */
function tableOf(root: Root, { tables }: Observation, pid: number): Table | Fault {
  const source = root.locate(`/proc/${pid}`);
  const inode = netInode(root, pid);
  if (inode === 'gone') return { kind: 'missing', source };
  if (inode === 'hidden') return { kind: 'denied', source };
  if (inode === namespaceInode(root)) return tables[0];
  return tables.find(({ key }) => key === `net:${inode}`) ?? { kind: 'missing', source };
}

async function listOf(
  root: Root,
  observation: Observation,
  subject: Table,
  context: ReportContext,
): Promise<ReadList | Reported> {
  const { entries } = context.options;
  const opened = entries === undefined ? openTableList(root, observation.machine, subject) : openCaptured(entries);
  if ('fault' in opened) return entries === undefined ? noList(opened.fault) : failed(opened.fault);
  const read = await readList(opened.feed, timeoutsOf(root, observation, subject), context);
  // So that it is named, and not what would be read next.
  root.expired(opened.feed.source);
  // A list that somebody has given is what the question is about.
  const nothing = entries === undefined ? undefined : read.nothing;
  return nothing === undefined ? read : failed(nothing);
}

function timeoutsOf(root: Root, { machine }: Observation, table: Table): Timeouts {
  return new Map([...DEFAULT_TIMEOUTS, ...readTimeouts(root, machine.generation, table)]);
}

async function findings(
  root: Root,
  before: Observation,
  after: Observation,
  subject: Table,
  listed: Listed,
  { options, stop }: ReportContext,
): Promise<ReportFindings> {
  const { objectSize, entries } = options;
  const log = readFullLog(root, after.clock ?? { ok: false, fault: { kind: 'not-asked', source: '/proc/uptime' } });
  const judged = { thresholds: DEFAULT_THRESHOLDS, objectSize, drift: 'ok' } as const;
  const evaluation = evaluate(after, historyOf(before), judged);
  const said = log.ok ? log.value : undefined;
  const invalid = mostInvalid(evaluation)?.table;
  const handling = invalid && readInvalidHandling(root, after.machine.generation, invalid);
  const leads = leadsOf({ evaluation, before, log: said, handling });
  const spells = said === undefined ? undefined : fullSpells(root, said, after);
  const diagnosis = withLeads(diagnose(evaluation, spells), leads);
  const isForeign = entries !== undefined && listed.kind === 'list' && !isListOf(subject.entries, listed.holdings);
  const isOfWorst = diagnosis.worst.result.table.key === subject.key;
  const own = listed.kind === 'list' && isOfWorst && !isForeign ? listed : undefined;
  const { table } = diagnosis.worst.result;
  const isClashing = diagnosis.trouble === 'clashing';
  const shortage = isClashing ? await natShortage(root, after.machine, table, stop) : 'unknown';
  const timeouts = isClashing ? timeoutsOf(root, after, table) : DEFAULT_TIMEOUTS;
  return {
    evaluation,
    diagnosis,
    identities: identitiesOf(root, [
      ...leads.flatMap((lead) => tableOfLead(lead) ?? []),
      ...diagnosis.tables.map(({ result }) => result.table),
      subject,
    ]),
    leads,
    log,
    subject,
    listed,
    isForeign,
    shortage,
    survival: survivalSeconds(diagnosis.worst.result, own?.holdings),
    advice: adviceFor({
      evaluation,
      diagnosis,
      holdings: own?.holdings,
      arrivals: own?.arrivals,
      own: readOwnAddresses(root, subject),
      shortage,
      timeouts,
    }),
    sudo: sudoAdds(root, evaluation, listed, log.ok, handling),
  };
}

/** Whatever was seen then is what is compared with, however long ago. */
function historyOf({ tables, clock }: Observation): Histories {
  if (clock?.ok !== true) return new Map();
  const window = Number.POSITIVE_INFINITY;
  return new Map(
    tables.map((table) => {
      const past = [sampleOf(table, clock.value)];
      return [table.key, { ok: true, value: { past, window }, source: table.entriesSource }] as const;
    }),
  );
}

const MOST_IDENTIFIED = 20;

function identitiesOf(root: Root, tables: readonly Table[]): Identities {
  const others = Array.from(new Set(tables)).filter(({ isOwn }) => !isOwn);
  const told = [...others.slice(0, MOST_IDENTIFIED), ...others.slice(-1)];
  return new Map(told.map((table) => [table.key, identify(root, table)]));
}

function sudoAdds(
  root: Root,
  { observation }: Evaluation,
  listed: Listed,
  isLogRead: boolean,
  handling: InvalidHandling | undefined,
): readonly string[] {
  if (root.view === 'captured' || self.effectiveUser() === 0) return [];
  return [
    ...(listed.kind === 'none' ? ['who fills the table'] : []),
    ...(isLogRead ? [] : ['the kernel log']),
    ...(handling === undefined ? [] : ['which rule drops invalid packets']),
    ...(observation.machine.slabCache.ok ? [] : ['the exact size of an entry']),
    'namespaces without a process',
  ];
}
