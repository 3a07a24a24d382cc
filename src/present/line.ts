// Line 1: the state and what is wrong, the gravest first, in words.

import type { ObjectOrigin } from '../evaluate/footprint.ts';
import type { Finding, Verdict } from '../evaluate/judge.ts';
import type { Measurements } from '../evaluate/measure.ts';
import { formatRange, upperBound } from '../evaluate/range.ts';
import type { Losses } from '../evaluate/rates.ts';
import type { State } from '../evaluate/state.ts';
import type { CounterName, Facts } from '../facts.ts';
import { faultWords } from './faults.ts';
import { comparedWords, durationWords, percentWords, sizeWords, valueWords } from './words.ts';

/** `CONNTRACK STATE - text`, the form that Nagios users know. */
export function statusLine(state: State, text: string): string {
  return `CONNTRACK ${state.toUpperCase()} - ${text}`;
}

/** What a run has found out about one table. */
export interface Findings {
  readonly facts: Facts;
  readonly measurements: Measurements;
  readonly verdict: Verdict;
  /** Where the memory figure comes from, where there is one. */
  readonly origin: ObjectOrigin | undefined;
  /** A limit that is not what is configured, in words. */
  readonly drift: string;
  /** What was lost of late, where that is known. */
  readonly losses: Losses | undefined;
}

/** The whole text behind the state. */
export function tableText(found: Findings): string {
  const { facts, measurements, verdict, origin } = found;
  const where = facts.initialNamespace ? '' : ' in this network namespace';
  const fill = fillClause(found, where);
  if (verdict.findings.length === 0) return [fill, slabClause(measurements, origin)].filter(Boolean).join(', ');
  return findingClauses(found, fill).join('; ');
}

/** What is wrong, and last how full the table is: that goes in front where it is what is wrong. */
export function findingClauses(found: Findings, fill: string): readonly string[] {
  const { findings } = found.verdict;
  const clauses = findings.map((finding) => (isPlainUsage(finding) ? fill : findingClause(finding, found)));
  return [...new Set([...clauses, fill])];
}

/** What was lost, unless a finding says it already. */
export function otherLosses({ verdict, losses }: Pick<Findings, 'verdict' | 'losses'>): string {
  const named = verdict.findings.flatMap((finding) => rateCounter(finding) ?? []);
  return lossWords(
    losses,
    LOSSES.filter((name) => !named.includes(name)),
  );
}

// "65310 of 65536 entries (99.7%)" says by itself that usage is above its threshold.
export function isPlainUsage(finding: Finding): boolean {
  return finding.kind === 'threshold' && finding.metric === 'usage' && upperBound(finding.range) !== undefined;
}

/** `24030 of 65536 entries (36.7%)`, and what was lost. Where the limit has been named already, it is not again. */
export function fillClause(found: Findings, where: string): string {
  const { facts, measurements, verdict } = found;
  const { count, max } = facts;
  const drifted = verdict.findings.some(({ kind }) => kind === 'drift');
  return [fillWords(count, max, measurements, where, drifted), otherLosses(found)].filter(Boolean).join(', ');
}

function fillWords(count: number, max: number, { usage }: Measurements, where: string, limitNamed: boolean): string {
  if (usage.kind !== 'value') return `${count} entries${where}, no limit set`;
  const full = count >= max ? 'table full: ' : '';
  const of = limitNamed ? '' : ` of ${max}`;
  return `${full}${count}${of} entries (${percentWords(usage.value)})${where}`;
}

export function slabClause({ slab_max: slabMax }: Measurements, origin: ObjectOrigin | undefined): string {
  if (slabMax.kind !== 'value') return '';
  return `${origin === 'estimate' ? 'about ' : ''}${sizeWords(slabMax.value)} slab at max`;
}

// Figures that stand on the object size.
const ESTIMATED: readonly string[] = ['slab', 'slab_max', 'memory_share'];

/** One finding in words. */
export function findingClause(
  finding: Finding,
  { origin, losses, drift }: Pick<Findings, 'origin' | 'losses' | 'drift'>,
): string {
  if (finding.kind === 'drift') return drift;
  const { metric } = finding;
  if (finding.kind === 'unjudged') return `no ${metric}: ${faultWords(finding.fault)}`;
  const { start, end, inside } = finding.range;
  const about = origin === 'estimate' && ESTIMATED.includes(metric) ? 'about ' : '';
  const subject = `${metric} ${about}`;
  if (inside) return `${subject}${valueWords(metric, finding.value)} is inside ${formatRange(finding.range)}`;
  if (finding.value > end)
    return overWords(finding, losses) ?? subject + comparedWords(metric, finding.value, 'above', end);
  if (metric === 'time_to_full')
    return finding.value === 0 ? 'full and growing' : `full in ${durationWords(finding.value)} at the present rate`;
  return subject + comparedWords(metric, finding.value, 'below', start);
}

const RATE_COUNTERS: Readonly<Record<string, CounterName>> = {
  drop_rate: 'drop',
  early_drop_rate: 'early_drop',
  insert_failed_rate: 'insert_failed',
  chainlength_rate: 'chainlength',
};

// A rate of 0.003 packets per second says less than one packet in the last five minutes.
function overWords(finding: Finding, losses: Losses | undefined): string | undefined {
  const counter = rateCounter(finding);
  return counter === undefined ? undefined : lossWords(losses, [counter]) || undefined;
}

function rateCounter(finding: Finding): CounterName | undefined {
  return finding.kind === 'drift' ? undefined : RATE_COUNTERS[finding.metric];
}

// An eviction makes room and loses nothing.
const LOSSES: readonly CounterName[] = ['drop', 'insert_failed', 'chainlength'];

const EVENT_WORDS: Readonly<Record<CounterName, readonly [one: string, more: string]>> = {
  drop: ['packet dropped', 'packets dropped'],
  early_drop: ['entry evicted', 'entries evicted'],
  insert_failed: ['insertion failed', 'insertions failed'],
  chainlength: ['refused by a long hash chain', 'refused by long hash chains'],
};

function lossWords(losses: Losses | undefined, names: readonly CounterName[]): string {
  if (losses === undefined) return '';
  const events = names.flatMap((name) => {
    const [one, more] = EVENT_WORDS[name];
    const count = losses.events[name] ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];
  });
  return events.length === 0 ? '' : `${events.join(', ')} in the last ${durationWords(losses.seconds)}`;
}
