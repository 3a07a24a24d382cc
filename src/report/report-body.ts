// The report as JSON.

import type { Certainty } from '../evaluate/extensions.ts';
import { hashTableNow, type ObjectOrigin } from '../evaluate/footprint.ts';
import type { Generation } from '../model/generation.ts';
import type { View } from '../model/machine.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { driftWords } from '../words/drift-words.ts';
import { faultWords } from '../words/faults.ts';
import type { Head } from '../words/json.ts';
import { namespaceBody } from '../words/namespace-body.ts';
import { foreignPath } from '../words/words.ts';
import { type AdviceBody, adviceBody } from './advice/advice-body.ts';
import { type LeadBody, leadBody } from './diagnosis/leads/lead-body.ts';
import type { Trouble } from './diagnosis/table-trouble.ts';
import { addressWords } from './list/address.ts';
import { type ListBody, listFigures } from './list/list-body.ts';
import type { Listed } from './list/listing.ts';
import type { ReportFindings } from './report-findings.ts';
import { namespaceTableBody, type TableBody } from './table-body.ts';

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

/** @public */
export interface ReportDocument extends ReportBody, Head<'report'> {}
