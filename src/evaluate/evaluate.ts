// Evaluates an observation, for every command: each table's metrics and state, the tables to report, and drift between
// the limit and its configuration.

import type { Fault, Reading } from '../model/fault.ts';
import type { Observation, Visibility } from '../model/observation.ts';
import type { History } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import { refusesBelowLimit } from './chains.ts';
import { type Cause, type Drift, driftOf, likelyCauses } from './drift.ts';
import { type ObjectCost, objectCostOf } from './footprint.ts';
import { type Finding, judge, type Verdict } from './judge.ts';
import { type Lost, lostPackets, packetsLost, totals } from './losses.ts';
import type { LoweredLimit } from './lowered-limit.ts';
import { type Measurements, measureMachine, measureTable, OF_NO_MACHINE } from './measurements.ts';
import { type AllMemory, allMemory, type TableMemory, tableMemory } from './memory.ts';
import type { Losses } from './rates.ts';
import { compareSeverity, type State, worst } from './state.ts';
import { type Thresholds, thresholdsEverywhere } from './thresholds.ts';
import { trendOf } from './trend.ts';

/** The evaluation of one table. */
export interface TableResult extends Verdict {
  readonly table: Table;
  readonly measurements: Measurements;
  /** Counter events over the span of the rates; undefined if there are no rates. */
  readonly losses: Losses | undefined;
  /** The same as lost packets by cause. */
  readonly lost: Lost | undefined;
  /** Entries per second over that span. */
  readonly pace: number | undefined;
  readonly lowered: LoweredLimit | undefined;
  /** Packets lost since boot; undefined if the counters could not be read. */
  readonly lostSinceBoot: Lost | undefined;
  /** True if this kernel, with so few buckets, refuses entries before the table is full. */
  readonly refusesBelowLimit: boolean;
  /** Undefined if the size of an entry is unknown. */
  readonly memory: TableMemory | undefined;
}

export interface Evaluation {
  readonly observation: Observation;
  /** The worst state of all tables; a table that could not be read is UNKNOWN. */
  readonly state: State;
  /** In the order of the observation, ours first. */
  readonly results: readonly [own: TableResult, ...others: TableResult[]];
  /** The other namespaces with a finding or a loss, in the order of byGravity(). */
  readonly remarkable: readonly TableResult[];
  /** The other namespaces, by entries, most first. */
  readonly fullest: readonly TableResult[];
  /** The cost of an entry of our own table. */
  readonly cost: Reading<ObjectCost>;
  /** Undefined if the size of an entry is unknown. */
  readonly memory: AllMemory | undefined;
  readonly drift: Drift | undefined;
  readonly causes: readonly Cause[];
  /** Files that may set the limit but could not be read. */
  readonly unjudged: readonly Fault[];
}

export interface EvaluationOptions {
  readonly thresholds: Thresholds;
  /** Bytes per entry, all-in; undefined to use the kernel's figure. */
  readonly objectSize: number | undefined;
  /** The state for a limit below the configured one. */
  readonly drift: State;
  /** The state if not every namespace is visible. */
  readonly partial: State;
}

/** By the key of the table; a table without history has no key here. */
export type Histories = ReadonlyMap<string, Reading<History>>;

export function evaluate(observation: Observation, histories: Histories, options: EvaluationOptions): Evaluation {
  const { machine, tables, unread, configuration } = observation;
  const [own, ...others] = tables;
  const cost = objectCostOf(machine, own, options.objectSize);
  const drift = driftOf(observation);
  const measured = (table: Table) => measureWithPast(observation, histories, cost, table);
  const ofMachine = machineFindings(observation, drift, options);
  const ours = ownResult(measured(own), measureMachine(observation, cost), ofMachine, options);
  const theirs = others.map((table) => otherResult(measured(table), options));
  const states = [ours, ...theirs].map(({ state }) => state);
  return {
    observation,
    state: worst(unread.length === 0 ? states : [...states, 'unknown']),
    results: [ours, ...theirs],
    remarkable: theirs.filter((result) => result.findings.length > 0 || packetsLostBy(result) > 0).sort(byGravity),
    fullest: theirs.slice().sort((a, b) => b.table.entries - a.table.entries),
    cost,
    memory: cost.ok ? allMemory(machine, cost.value, tables) : undefined,
    drift,
    causes: likelyCauses(observation, drift),
    unjudged: configuration?.faults ?? [],
  };
}

type Unjudged = Omit<TableResult, keyof Verdict>;

function measureWithPast(
  { machine, clock }: Observation,
  histories: Histories,
  cost: Reading<ObjectCost>,
  table: Table,
): Unjudged {
  const { measured, losses, lost, pace, lowered } = trendOf(table, clock, histories.get(table.key), machine.release);
  const { statistics } = table;
  return {
    table,
    measurements: { ...OF_NO_MACHINE, ...measureTable(table), ...measured },
    losses,
    lost,
    pace,
    lowered,
    lostSinceBoot: statistics.ok ? lostPackets(totals(statistics.value), machine.release) : undefined,
    refusesBelowLimit: refusesBelowLimit(machine, table),
    memory: cost.ok ? tableMemory(machine, cost.value, table) : undefined,
  };
}

function ownResult(
  own: Unjudged,
  machineWide: typeof OF_NO_MACHINE,
  others: readonly Finding[],
  { thresholds }: EvaluationOptions,
): TableResult {
  const measurements = { ...own.measurements, ...machineWide };
  return { ...own, measurements, ...judge(measurements, thresholds, others) };
}

function machineFindings(
  { visibility }: Observation,
  drift: Drift | undefined,
  states: EvaluationOptions,
): readonly Finding[] {
  const fallen: readonly Finding[] = drift?.kind === 'below' ? [{ kind: 'drift', state: states.drift }] : [];
  return visibility?.ok && isPartial(visibility.value)
    ? [...fallen, { kind: 'partial', state: states.partial }]
    : fallen;
}

function isPartial({ processes, mounts, mountsKnown }: Visibility): boolean {
  return processes !== 'all' || mounts > 0 || !mountsKnown;
}

function otherResult(other: Unjudged, { thresholds }: EvaluationOptions): TableResult {
  return { ...other, ...judge(other.measurements, thresholdsEverywhere(thresholds), []) };
}

/** Orders by state, worst first, then by packets lost, then by entries. */
export function byGravity(a: TableResult, b: TableResult): number {
  return compareSeverity(b.state, a.state) || packetsLostBy(b) - packetsLostBy(a) || b.table.entries - a.table.entries;
}

/** Packets lost over the span of the rates; 0 if unknown. */
function packetsLostBy({ lost }: TableResult): number {
  return lost === undefined ? 0 : packetsLost(lost);
}
