// Runs a report on two observations of a machine, in the same steps as the command.

import { type Evaluation, evaluate, type Histories } from '../../../src/evaluate/evaluate.ts';
import type { PastLosses } from '../../../src/evaluate/past-losses.ts';
import { DEFAULT_THRESHOLDS } from '../../../src/evaluate/thresholds.ts';
import { sampleOf } from '../../../src/evaluate/trend.ts';
import type { OwnAddresses } from '../../../src/kernel/namespaces/own-addresses.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import type { Configuration } from '../../../src/model/configuration.ts';
import type { Reading } from '../../../src/model/fault.ts';
import type { FilterChain } from '../../../src/model/filter-chain.ts';
import type { FullLog, FullSpells } from '../../../src/model/full-log.ts';
import type { Observation } from '../../../src/model/observation.ts';
import type { RefusingRule } from '../../../src/model/refusing-rule.ts';
import type { SshAccess } from '../../../src/model/ssh-access.ts';
import { type Advice, adviceFor } from '../../../src/report/advice/advice.ts';
import type { TimerOrigin } from '../../../src/report/advice/case.ts';
import { type Diagnosis, diagnose, fullestTable } from '../../../src/report/diagnosis/diagnosis.ts';
import { survivalSeconds } from '../../../src/report/diagnosis/evictions.ts';
import type { Shortage } from '../../../src/report/diagnosis/nat-ports.ts';
import type { LoweredThen } from '../../../src/report/diagnosis/recollection.ts';
import type { Arrivals } from '../../../src/report/list/arrivals.ts';
import type { Holdings } from '../../../src/report/list/holders.ts';
import type { Listed } from '../../../src/report/list/listing.ts';
import { DEFAULT_TIMEOUTS } from '../../../src/report/list/timeouts.ts';
import type { ReportFindings } from '../../../src/report/report-findings.ts';
import { noArrivals } from './entries.ts';
import { NO_SSH, ownOf } from './listed.ts';
import {
  ALL,
  type Changes,
  counted,
  EVIDENCE,
  fault,
  GIB,
  NOTHING_CONFIGURED,
  observation,
  ok,
  otherTable,
} from './observation.ts';

const NO_LOG: Reading<FullLog> = ok({ lines: 0, namespaces: [], records: [] }, '/dev/kmsg');

/** The first observation, the changes in the second, and other facts. */
export interface Incident {
  readonly first?: Changes;
  readonly last?: Changes;
  /** Between the two observations. */
  readonly seconds?: number;
  readonly log?: Reading<FullLog>;
  readonly spells?: FullSpells;
  /** Seconds since the oldest sample, and the losses of our own table since then. */
  readonly past?: PastLosses;
  readonly lowered?: LoweredThen;
  readonly shortage?: Shortage;
  /** Holdings of the table that is fullest in the first observation. */
  readonly holdings?: Holdings;
  readonly arrivals?: Arrivals;
  /** The table's readable sysctls. */
  readonly settings?: ReadonlyMap<string, number>;
  readonly ssh?: SshAccess;
  /** Chains that drop what no rule accepts. */
  readonly chains?: readonly FilterChain[] | 'unknown';
  /** Rules that refuse connections. */
  readonly refusing?: readonly RefusingRule[];
  readonly timers?: TimerOrigin;
  /** Addresses of the machine itself. */
  readonly own?: readonly string[];
  /** The same as they were read, or that they could not be. */
  readonly machineOwn?: OwnAddresses;
}

/** An empty table of 1000 in 500 buckets, 64 GiB of memory, kernel 6.1. */
const CALM: Changes = {
  entries: 0,
  statistics: counted(),
  memTotal: ok(64 * GIB),
  available: ok({ bytes: 32 * GIB, exact: true }),
  visibility: ok(ALL),
  configuration: NOTHING_CONFIGURED,
  evidence: EVIDENCE,
};

export function wanted(limit: number): Configuration {
  const sysctl = parseSysctlFile(`net.netfilter.nf_conntrack_max = ${limit}\n`, '/etc/sysctl.conf', true);
  return { ...NOTHING_CONFIGURED, sysctl };
}

/** The table of another namespace, of an envoy. */
export const envoy = (changes: Parameters<typeof otherTable>[0]) => otherTable({ pids: [4711], ...changes });

/** The readable sysctls, with the kernel's defaults. */
const SETTINGS: ReadonlyMap<string, number> = new Map([...DEFAULT_TIMEOUTS, ['tcp_loose', 1]]);

interface Diagnosed {
  readonly first: Observation;
  readonly evaluation: Evaluation;
  readonly diagnosis: Diagnosis;
}

/** A captured tree is observed once. */
export function diagnosed(incident: Incident): Diagnosed {
  const { first: changes = {}, last: later = {}, seconds = 1, spells } = incident;
  const at = (uptime: number) => ok({ boot: 'boot', uptime });
  const first = observation({ ...CALM, clock: at(100), ...changes });
  const last =
    first.machine.view === 'captured'
      ? first
      : observation({ ...CALM, ...changes, clock: at(100 + seconds), ...later });
  const judged = { thresholds: DEFAULT_THRESHOLDS, objectSize: undefined, drift: 'ok', partial: 'ok' } as const;
  const evaluation = evaluate(last, historiesOf(first), judged);
  return { first, evaluation, diagnosis: diagnose(evaluation, spells, pastsOf(incident)) };
}

function pastsOf({ past }: Incident): ReadonlyMap<string, PastLosses> {
  return new Map(past === undefined ? [] : [['own', past]]);
}

function loweredOf({ lowered }: Incident): ReadonlyMap<string, LoweredThen> {
  return new Map(lowered === undefined ? [] : [['own', lowered]]);
}

/** Returns the history that an observation leaves for the next one. */
export function historiesOf({ tables, clock }: Observation, window = Number.POSITIVE_INFINITY): Histories {
  if (clock?.ok !== true) return new Map();
  return new Map(tables.map((table) => [table.key, ok({ past: [sampleOf(table, clock.value)], window })] as const));
}

export function adviceOf(incident: Incident): readonly Advice[] {
  const { evaluation, diagnosis } = diagnosed(incident);
  const { holdings, arrivals, own = [], shortage = 'unknown' } = incident;
  return adviceFor({
    evaluation,
    diagnosis,
    holdings,
    arrivals,
    own: incident.machineOwn ?? ownOf(...own),
    host: ownOf(),
    ssh: incident.ssh ?? NO_SSH,
    chains: incident.chains === 'unknown' ? undefined : (incident.chains ?? []),
    refusing: incident.refusing ?? [],
    timers: incident.timers ?? 'sysctls',
    shortage,
    settings: incident.settings ?? SETTINGS,
  });
}

export function findingsOf(incident: Incident): ReportFindings {
  const { log = NO_LOG, holdings, arrivals = noArrivals(), shortage = 'unknown' } = incident;
  const { first, evaluation, diagnosis } = diagnosed(incident);
  const source = '/proc/net/nf_conntrack';
  const listed: Listed =
    holdings === undefined
      ? { kind: 'none', ...{ fault: fault('denied', source).fault } }
      : { kind: 'list', source, holdings, arrivals, cut: undefined };
  return {
    evaluation,
    diagnosis,
    identities: new Map([['net:7', { process: { pid: 4711, command: 'envoy' }, container: undefined }]]),
    log,
    spells: incident.spells,
    recollection: { pasts: pastsOf(incident), lowered: loweredOf(incident), fault: undefined },
    subject: fullestTable(first),
    listed,
    isForeign: false,
    isGiven: false,
    policies: [],
    owners: [],
    leads: [],
    shortage,
    main: null,
    recent: [],
    survival: survivalSeconds(diagnosis.worst.result, holdings),
    advice: adviceOf(incident),
    sudo: [],
  };
}

export function kinds(advice: readonly Advice[]): readonly string[] {
  return advice.map(({ kind }) => kind);
}
