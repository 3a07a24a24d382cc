// Line 1: the state and what is wrong, the gravest first, in words.

import type { ObjectOrigin } from '../evaluate/footprint.ts';
import type { Finding, Verdict } from '../evaluate/judge.ts';
import type { Measurements } from '../evaluate/measure.ts';
import { formatRange, upperBound } from '../evaluate/range.ts';
import type { State } from '../evaluate/state.ts';
import type { Facts } from '../facts.ts';
import { faultWords } from './faults.ts';
import { percentWords, sizeWords, valueWords } from './words.ts';

/** `CONNTRACK STATE - text`, the form that Nagios users know. */
export function statusLine(state: State, text: string): string {
  return `CONNTRACK ${state.toUpperCase()} - ${text}`;
}

/** The whole text behind the state. `origin` tells whether the memory figure is an estimate. */
export function tableText(
  facts: Facts,
  measurements: Measurements,
  verdict: Verdict,
  origin: ObjectOrigin | undefined,
): string {
  const fill = fillClause(facts, measurements);
  if (verdict.findings.length === 0) return [fill, slabClause(measurements, origin)].filter(Boolean).join(', ');
  const clauses = verdict.findings.map((finding) => (isPlainUsage(finding) ? fill : findingClause(finding)));
  return [...new Set([...clauses, fill])].join('; ');
}

// "65310 of 65536 entries (99.7%)" says by itself that usage is above its threshold.
function isPlainUsage(finding: Finding): boolean {
  return finding.kind === 'threshold' && finding.metric === 'usage' && upperBound(finding.range) !== undefined;
}

function fillClause({ count, max, initialNamespace }: Facts, { usage }: Measurements): string {
  const where = initialNamespace ? '' : ' in this network namespace';
  if (usage.kind !== 'value') return `${count} entries${where}, no limit set`;
  const full = count >= max ? 'table full: ' : '';
  return `${full}${count} of ${max} entries (${percentWords(usage.value)})${where}`;
}

function slabClause({ slab_max: slabMax }: Measurements, origin: ObjectOrigin | undefined): string {
  if (slabMax.kind !== 'value') return '';
  return `${origin === 'estimate' ? 'about ' : ''}${sizeWords(slabMax.value)} slab at max`;
}

function findingClause(finding: Finding): string {
  const { metric } = finding;
  if (finding.kind === 'unjudged') return `no ${metric}: ${faultWords(finding.fault)}`;
  const { start, end, inside } = finding.range;
  const value = `${metric} ${valueWords(metric, finding.value)}`;
  if (inside) return `${value} is inside ${formatRange(finding.range)}`;
  if (finding.value > end) return `${value} is above ${valueWords(metric, end)}`;
  return `${value} is below ${valueWords(metric, start)}`;
}
