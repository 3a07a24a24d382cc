// Measurements against thresholds: what each metric comes to, what is wrong, and the state of the whole.

import type { Fault } from '../observation/fault.ts';
import type { Measured, Measurements } from './measurements.ts';
import { byMetric, METRIC_NAMES, type MetricName } from './metrics.ts';
import { alerts, neverAlerts, type Range } from './range.ts';
import { compareSeverity, type State, worst } from './state.ts';
import { LEVELS, type Ranges, type Thresholds } from './thresholds.ts';

/** One metric: its value or why it has none, the ranges that judge it, and what they come to. */
export interface Result {
  readonly metric: MetricName;
  readonly measured: Measured;
  readonly ranges: Ranges;
  readonly finding: Finding | undefined;
}

/** One thing that is wrong. */
export type Finding =
  | {
      readonly kind: 'threshold';
      readonly state: State;
      readonly metric: MetricName;
      readonly value: number;
      readonly range: Range;
    }
  | { readonly kind: 'unjudged'; readonly state: 'unknown'; readonly metric: MetricName; readonly fault: Fault }
  /** The limit is below what is configured. */
  | { readonly kind: 'drift'; readonly state: State };

export interface Verdict {
  readonly state: State;
  readonly results: Readonly<Record<MetricName, Result>>;
  /** Gravest first; metrics of equal state in their own order. */
  readonly findings: readonly Finding[];
}

/** `drift` is the state of a limit that fell back, where it did. */
export function judge(measurements: Measurements, thresholds: Thresholds, drift: State | undefined): Verdict {
  const results = byMetric((metric) => resultOf(metric, measurements[metric], thresholds[metric] ?? {}));
  const judged = METRIC_NAMES.flatMap((metric) => results[metric].finding ?? []);
  const findings: Finding[] =
    drift === undefined || drift === 'ok' ? judged : [...judged, { kind: 'drift', state: drift }];
  findings.sort((a, b) => compareSeverity(b.state, a.state));
  return { state: worst(findings.map((finding) => finding.state)), results, findings };
}

function resultOf(metric: MetricName, measured: Measured, ranges: Ranges): Result {
  return { metric, measured, ranges, finding: findingOf(metric, measured, ranges) };
}

function findingOf(metric: MetricName, measured: Measured, ranges: Ranges): Finding | undefined {
  if (measured.kind === 'none') return undefined;
  if (measured.kind === 'broken') {
    const { fault } = measured;
    return LEVELS.every((level) => neverAlerts(ranges[level]))
      ? undefined
      : { kind: 'unjudged', state: 'unknown', metric, fault };
  }
  const { value } = measured;
  for (const state of LEVELS) {
    const range = ranges[state];
    if (range !== undefined && alerts(range, value)) return { kind: 'threshold', state, metric, value, range };
  }
  return undefined;
}
