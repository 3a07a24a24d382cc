// Line 1: the state and the findings in words, the worst first.

import type { Evaluation, TableResult } from '../evaluate/evaluate.ts';
import type { Finding } from '../evaluate/judge.ts';
import type { Measurements } from '../evaluate/measurements.ts';
import type { MetricName } from '../evaluate/metrics.ts';
import { formatRange, upperBound } from '../evaluate/range.ts';
import type { State } from '../evaluate/state.ts';
import { COUNTER_NAMES } from '../model/counters.ts';
import type { Fault, Reading } from '../model/fault.ts';
import type { History } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import { driftWords, unjudgedWords } from './drift-words.ts';
import { faultWords } from './faults.ts';
import { loweredClause } from './limit-words.ts';
import { lossWords, rateWords, sinceBootWords } from './loss-words.ts';
import { heldWords, sureWords } from './slab-words.ts';
import { comparedWords, durationWords, percentWords, sizeWords, valueWords } from './words.ts';

/** `CONNTRACK STATE - text`, the form that Nagios users know. */
export function statusLine(state: State, text: string): string {
  return `${statusMark(state)} - ${text}`;
}

/** `CONNTRACK STATE`. */
export function statusMark(state: State): string {
  return `CONNTRACK ${state.toUpperCase()}`;
}

/** Returns the text after the state for a check of one namespace. */
export function tableText(evaluation: Evaluation): string {
  const [own] = evaluation.results;
  const fill = fillClause(own, own.table.isInitial ? '' : ' in this network namespace');
  const text =
    own.findings.length === 0
      ? [fill, slabClause(evaluation)].filter(Boolean).join(', ')
      : findingClauses(own, evaluation, fill).join('; ');
  return withUnjudged(text, evaluation);
}

/** `; no history: cannot write …`; empty if there is a history, if none is kept, or if a finding gives the reason. */
export function historyFaultClause({ results: [own] }: Evaluation, history: Reading<History> | undefined): string {
  if (history === undefined || history.ok) return '';
  const { fault } = history;
  const isGiven = own.findings.some((finding) => finding.kind === 'unjudged' && finding.fault.source === fault.source);
  return isGiven ? '' : `; no history: ${faultWords(fault)}`;
}

/** Adds which file that may set the limit could not be read. */
export function withUnjudged(text: string, { unjudged }: Evaluation): string {
  return [text, unjudgedWords(unjudged)].filter(Boolean).join('; ');
}

/** Returns the findings and, last, the usage; the usage comes first if it is the worst finding. */
export function findingClauses(result: TableResult, evaluation: Evaluation, fill: string): readonly string[] {
  const clauses = result.findings.map((finding) =>
    isPlainUsage(finding) ? fill : findingClause(finding, result, evaluation),
  );
  return [...new Set([...clauses, fill])];
}

/** Returns the losses that no finding names. */
export function otherLosses(result: TableResult): string {
  return lossWords(
    result,
    metricsFound(result).filter((metric) => !COUNTER_NAMES.some((name) => name === metric)),
  );
}

// "65310 of 65536 entries (99.7%)" already shows that usage is above its threshold.
export function isPlainUsage(finding: Finding): boolean {
  return finding.kind === 'threshold' && finding.metric === 'usage' && upperBound(finding.range) !== undefined;
}

/** `24030 of 65536 entries (36.7%)`, and the losses. The limit is left out if a finding has named it. */
export function fillClause(result: TableResult, where: string): string {
  const drifted = result.findings.some(({ kind }) => kind === 'drift');
  const losses = result.losses === undefined ? sinceBootWords(result, metricsFound(result)) : otherLosses(result);
  const fill = fillWords(result.table, result.measurements, where, drifted);
  return [fill, loweredClause(result), losses].filter(Boolean).join(', ');
}

function fillWords({ entries, limit }: Table, { usage }: Measurements, where: string, limitNamed: boolean): string {
  if (usage.kind !== 'value') return `${entries} entries${where}, no limit set`;
  const full = entries >= limit ? 'table full: ' : '';
  const of = limitNamed ? '' : ` of ${limit}`;
  return `${full}${entries}${of} entries (${percentWords(usage.value)})${where}`;
}

export function slabClause(evaluation: Evaluation): string {
  const { slab_max: slabMax } = evaluation.results[0].measurements;
  return slabMax.kind === 'value' ? `${sureWord(evaluation)}${sizeWords(slabMax.value)} slab if full` : '';
}

function sureWord({ cost }: Evaluation): string {
  return cost.ok ? sureWords(cost.value) : '';
}

/** Precedes a figure that depends on the size of an entry. */
function sizedWords(metric: MetricName, evaluation: Evaluation): string {
  const { cost, memory } = evaluation;
  if (metric === 'slab') return cost.ok && memory !== undefined ? heldWords(cost.value, memory) : '';
  return metric === 'slab_max' || metric === 'memory_share' ? sureWord(evaluation) : '';
}

/** One finding in words. */
export function findingClause(finding: Finding, result: TableResult, evaluation: Evaluation): string {
  if (finding.kind === 'drift') return driftClause(evaluation);
  if (finding.kind === 'partial') return 'not every namespace is visible';
  const { metric } = finding;
  if (finding.kind === 'unjudged') return unjudgedClause(metric, finding.fault);
  const { start, end, inside } = finding.range;
  const subject = `${metric} ${sizedWords(metric, evaluation)}`;
  if (inside) return `${subject}${valueWords(metric, finding.value)} is inside ${formatRange(finding.range)}`;
  // "1 packet in the last 5 min" says more than 0.003 packets per second.
  if (finding.value > end)
    return rateWords(result, metric) || subject + comparedWords(metric, finding.value, 'above', end);
  if (metric === 'time_to_full')
    return finding.value === 0 ? 'full and growing' : `full in ${durationWords(finding.value)} at the current rate`;
  return subject + comparedWords(metric, finding.value, 'below', start);
}

function unjudgedClause(metric: MetricName, fault: Fault): string {
  const hint = fault.kind === 'tool-failed' ? ' (use the sudo form of this command)' : '';
  return `no ${metric}: ${faultWords(fault)}${hint}`;
}

function driftClause({ drift }: Evaluation): string {
  return drift === undefined ? '' : driftWords(drift);
}

function metricsFound({ findings }: TableResult): readonly MetricName[] {
  return findings.flatMap((finding) => ('metric' in finding ? finding.metric : []));
}
