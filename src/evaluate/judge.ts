// Judges measurements by thresholds: the findings, and the state of the whole.

import type { Fault } from '../model/fault.ts';
import type { Measured, Measurements } from './measurements.ts';
import { byMetric, METRIC_NAMES, type MetricName } from './metrics.ts';
import { alerts, neverAlerts, type Range } from './range.ts';
import { compareSeverity, type State, worst } from './state.ts';
import { LEVELS, type Ranges, type Thresholds } from './thresholds.ts';

export type Finding =
  | {
      readonly kind: 'threshold';
      readonly state: State;
      readonly metric: MetricName;
      readonly value: number;
      readonly range: Range;
    }
  | { readonly kind: 'unjudged'; readonly state: 'unknown'; readonly metric: MetricName; readonly fault: Fault }
  /** The live limit is below the configured one. */
  | { readonly kind: 'drift'; readonly state: State }
  /** Some namespaces may not be visible. */
  | { readonly kind: 'partial'; readonly state: State };

export interface Verdict {
  readonly state: State;
  /** The thresholds of each metric. */
  readonly ranges: Readonly<Record<MetricName, Ranges>>;
  /** Worst first; metrics of equal state in their own order. */
  readonly findings: readonly Finding[];
}

/** `others` are findings without a threshold; those in state ok are left out. */
export function judge(measurements: Measurements, thresholds: Thresholds, others: readonly Finding[]): Verdict {
  const ranges = byMetric((metric) => thresholds[metric] ?? {});
  const judged = METRIC_NAMES.flatMap((metric) => findingOf(metric, measurements[metric], ranges[metric]) ?? []);
  const findings = [...judged, ...others.filter(({ state }) => state !== 'ok')];
  findings.sort((a, b) => compareSeverity(b.state, a.state));
  return { state: worst(findings.map((finding) => finding.state)), ranges, findings };
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
