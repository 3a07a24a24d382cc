// Thresholds as flags give them, `[METRIC=]RANGE`, turned into ranges by metric.

import { isMetricName, METRIC_NAMES, type MetricName, metricSpec } from './metrics.ts';
import { nearest } from './nearest.ts';
import { formatRange, type ParsedRange, parseRange, type Range } from './range.ts';
import { covers, expandedTilde, severalArguments, slipIn } from './threshold-slips.ts';

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
    if (!isJudged(name)) return { ok: false, text, why: severalArguments(text) ?? nameMistake(name) };
    if (ranges.has(name)) return { ok: false, text, why: `${name} given twice` };
    const parsed = parseMeant(name, rangeText);
    if (!parsed.ok) return { ok: false, text, why: parsed.why };
    ranges.set(name, parsed.range);
  }
  return { ok: true, ranges };
}

function splitName(text: string): [name: string, range: string] {
  const at = text.indexOf('=');
  return at === -1 ? ['usage', text] : [text.slice(0, at), text.slice(at + 1)];
}

function isJudged(name: string): name is MetricName {
  return isMetricName(name) && JUDGED.includes(name);
}

function nameMistake(name: string): string {
  if (isMetricName(name)) return `no thresholds on ${name}, ${INSTEAD}`;
  const near = nearest(name, JUDGED);
  const known = near === undefined ? JUDGED : [near, ...JUDGED.filter((other) => other !== near)];
  return `unknown metric, known: ${known.join(' ')}`;
}

function parseMeant(name: MetricName, text: string): ParsedRange {
  const parsed = parseRange(text, metricSpec(name).scales);
  if (!parsed.ok) return { ok: false, why: severalArguments(text) ?? expandedTilde(name, text) ?? parsed.why };
  const why = slipIn(name, text, parsed.range);
  return why === undefined ? parsed : { ok: false, why };
}

/** The first of the texts that is on a metric which needs history. */
export function needingHistory(texts: readonly string[]): string | undefined {
  return texts.find((text) => {
    const [name] = splitName(text);
    return isMetricName(name) && metricSpec(name).history;
  });
}

/** A warning that would never show, and the critical range that covers it. */
export interface LooserWarning {
  readonly warning: string;
  readonly critical: string;
  /** The critical range was not given. */
  readonly isDefault: boolean;
}

/** The same range for both is meant, if both are given: there are to be no warnings. */
export function looserWarning(given: Readonly<Record<Level, GivenRanges>>): LooserWarning | undefined {
  for (const [name, warning] of given.warning) {
    const isDefault = !given.critical.has(name);
    const critical = isDefault ? DEFAULT_THRESHOLDS[name]?.critical : given.critical.get(name);
    const { signed } = metricSpec(name);
    if (critical === undefined || !covers(critical, warning, signed)) continue;
    if (isDefault || !covers(warning, critical, signed))
      return { warning: `${name}=${formatRange(warning)}`, critical: `${name}=${formatRange(critical)}`, isDefault };
  }
  return undefined;
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
