// Recorded incidents as JSON.

import type { AllIncidents } from '../history/all-incidents.ts';
import { incidentsPath } from '../history/incident-names.ts';
import type { IncidentEnd, IncidentRecord, KeptReport, MainSource, NatCulprit } from '../history/incident-record.ts';
import type { KeptIncident } from '../history/incident-store.ts';
import type { ReportDocument } from '../report/report-body.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { faultWords } from '../words/faults.ts';
import type { Head } from '../words/json.ts';
import type { LostBody } from '../words/losses-body.ts';
import { foreign, foreignPath } from '../words/words.ts';

export interface IncidentsBody {
  /** newest first; null if none could be read */
  readonly incidents: readonly RecordedBody[] | null;
  /** the files that could not be read, and why */
  readonly unread: readonly string[];
}

export interface RecordedBody {
  /** 1 is the newest: the number that `check_conntrack incidents N` takes */
  readonly number: Count;
  /** name of the machine that the check ran on */
  readonly host: string;
  readonly table: {
    /** in words */
    readonly name: string;
    /** N of net:[N] */
    readonly number: Count | null;
    /** the process ID of a process in it */
    readonly pid: Count | null;
  };
  /** the first check that found it; ISO 8601, UTC */
  readonly start: string;
  /** the first check that found nothing wrong, or the last one before the end of the boot or namespace; null while it is on */
  readonly end: string | null;
  /** clean: a check found nothing wrong. unchecked: no check for an hour. null while it is on */
  readonly ended: InPlace<IncidentEnd> | null;
  /** from start to end, or to the last check */
  readonly seconds: number;
  readonly lost: LostBody;
  /** the highest number of entries seen */
  readonly peak_entries: Count;
  /** the limit at that time; 0 is no limit */
  readonly peak_max: Count;
  /** the source that fills the table in the worst report; null if nothing stands out, or its list could not be read */
  readonly main: MainSourceBody | null;
  readonly first: KeptReportBody;
  /** null: the first report is the worst one */
  readonly worst: KeptReportBody | null;
  /** common prefix of the paths of its files */
  readonly files: string;
}

export interface MainSourceBody {
  /** nat: the destination without a free NAT port */
  readonly kind: InPlace<MainSource['kind']>;
  /** an address, a network, or a port and its address */
  readonly name: string;
  readonly share_percent: number;
  /** share of the added entries, or of all in the table */
  readonly of: InPlace<MainSource['of']>;
  /** null for other kinds, and in records of earlier versions */
  readonly nat: NatBody | null;
}

interface NatBody {
  /** the address that NAT translates to */
  readonly address: string;
  /** the source with most of its ports; null if that is unknown */
  readonly source: string | null;
  readonly source_share_percent: number;
}

export interface KeptReportBody {
  /** ISO 8601, UTC */
  readonly taken: string;
  /** packets per second when it was taken */
  readonly lost_per_second: number;
  readonly usage_percent: number;
  /** the last loss before it was taken; null if unknown */
  readonly after_loss: {
    /** now: packets were being lost. about: by the kernel's log. at_most: by the samples of the checks */
    readonly certainty: InPlace<'now' | 'about' | 'at_most'>;
    readonly seconds: number;
  } | null;
  /** why there is no report */
  readonly missing: string | null;
  /** the output of `report --format json`; null in a list */
  readonly report: ReportDocument | null;
}

/** The documents of the two reports, if they are requested. */
export interface KeptDocuments {
  readonly first: ReportDocument | null;
  readonly worst: ReportDocument | null;
}

export const NO_DOCUMENTS: KeptDocuments = { first: null, worst: null };

export function incidentsBody(
  { unread }: AllIncidents,
  shown: readonly (readonly [number: number, incident: KeptIncident, documents: KeptDocuments])[],
): IncidentsBody {
  return {
    incidents: shown.map(([number, incident, documents]) => recordedBody(number, incident, documents)),
    unread: unread.map(faultWords),
  };
}

function recordedBody(number: number, { place, name, record }: KeptIncident, documents: KeptDocuments): RecordedBody {
  const { full, clash, chain, fullOrClash } = record.lost;
  return {
    number,
    host: foreign(record.host),
    table: { name: foreignName(record), number: record.number, pid: record.pid },
    start: new Date(record.start).toISOString(),
    end: record.end === null ? null : new Date(record.end).toISOString(),
    ended: record.ended,
    seconds: record.seconds,
    lost: { table_full: full, clash, long_chain: chain, table_full_or_clash: fullOrClash },
    peak_entries: record.peak,
    peak_max: record.limit,
    main: mainBody((record.worst ?? record.first).main),
    first: reportNote(record.first, documents.first),
    worst: record.worst && reportNote(record.worst, documents.worst),
    files: foreignPath(`${incidentsPath(place)}/${name}`),
  };
}

/** The text is untrusted: another user may have written the file. */
export function foreignName({ name }: IncidentRecord): string {
  return name.split(' ').map(foreign).join(' ');
}

function mainBody(main: MainSource | null): MainSourceBody | null {
  if (main === null) return null;
  const { kind, name, share, of, nat } = main;
  return { kind, name: foreign(name), share_percent: share, of, nat: nat === undefined ? null : natBody(nat) };
}

function natBody({ address, source, share }: NatCulprit): NatBody {
  return {
    address: foreign(address),
    source: source === null ? null : foreign(source),
    source_share_percent: share,
  };
}

function reportNote(kept: KeptReport, report: ReportDocument | null): KeptReportBody {
  const { at, lossRate, usage, sinceLoss, missing } = kept;
  return {
    taken: new Date(at).toISOString(),
    lost_per_second: lossRate,
    usage_percent: usage,
    after_loss: sinceLoss && { certainty: sinceLoss.kind, seconds: sinceLoss.seconds },
    missing: missing === null ? null : foreign(missing),
    report,
  };
}

/** @public */
export interface IncidentsDocument extends IncidentsBody, Head<'incidents'> {}
