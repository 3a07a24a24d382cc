// The report for programs.

import type { Advice } from '../evaluate/advice.ts';
import type { TableDiagnosis, Trouble } from '../evaluate/diagnosis.ts';
import type { Certainty } from '../evaluate/extensions.ts';
import { costElsewhere, footprint, hashTableBytes, type ObjectOrigin } from '../evaluate/footprint.ts';
import { type Holdings, type Ranking, type Sampled, samplingError } from '../evaluate/holders.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import type { State } from '../evaluate/state.ts';
import type { Generation } from '../observation/generation.ts';
import type { View } from '../observation/machine.ts';
import { addressWords, networkWords, protocolWords } from './address.ts';
import { stepOf } from './advice.ts';
import { type ArrivalsBody, arrivalsBody } from './arrivals-body.ts';
import type { Count, Underscored } from './body-types.ts';
import { type LossesBody, lossesBody, valuesOf } from './check-body.ts';
import { driftWords } from './drift.ts';
import { faultWords } from './faults.ts';
import { type LeadBody, leadBody } from './lead-body.ts';
import type { Listed } from './listing.ts';
import { type NamespaceBody, namespaceBody } from './namespace-body.ts';
import { CERTAINTIES } from './plan-body.ts';
import type { ReportFindings } from './report-findings.ts';
import type { Step } from './step.ts';
import { foreignPath } from './words.ts';

export interface ReportBody {
  /** null where the report failed */
  readonly report: null | {
    /** null where only a list was given */
    readonly incident: IncidentBody | null;
    readonly list: ListBody;
  };
}

export interface IncidentBody {
  readonly trouble: Underscored<Trouble>;
  readonly table: {
    readonly generation: Generation;
    readonly view: View;
    readonly initial_namespace: boolean;
    /** 0 is no limit */
    readonly max: Count;
    readonly buckets: Count | null;
  };
  /**
   * the gravest first, then who loses most, then the fullest
   *
   * @minItems 1
   * @maxItems 20
   */
  readonly namespaces: readonly TableBody[];
  readonly namespaces_found: Count;
  readonly namespaces_at_least: Count;
  readonly namespaces_unread: Count;
  readonly kernel_log: { readonly fault: string } | LogBody;
  /** a limit that is below what is configured, in words */
  readonly drift: string | null;
  /** null where the size of an entry is not known */
  readonly memory: MemoryBody | null;
  readonly advice: readonly AdviceBody[];
  /** what points to a loss outside of the tables, the gravest first */
  readonly elsewhere: readonly LeadBody[];
  /** what root would add */
  readonly sudo_adds: readonly string[];
}

export interface TableBody extends NamespaceBody {
  readonly state: State;
  readonly trouble: Underscored<TableDiagnosis['trouble']>;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
  /** between the two looks of the report; null where there is nothing to compare with */
  readonly losses: LossesBody | null;
  readonly growth_per_second: number | null;
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
  /** N of each net:[N] that is named, the latest first */
  readonly namespaces: readonly Count[];
}

interface MemoryBody {
  readonly origin: ObjectOrigin;
  /** how sure the slab's figures are: what could not be seen may add to them */
  readonly certainty: Underscored<Certainty>;
  readonly slab_now_bytes: Count;
  readonly slab_full_bytes: Count | null;
  readonly hash_table_bytes: Count | null;
  readonly available_bytes: Count | null;
}

export interface AdviceBody {
  readonly kind: Underscored<Advice['kind']>;
  readonly title: string;
  readonly commands: readonly string[];
  /** the same with iptables, where the commands are of nft */
  readonly instead: readonly string[];
  readonly notes: readonly string[];
  /** what makes it survive a reboot */
  readonly files: Step['files'];
}

export type ListBody = ListHead & (ListFault | ListFigures);

interface ListHead {
  /** whose list it is; null for one that was captured elsewhere */
  readonly namespace: NamespaceBody | null;
  /** Whether a list that was given is much shorter or longer than the table, so that it cannot be its own; no advice is drawn from it. */
  readonly foreign: boolean;
}

export interface ListFault {
  /** why there is no list */
  readonly fault: string;
}

/** Counts of entries; where a sample was counted, what the whole list has about. */
export interface ListFigures {
  readonly source: string;
  /** false where the reading was stopped or cut off */
  readonly complete: boolean;
  /**
   * Where the standalone executable counted an even random sample of a long list; the counts are then what the whole
   * list has about. null: every line was counted.
   */
  readonly sample: SampleBody | null;
  readonly entries: Count;
  readonly lines_not_understood: Count;
  readonly ipv6: Count;
  readonly unreplied: Count;
  readonly assured: Count;
  readonly offloaded: Count;
  /** translated either way */
  readonly nat: Count;
  readonly source_nat: Count;
  readonly destination_nat: Count;
  /** Entries of a zone: with ct zone set in the rules notrack does nothing there. */
  readonly zoned: Count;
  /** Who adds entries, as far as two readings or the time that is left tell. */
  readonly arrivals: ArrivalsBody;
  readonly seconds_left: readonly SecondsLeft[];
  readonly sources: AddressRanking;
  readonly networks: AddressRanking;
  readonly destinations: AddressRanking;
  readonly ports: PortRanking;
  readonly kinds: readonly KindBody[];
  /** names without nf_conntrack_ or ip_conntrack_ */
  readonly timeouts: readonly TimeoutBody[];
}

export interface SampleBody {
  /**
   * Lines counted.
   *
   * @minimum 1
   */
  readonly lines: Count;
  /** @minimum 1 */
  readonly of_lines: Count;
  /**
   * By how much a share is off at the most, 19 times out of 20.
   *
   * @minimum 0
   */
  readonly error_percentage_points: number;
}

export interface SecondsLeft {
  /** null for all that have longer */
  readonly below: Count | null;
  readonly entries: Count;
}

interface RankingHead {
  /** at least so many where may_lack is not 0 */
  readonly different: Count;
  /** by how much each count may be too low; 0 is exact */
  readonly may_lack: Count;
}

export interface AddressRanking extends RankingHead {
  /** @maxItems 1000 */
  readonly top: readonly { readonly address: string; readonly entries: Count }[];
}

export interface PortRanking extends RankingHead {
  /** @maxItems 1000 */
  readonly top: readonly { readonly protocol: Count; readonly port: Count; readonly entries: Count }[];
}

export interface KindBody {
  readonly protocol: Count;
  readonly name: string;
  readonly state: string | null;
  readonly offloaded: boolean;
  readonly entries: Count;
}

export interface TimeoutBody {
  readonly name: string;
  readonly seconds: Count | null;
  readonly entries: Count;
  readonly longest_seconds_left: Count;
  readonly shorter_seconds: Count | null;
  readonly shorter_would_have_ended: Count;
}

const TROUBLES: { readonly [Each in Trouble]: Underscored<Each> } = {
  losing: 'losing',
  clashing: 'clashing',
  refusing: 'refusing',
  full: 'full',
  filling: 'filling',
  'was full': 'was_full',
  drift: 'drift',
  unread: 'unread',
  elsewhere: 'elsewhere',
  none: 'none',
};

const ADVICE: Readonly<Record<Advice['kind'], Underscored<Advice['kind']>>> = {
  restore: 'restore',
  raise: 'raise',
  buckets: 'buckets',
  timeout: 'timeout',
  notrack: 'notrack',
  source: 'source',
  'nat ports': 'nat_ports',
  clash: 'clash',
  keep: 'keep',
  network: 'network',
  'source limit': 'source_limit',
  synproxy: 'synproxy',
  'rate limit': 'rate_limit',
  free: 'free',
  'no memory': 'no_memory',
};

// As many as are told by name.
const MOST_NAMESPACES = 20;

export function reportBody(found: ReportFindings): ReportBody {
  const { subject, identities, listed, isForeign } = found;
  const list = { namespace: namespaceBody(identities, subject), foreign: isForeign, ...listFigures(listed) };
  return { report: { incident: incidentBody(found), list } };
}

/** Of a list that is all there is. */
export function listBody(listed: Listed): ReportBody {
  return { report: { incident: null, list: { namespace: null, foreign: false, ...listFigures(listed) } } };
}

function incidentBody(found: ReportFindings): IncidentBody {
  const { diagnosis, evaluation, advice, leads, sudo } = found;
  const { observation, drift } = evaluation;
  const { unread, tables, visibility } = observation;
  return {
    trouble: TROUBLES[diagnosis.trouble],
    table: tableBody(found),
    namespaces: diagnosis.tables.slice(0, MOST_NAMESPACES).map((one) => namespaceTableBody(found, one)),
    namespaces_found: tables.length + unread.length,
    namespaces_at_least: visibility?.ok === true ? visibility.value.atLeast : 1,
    namespaces_unread: unread.length,
    kernel_log: logBody(found),
    drift: drift?.kind === 'below' ? driftWords(drift) : null,
    memory: memoryBody(found),
    advice: advice.map((one) => adviceBody(one, found)),
    elsewhere: leads.map((lead) => leadBody(lead, found)),
    sudo_adds: sudo,
  };
}

function tableBody({ evaluation: { observation } }: ReportFindings): IncidentBody['table'] {
  const { machine, tables } = observation;
  const [own] = tables;
  return {
    generation: machine.generation,
    view: machine.view,
    initial_namespace: own.isInitial,
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

function memoryBody({ evaluation: { cost, observation }, diagnosis: { worst } }: ReportFindings): MemoryBody | null {
  if (!cost.ok) return null;
  const { buckets, available } = observation.machine;
  const { table } = worst.result;
  const { entries, limit } = table;
  const each = costElsewhere(observation.machine, cost.value, table);
  return {
    origin: cost.value.origin,
    certainty: CERTAINTIES[each.certainty],
    slab_now_bytes: footprint(each, entries).total,
    slab_full_bytes: limit === 0 ? null : footprint(each, limit).total,
    hash_table_bytes: buckets.ok ? hashTableBytes(buckets.value) : null,
    available_bytes: available.ok ? available.value.bytes : null,
  };
}

function adviceBody(advice: Advice, { evaluation: { observation }, subject }: ReportFindings): AdviceBody {
  const { title, commands, instead, notes, files } = stepOf(advice, { observation, subject });
  return { kind: ADVICE[advice.kind], title, commands, instead, notes, files };
}

function namespaceTableBody({ identities }: ReportFindings, { result, state, trouble }: TableDiagnosis): TableBody {
  const { table, measurements, pace } = result;
  return {
    ...namespaceBody(identities, table),
    state,
    trouble: TROUBLES[trouble],
    metrics: valuesOf(measurements),
    losses: lossesBody(result),
    growth_per_second: pace ?? null,
  };
}

function listFigures(listed: Listed): ListFault | ListFigures {
  if (listed.kind === 'none') return { fault: faultWords(listed.fault) };
  const { source, holdings, arrivals, cut } = listed;
  const { entries, unknown, ipv6, unreplied, assured, offloaded, nat, sourceNat, destinationNat, zoned } = holdings;
  return {
    source: foreignPath(source),
    complete: cut === undefined,
    sample: holdings.sample === undefined ? null : sampleBody(holdings.sample),
    entries,
    lines_not_understood: unknown,
    ipv6,
    unreplied,
    assured,
    offloaded,
    nat,
    source_nat: sourceNat,
    destination_nat: destinationNat,
    zoned,
    arrivals: arrivalsBody(arrivals),
    seconds_left: holdings.lives.map(({ below, entries: held }) => ({ below: below ?? null, entries: held })),
    sources: addressRanking(holdings, 'sources'),
    networks: addressRanking(holdings, 'networks'),
    destinations: addressRanking(holdings, 'destinations'),
    ports: portRanking(holdings),
    kinds: holdings.kinds.map(({ protocol, state, offloaded: is, entries: held }) => ({
      protocol,
      name: protocolWords(protocol),
      state: state === '' ? null : state,
      offloaded: is,
      entries: held,
    })),
    timeouts: timeoutsBody(holdings),
  };
}

function sampleBody(sample: Sampled): SampleBody {
  const { held, lines } = sample;
  return { lines: held, of_lines: lines, error_percentage_points: Number(samplingError(sample).toFixed(2)) };
}

function addressRanking({ rankings }: Holdings, name: 'sources' | 'networks' | 'destinations'): AddressRanking {
  const ranking = rankings[name];
  const words = name === 'networks' ? networkWords : addressWords;
  const top = ranking.holders.map(({ key, ipv6, entries }) => ({ address: words(key, ipv6), entries }));
  return { ...rankingHead(ranking), top };
}

function portRanking({ rankings: { ports } }: Holdings): PortRanking {
  const top = ports.holders.map(({ key: [first = 0], entries }) => {
    return { protocol: first >>> 16, port: first & 0xffff, entries };
  });
  return { ...rankingHead(ports), top };
}

function rankingHead({ different, lacking }: Ranking): RankingHead {
  return { different, may_lack: lacking };
}

function timeoutsBody({ timeouts }: Holdings): readonly TimeoutBody[] {
  return timeouts.map(({ name, seconds, entries, longest, shorter, ended }) => ({
    name,
    seconds: seconds ?? null,
    entries,
    longest_seconds_left: longest,
    shorter_seconds: shorter ?? null,
    shorter_would_have_ended: ended,
  }));
}
