// Measurements against thresholds: findings, and the state of the whole.

import type { Fault } from '../facts.ts';
import type { Measurements } from './measure.ts';
import { METRIC_NAMES, type MetricName } from './metrics.ts';
import { alerts, neverAlerts, type Range } from './range.ts';
import { compareSeverity, type State, worst } from './state.ts';
import { LEVELS, type Thresholds } from './thresholds.ts';

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
  /** Gravest first; metrics of equal state in their own order. */
  readonly findings: readonly Finding[];
}

/** `drift` is the state of a limit that fell back, where it did. */
export function judge(measurements: Measurements, thresholds: Thresholds, drift: State | undefined): Verdict {
  const judged = METRIC_NAMES.flatMap((metric) => judgeMetric(metric, measurements, thresholds));
  const findings: Finding[] =
    drift === undefined || drift === 'ok' ? judged : [...judged, { kind: 'drift', state: drift }];
  findings.sort((a, b) => compareSeverity(b.state, a.state));
  return { state: worst(findings.map((finding) => finding.state)), findings };
}

function judgeMetric(metric: MetricName, measurements: Measurements, thresholds: Thresholds): Finding[] {
  const ranges = thresholds[metric];
  const measured = measurements[metric];
  if (ranges === undefined || measured.kind === 'none') return [];
  if (measured.kind === 'broken' && LEVELS.every((level) => neverAlerts(ranges[level]))) return [];
  if (measured.kind === 'broken') return [{ kind: 'unjudged', state: 'unknown', metric, fault: measured.fault }];

  const { value } = measured;
  for (const state of LEVELS) {
    const range = ranges[state];
    if (range !== undefined && alerts(range, value)) return [{ kind: 'threshold', state, metric, value, range }];
  }
  return [];
}
