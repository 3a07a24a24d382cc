// Thresholds as flags give them, `[METRIC=]RANGE`, turned into ranges by metric.

import { isMetricName, METRIC_NAMES, type MetricName, metricSpec } from './metrics.ts';
import { formatRange, parseRange, type Range, upperBound } from './range.ts';

export type Level = 'warning' | 'critical';
export const LEVELS: readonly Level[] = ['critical', 'warning'];

/** A missing level never alerts. */
export type Ranges = Readonly<Partial<Record<Level, Range>>>;
/** By metric. */
export type Thresholds = Readonly<Partial<Record<MetricName, Ranges>>>;

/** The ranges that one flag gives. */
export type GivenRanges = ReadonlyMap<MetricName, Range>;

export type ParsedThresholds =
  | { readonly ok: true; readonly ranges: GivenRanges }
  | { readonly ok: false; readonly text: string; readonly why: string };

const DEFAULTS: Readonly<Record<Level, Range>> = {
  warning: { start: 0, end: 80, inside: false },
  critical: { start: 0, end: 90, inside: false },
};

/** What holds where nobody says otherwise. */
export const DEFAULT_THRESHOLDS: Thresholds = { usage: DEFAULTS };

const JUDGED = METRIC_NAMES.filter((name) => metricSpec(name).judged !== 'nowhere');
const INSTEAD = 'usage is judged in every namespace with --netns all';

/** Reads all the values of one flag. A name may appear once; without a name a range means `usage`. */
export function parseThresholds(texts: readonly string[]): ParsedThresholds {
  const ranges = new Map<MetricName, Range>();
  for (const text of texts) {
    const [name, rangeText] = splitName(text);
    if (!isMetricName(name)) return { ok: false, text, why: `unknown metric, known: ${JUDGED.join(' ')}` };
    if (!JUDGED.includes(name)) return { ok: false, text, why: `no thresholds on ${name}, ${INSTEAD}` };
    if (ranges.has(name)) return { ok: false, text, why: `${name} given twice` };
    const parsed = parseRange(rangeText, metricSpec(name).scales);
    if (!parsed.ok) return { ok: false, text, why: parsed.why };
    ranges.set(name, parsed.range);
  }
  return { ok: true, ranges };
}

function splitName(text: string): [name: string, range: string] {
  const at = text.indexOf('=');
  return at === -1 ? ['usage', text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The first of the texts that is on a metric which needs history. */
export function needingHistory(texts: readonly string[]): string | undefined {
  return texts.find((text) => {
    const [name] = splitName(text);
    return isMetricName(name) && metricSpec(name).history;
  });
}

/** A range that warns later than another is critical: given so, one of the two is mistyped. */
export function looserWarning(
  given: Readonly<Record<Level, GivenRanges>>,
): { readonly text: string; readonly critical: string } | undefined {
  for (const [name, warning] of given.warning) {
    const critical = given.critical.get(name);
    if (critical === undefined || !isLooser(warning, critical)) continue;
    return { text: `${name}=${formatRange(warning)}`, critical: `${name}=${formatRange(critical)}` };
  }
  return undefined;
}

// Only where both are plain upper bounds, or both plain lower ones, is one of them within the other by intention.
function isLooser(warning: Range, critical: Range): boolean {
  const [upper, least] = [upperBound(warning), upperBound(critical)];
  if (upper !== undefined && least !== undefined) return upper > least;
  return isLowerBound(warning) && isLowerBound(critical) && warning.start < critical.start;
}

function isLowerBound({ start, end, inside }: Range): boolean {
  return !inside && end === Number.POSITIVE_INFINITY && start !== Number.NEGATIVE_INFINITY;
}

/** Puts both levels together; a default stands until its own level and metric are given. */
export function mergeThresholds(given: Readonly<Record<Level, GivenRanges>>): Thresholds {
  const merged: Partial<Record<MetricName, Partial<Record<Level, Range>>>> = { usage: { ...DEFAULTS } };
  for (const level of LEVELS) {
    for (const [name, range] of given[level]) merged[name] = { ...merged[name], [level]: range };
  }
  return merged;
}

/** Those that hold in every namespace, and not only in ours. */
export function thresholdsEverywhere(thresholds: Thresholds): Thresholds {
  const named = METRIC_NAMES.filter((name) => metricSpec(name).judged === 'everywhere');
  return Object.fromEntries(named.map((name) => [name, thresholds[name]]).filter(([, ranges]) => ranges !== undefined));
}
