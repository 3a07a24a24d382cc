// The report as JSON.

import type { Certainty } from '../evaluate/extensions.ts';
import { hashTableNow, type ObjectOrigin } from '../evaluate/footprint.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import type { PastLosses } from '../evaluate/past-losses.ts';
import type { State } from '../evaluate/state.ts';
import type { Generation } from '../model/generation.ts';
import type { View } from '../model/machine.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { driftWords } from '../words/drift-words.ts';
import { editsUndone, type FileBody, fileBodies } from '../words/edit-words.ts';
import { faultWords } from '../words/faults.ts';
import type { Head } from '../words/json.ts';
import { type LossesBody, type LostBody, lossesBody, lostBody, valuesOf } from '../words/losses-body.ts';
import { type NamespaceBody, namespaceBody } from '../words/namespace-body.ts';
import { foreignPath } from '../words/words.ts';
import type { Advice } from './advice/advice.ts';
import { type LeadBody, leadBody } from './diagnosis/leads/lead-body.ts';
import type { LoweredThen } from './diagnosis/recollection.ts';
import type { TableDiagnosis, Trouble } from './diagnosis/table-trouble.ts';
import { addressWords } from './list/address.ts';
import { type ListBody, listFigures } from './list/list-body.ts';
import type { Listed } from './list/listing.ts';
import type { ReportFindings } from './report-findings.ts';

export interface ReportBody {
  /** null if the report failed */
  readonly report: null | {
    /** null if only a list was given */
    readonly incident: IncidentBody | null;
    readonly list: ListBody;
  };
}

export interface IncidentBody {
  readonly trouble: InPlace<Trouble>;
  readonly table: {
    readonly generation: Generation;
    readonly view: View;
    /** null if it is unknown */
    readonly initial_namespace: boolean | null;
    /** 0 is no limit */
    readonly max: Count;
    readonly buckets: Count | null;
  };
  /**
   * the worst first, then by losses, then by usage
   *
   * @minItems 1
   * @maxItems 20
   */
  readonly namespaces: readonly TableBody[];
  readonly namespaces_found: Count;
  readonly namespaces_at_least: Count;
  readonly namespaces_unread: Count;
  readonly kernel_log: { readonly fault: string } | LogBody;
  /** the limit, if it is below the configured one, in words */
  readonly drift: string | null;
  /** null if the size of an entry is unknown */
  readonly memory: WorstMemoryBody | null;
  readonly advice: readonly AdviceBody[];
  /** signs of losses outside the tables, the worst first */
  readonly elsewhere: readonly LeadBody[];
  /** parts of the report that need root */
  readonly sudo_adds: readonly string[];
  /** incidents of the last 24 hours that checks have recorded, newest first: see check_conntrack incidents */
  readonly recorded: readonly RecentBody[];
}

export interface RecentBody {
  /** the first check that found it; ISO 8601, UTC */
  readonly start: string;
  /** the table, in words */
  readonly table: string;
  /** the source that filled it; null if nothing stood out */
  readonly source: string | null;
  /** true if the same source fills the table now */
  readonly same_source: boolean;
}

export interface TableBody extends NamespaceBody {
  readonly state: State;
  readonly trouble: InPlace<TableDiagnosis['trouble']>;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
  /** between the two samples of the report; null with only one */
  readonly losses: LossesBody | null;
  /** from the samples of earlier checks; null without a sample of this boot */
  readonly past_losses: PastLossesBody | null;
  readonly growth_per_second: number | null;
  /** the last change of the limit, if it lowered the limit, by the samples of earlier checks; else null */
  readonly limit_lowered: LoweredBody | null;
}

interface LoweredBody {
  /** 0 is no limit */
  readonly limit_before: Count;
  readonly limit_after: Count;
  /** local time of the last sample with the limit before; null for a captured tree */
  readonly first: string | null;
  /** local time of the first sample with the limit after; null for a captured tree */
  readonly last: string | null;
  /** @minimum 0 */
  readonly last_seconds_ago: number;
}

interface PastLossesBody {
  /**
   * since the oldest sample
   *
   * @minimum 0
   */
  readonly seconds: number;
  /** oldest first */
  readonly spells: readonly SpellBody[];
}

interface SpellBody {
  /** local time of the last sample before the loss; null for a captured tree */
  readonly first: string | null;
  /** local time of the first sample after the loss; null for a captured tree */
  readonly last: string | null;
  /** @minimum 0 */
  readonly last_seconds_ago: number;
  readonly lost: LostBody;
}

export interface LogBody {
  readonly source: string;
  readonly lines: Count;
  /** local time */
  readonly first: string | null;
  /** local time */
  readonly last: string | null;
  /** @minimum 0 */
  readonly last_seconds_ago: number | null;
  /** N of each net:[N] that the log names, newest first */
  readonly namespaces: readonly Count[];
}

interface WorstMemoryBody {
  readonly origin: ObjectOrigin;
  /** certainty of the slab figures: memory that could not be seen adds to them */
  readonly certainty: InPlace<Certainty>;
  readonly slab_now_bytes: Count;
  readonly slab_full_bytes: Count | null;
  readonly hash_table_bytes: Count | null;
  readonly available_bytes: Count | null;
}

export interface AdviceBody {
  readonly kind: InPlace<Advice['kind']>;
  readonly title: string;
  /** the condition for typing the commands, in words */
  readonly preconditions: readonly string[];
  readonly commands: readonly string[];
  /** the commands that undo them, in this order */
  readonly undo: readonly string[];
  /** the same with iptables, if the commands use nft */
  readonly instead: readonly string[];
  /** the commands that undo those */
  readonly undo_instead: readonly string[];
  /** effects that the undo does not restore, in words; null if it restores everything */
  readonly undo_remains: string | null;
  readonly notes: readonly string[];
  /** lines that make it permanent */
  readonly files: readonly FileBody[];
  /** how to revert the lines in files, in words; null if no line is new */
  readonly undo_files: string | null;
}

// The check identifies as many by name.
const MOST_NAMESPACES = 20;

export function reportBody(findings: ReportFindings): ReportBody {
  const { subject, identities, listed, isForeign } = findings;
  const owners = findings.owners.map(({ address, ipv6, table }) => {
    return { address: addressWords(address, ipv6), namespace: namespaceBody(identities, table) };
  });
  const list = { namespace: namespaceBody(identities, subject), foreign: isForeign, owners, ...listFigures(listed) };
  return { report: { incident: incidentBody(findings), list } };
}

/** The body of a report that has only a list. */
export function listBody(listed: Listed): ReportBody {
  return { report: { incident: null, list: { namespace: null, foreign: false, owners: [], ...listFigures(listed) } } };
}

function incidentBody(findings: ReportFindings): IncidentBody {
  const { diagnosis, evaluation, advice, leads, recent, sudo } = findings;
  const { observation, drift } = evaluation;
  const { unread, tables, visibility } = observation;
  return {
    trouble: diagnosis.trouble,
    table: tableBody(findings),
    namespaces: diagnosis.tables.slice(0, MOST_NAMESPACES).map((table) => namespaceTableBody(findings, table)),
    namespaces_found: tables.length + unread.length,
    namespaces_at_least: visibility?.ok === true ? visibility.value.atLeast : 1,
    namespaces_unread: unread.length,
    kernel_log: logBody(findings),
    drift: drift?.kind === 'below' ? driftWords(drift) : null,
    memory: reportMemoryBody(findings),
    advice: advice.map((step) => adviceBody(step, findings)),
    elsewhere: leads.map((lead) => leadBody(lead, findings)),
    sudo_adds: sudo,
    recorded: recent.map(({ start, table, source, isSameSource }) => {
      return { start: new Date(start).toISOString(), table, source: source ?? null, same_source: isSameSource };
    }),
  };
}

function tableBody({ evaluation: { observation } }: ReportFindings): IncidentBody['table'] {
  const { machine, tables } = observation;
  const [own] = tables;
  return {
    generation: machine.generation,
    view: machine.view,
    initial_namespace: own.isInitial ?? null,
    max: own.limit,
    buckets: machine.buckets.ok ? machine.buckets.value : null,
  };
}

function logBody({ log }: ReportFindings): IncidentBody['kernel_log'] {
  if (!log.ok) return { fault: faultWords(log.fault) };
  const { lines, first, last, ago, namespaces } = log.value;
  return {
    source: foreignPath(log.source),
    lines,
    first: first ?? null,
    last: last ?? null,
    last_seconds_ago: ago ?? null,
    namespaces,
  };
}

function reportMemoryBody({
  evaluation: { observation },
  diagnosis: { worst },
}: ReportFindings): WorstMemoryBody | null {
  const { memory } = worst.result;
  if (memory === undefined) return null;
  const { available } = observation.machine;
  return {
    origin: memory.cost.origin,
    certainty: memory.cost.certainty,
    slab_now_bytes: memory.now.total,
    slab_full_bytes: memory.full?.total ?? null,
    hash_table_bytes: hashTableNow(observation.machine) ?? null,
    available_bytes: available.ok ? available.value.bytes : null,
  };
}

function adviceBody(advice: Advice, { evaluation: { observation }, diagnosis }: ReportFindings): AdviceBody {
  const step = advice.stepIn({ observation, subject: diagnosis.worst.result.table });
  return {
    kind: advice.kind,
    title: step.title,
    preconditions: step.preconditions ?? [],
    commands: step.commands,
    undo: step.undo,
    instead: step.instead,
    undo_instead: step.undoInstead,
    undo_remains: step.remains ?? null,
    notes: step.notes,
    files: fileBodies(step.files),
    undo_files: editsUndone(step.files) ?? null,
  };
}

function namespaceTableBody(
  { identities, recollection }: ReportFindings,
  { result, state, trouble }: TableDiagnosis,
): TableBody {
  const { table, measurements, pace } = result;
  return {
    ...namespaceBody(identities, table),
    state,
    trouble,
    metrics: valuesOf(measurements),
    losses: lossesBody(result),
    past_losses: pastLossesBody(recollection.pasts.get(table.key)),
    growth_per_second: pace ?? null,
    limit_lowered: loweredBody(recollection.lowered.get(table.key)),
  };
}

function loweredBody(lowered: LoweredThen | undefined): LoweredBody | null {
  if (lowered === undefined) return null;
  const { limitBefore, limitAfter, first = null, last = null, to } = lowered;
  return { limit_before: limitBefore, limit_after: limitAfter, first, last, last_seconds_ago: to };
}

function pastLossesBody(past: PastLosses | undefined): PastLossesBody | null {
  if (past === undefined) return null;
  const spells = past.spells.map(({ first, last, to, lost }) => {
    return { first: first ?? null, last: last ?? null, last_seconds_ago: to, lost: lostBody(lost) };
  });
  return { seconds: past.seconds, spells };
}

/** @public */
export interface ReportDocument extends ReportBody, Head<'report'> {}
