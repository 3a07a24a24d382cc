// Judges two samples and the list between them, and reads what their findings call for.

import { self } from '#system/self';
import { type Evaluation, evaluate, type Histories } from '../evaluate/evaluate.ts';
import { DEFAULT_THRESHOLDS } from '../evaluate/thresholds.ts';
import { sampleOf } from '../evaluate/trend.ts';
import { identify } from '../kernel/namespaces/identity.ts';
import type { Root } from '../kernel/root.ts';
import { readTimeoutPolicies } from '../kernel/rules/rules.ts';
import type { TimeoutPolicy } from '../kernel/rules/timeout-policies.ts';
import type { Observation } from '../model/observation.ts';
import type { Identities, Table } from '../model/table.ts';
import { adviceFor } from './advice/advice.ts';
import { readAddresses, readCutOff, settingsOf } from './advice/read-case.ts';
import { readAddressOwners } from './diagnosis/address-owners.ts';
import { diagnose } from './diagnosis/diagnosis.ts';
import { survivalSeconds } from './diagnosis/evictions.ts';
import { readFullLog } from './diagnosis/kernel-log.ts';
import {
  type LeadCauses,
  type Look,
  leadsOf,
  readCauses,
  tableOf as tableOfLead,
  withLeads,
} from './diagnosis/leads/leads.ts';
import { fullSpells } from './diagnosis/log-owners.ts';
import { natShortage, natSource, withNatPorts } from './diagnosis/nat-shortage.ts';
import { recollect } from './diagnosis/recollection.ts';
import { isListOf } from './list/holders.ts';
import type { Listed } from './list/listing.ts';
import { mainSource } from './main-source.ts';
import { readRecentIncidents } from './recent-incidents.ts';
import type { ReportFindings } from './report-findings.ts';
import type { ReportContext } from './reported.ts';

/** Two samples of the machine, and the list of one table between them. */
interface Looked {
  readonly before: Look;
  readonly after: Look;
  /** The table whose entries are listed. */
  readonly subject: Table;
  /** The sysctls of that table. */
  readonly settings: ReadonlyMap<string, number>;
  readonly listed: Listed;
}

const NO_CLOCK = { ok: false, fault: { kind: 'not-asked', source: '/proc/uptime' } } as const;

export async function gatherFindings(
  root: Root,
  { before, after, subject, settings, listed }: Looked,
  { options, stop, recording }: ReportContext,
): Promise<ReportFindings> {
  const { objectSize, entries, pid } = options;
  const { observation } = after;
  const log = readFullLog(root, observation.clock ?? NO_CLOCK);
  const judged = { thresholds: DEFAULT_THRESHOLDS, objectSize, drift: 'ok', partial: 'ok' } as const;
  const evaluation = evaluate(observation, historyOf(before.observation), judged);
  const fullLog = log.ok ? log.value : undefined;
  const spells = fullLog === undefined ? undefined : fullSpells(root, fullLog, observation);
  const recollection = recollect(root, observation, options.stateDir);
  const isForeign = isOtherList(listed, [subject, ...observation.tables.filter(({ key }) => key === subject.key)]);
  const trustedList = listed.kind === 'list' && !isForeign ? listed : undefined;
  const { natDiagnosis, shortage } = await withNatPorts(
    diagnose(evaluation, spells, recollection.pasts, askedTable(subject, pid, recording)),
    ({ table }) => {
      const itsList = table.key === subject.key && !isForeign ? listed : undefined;
      return natShortage(root, table, natSource(root, observation.machine, table, itsList, entries), stop);
    },
  );
  const isOfWorst = natDiagnosis.worst.result.table.key === subject.key;
  const judgedTables = { evaluation, worst: natDiagnosis.worst, subject, holdings: trustedList?.holdings };
  const causes = readCauses(root, judgedTables);
  const leads = leadsOf({ evaluation, before, after, log: fullLog, ...causes });
  const diagnosis = withLeads(natDiagnosis, leads);
  const own = isOfWorst ? trustedList : undefined;
  const largest = mainSource({ listed, shortage, isForeign });
  const owners = trustedList === undefined ? [] : readAddressOwners(root, observation.tables, trustedList.holdings);
  return {
    evaluation,
    diagnosis,
    identities: identitiesOf(root, [
      ...leads.flatMap((lead) => tableOfLead(lead) ?? []),
      ...diagnosis.tables.slice(0, MOST_IDENTIFIED).map(({ result }) => result.table),
      ...owners.map(({ table }) => table),
      subject,
    ]),
    leads,
    log,
    spells,
    recollection,
    subject,
    listed,
    isForeign,
    isGiven: entries !== undefined,
    owners,
    policies: policiesOf(root, subject, listed),
    shortage,
    main: largest,
    // A recorded report would list itself.
    recent: recording === undefined ? readRecentIncidents(root, options.stateDir, largest) : [],
    survival: survivalSeconds(diagnosis.worst.result, own?.holdings),
    advice: adviceFor({
      evaluation,
      diagnosis,
      holdings: own?.holdings,
      arrivals: own?.arrivals,
      ...readAddresses(root, observation, subject),
      ...readCutOff(root, observation, subject, diagnosis),
      shortage,
      settings: settingsOf(root, observation, diagnosis, { subject, settings }),
    }),
    sudo: sudoAdds(root, evaluation, listed, log.ok, causes),
  };
}

function askedTable({ key }: Table, pid: number | undefined, recording: unknown): string | undefined {
  return pid === undefined && recording === undefined ? undefined : key;
}

/** True if a whole list is much shorter or longer than the table in either sample. */
function isOtherList(listed: Listed, looks: readonly Table[]): boolean {
  if (listed.kind === 'none' || listed.cut !== undefined) return false;
  return looks.every(({ entries }) => !isListOf(entries, listed.holdings));
}

/** Read only if entries have another timeout than the sysctl: listing many rules takes long. */
function policiesOf(root: Root, subject: Table, listed: Listed): readonly TimeoutPolicy[] {
  const isOther = listed.kind === 'list' && listed.holdings.timeouts.some(({ by }) => by !== 'sysctl');
  return isOther ? (readTimeoutPolicies(root, subject) ?? []) : [];
}

/** Compares with the first sample, however old it is. */
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
  const named = [...others.slice(0, 2 * MOST_IDENTIFIED), ...others.slice(-1)];
  return new Map(named.map((table) => [table.key, identify(root, table)]));
}

function sudoAdds(
  root: Root,
  { observation }: Evaluation,
  listed: Listed,
  isLogRead: boolean,
  { handling }: LeadCauses,
): readonly string[] {
  if (root.view === 'captured' || self.effectiveUser() === 0) return [];
  return [
    ...(listed.kind === 'none' ? ['what fills the table'] : []),
    ...(isLogRead ? [] : ['the kernel log']),
    ...(handling === undefined ? [] : ['which rule drops invalid packets']),
    ...(observation.machine.slabCache.ok ? [] : ['the exact size of an entry']),
    'namespaces without a process',
  ];
}
