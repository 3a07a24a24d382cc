// Threshold flags, `[METRIC=]RANGE`, parsed into ranges by metric.

import { isMetricName, METRIC_NAMES, type MetricName, metricSpec } from './metrics.ts';
import { covers, formatRange, type ParsedRange, parseRange, type Range } from './range.ts';

export type Level = 'warning' | 'critical';
export const LEVELS: readonly Level[] = ['critical', 'warning'];

/** A missing level never alerts. */
export type Ranges = Readonly<Partial<Record<Level, Range>>>;
/** By metric. */
export type Thresholds = Readonly<Partial<Record<MetricName, Ranges>>>;

/** The ranges from one flag. */
export type GivenRanges = ReadonlyMap<MetricName, Range>;

export type ParsedThresholds =
  | { readonly ok: true; readonly ranges: GivenRanges }
  | { readonly ok: false; readonly text: string; readonly why: string };

const DEFAULTS: Readonly<Record<Level, Range>> = {
  warning: { start: 0, end: 80, inside: false },
  critical: { start: 0, end: 90, inside: false },
};

/** The thresholds without any flag. */
export const DEFAULT_THRESHOLDS: Thresholds = { usage: DEFAULTS };

const INSTEAD = 'usage is judged in every namespace with --netns all';
/** Percent. */
const ABSURD_USAGE = 1000;

/** Parses all values of one flag. A name may appear once; a range without a name applies to `usage`. */
export function parseThresholds(texts: readonly string[]): ParsedThresholds {
  const ranges = new Map<MetricName, Range>();
  for (const text of texts) {
    const [name, rangeText] = splitThreshold(text);
    if (!isMetricName(name)) return { ok: false, text, why: 'unknown metric' };
    if (ranges.has(name)) return { ok: false, text, why: `${name} given twice` };
    const parsed = parseMeant(name, rangeText);
    if (!parsed.ok) return { ok: false, text, why: parsed.why };
    ranges.set(name, parsed.range);
  }
  return { ok: true, ranges };
}

function parseMeant(name: MetricName, text: string): ParsedRange {
  const parsed = parseRange(text, metricSpec(name).scales);
  const why = parsed.ok ? slipIn(name, text, parsed.range) : undefined;
  return why === undefined ? parsed : { ok: false, why };
}

/** Returns why a range cannot do what was probably meant for this metric. */
function slipIn(name: MetricName, text: string, range: Range): string | undefined {
  if (metricSpec(name).judged === 'nowhere') return `no thresholds on ${name}, ${INSTEAD}`;
  const isAbsurd = [range.start, range.end].some((end) => Number.isFinite(end) && end > ABSURD_USAGE);
  if (name === 'usage' && isAbsurd) return `usage is a percentage; for entries use entries=${formatRange(range)}`;
  const isUpperBound = !text.includes(':') && !range.inside;
  return name === 'time_to_full' && isUpperBound ? `alerts below need a colon: ${text}:` : undefined;
}

/** A range without a name applies to `usage`. */
export function splitThreshold(text: string): [name: string, range: string] {
  const at = text.indexOf('=');
  return at === -1 ? ['usage', text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Returns the first text whose metric needs history. */
export function needingHistory(texts: readonly string[]): string | undefined {
  return texts.find((text) => {
    const [name] = splitThreshold(text);
    return isMetricName(name) && metricSpec(name).history;
  });
}

/** A warning range that never shows, and the critical range that covers it. */
export interface LooserWarning {
  readonly warning: string;
  readonly critical: string;
  /** True if the critical range was not given. */
  readonly isDefault: boolean;
}

/** Equal ranges for both are accepted if both were given: no warnings are wanted. */
export function looserWarning(
  thresholds: Thresholds,
  given: Readonly<Record<Level, readonly string[]>>,
): LooserWarning | undefined {
  for (const name of metricsIn(given.warning)) {
    const { warning, critical } = thresholds[name] ?? {};
    const { signed } = metricSpec(name);
    if (warning === undefined || critical === undefined || !covers(critical, warning, signed)) continue;
    const isDefault = !metricsIn(given.critical).includes(name);
    if (isDefault || !covers(warning, critical, signed))
      return { warning: `${name}=${formatRange(warning)}`, critical: `${name}=${formatRange(critical)}`, isDefault };
  }
  return undefined;
}

function metricsIn(texts: readonly string[]): readonly MetricName[] {
  return texts.map((text) => splitThreshold(text)[0]).filter(isMetricName);
}

/** Merges both levels; a default applies until its own level and metric are given. */
export function mergeThresholds(given: Readonly<Record<Level, GivenRanges>>): Thresholds {
  const ranges: Partial<Record<MetricName, Partial<Record<Level, Range>>>> = { usage: { ...DEFAULTS } };
  for (const level of LEVELS) {
    for (const [name, range] of given[level]) ranges[name] = { ...ranges[name], [level]: range };
  }
  return ranges;
}

/** Returns the thresholds that apply in every namespace, not only in ours. */
export function thresholdsEverywhere(thresholds: Thresholds): Thresholds {
  const named = METRIC_NAMES.filter((name) => metricSpec(name).judged === 'everywhere');
  return Object.fromEntries(named.map((name) => [name, thresholds[name]]).filter(([, ranges]) => ranges !== undefined));
}
