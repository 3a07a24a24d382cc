// Long output for `-v` and more: where the figures came from, what memory is made of, what could not be had.

import type { Footprint, ObjectCost } from '../evaluate/footprint.ts';
import { footprint, hashTableBytes } from '../evaluate/footprint.ts';
import { type Measurements, refusesBelowLimit } from '../evaluate/measure.ts';
import { METRIC_NAMES } from '../evaluate/metrics.ts';
import { formatRange, type Range } from '../evaluate/range.ts';
import type { Level, Thresholds } from '../evaluate/thresholds.ts';
import type { Trend } from '../evaluate/trend.ts';
import type { Facts, Fault, History, ReadAttempt, Reading } from '../facts.ts';
import { faultWords } from './faults.ts';
import { durationWords, foreignPath, sizeWords, valueWords } from './words.ts';

interface Details {
  readonly facts: Facts;
  /** What holds slab memory: the entries of all namespaces that were looked at. */
  readonly entries: number;
  readonly cost: Reading<ObjectCost>;
  readonly measurements: Measurements;
  readonly thresholds: Thresholds;
  /** Undefined where no state directory was given. */
  readonly past: { readonly history: Reading<History>; readonly trend: Trend } | undefined;
}

/** What `-v` says of a table, a line each. */
export function tableDetails(told: Details): readonly string[] {
  const { facts, entries, cost, measurements, thresholds, past } = told;
  return [
    ...sourceLines(facts, measurements),
    ...(past === undefined ? [] : historyLines(past.history, past.trend, measurements)),
    ...thresholdLines(thresholds),
    ...(cost.ok ? memoryLines(facts, entries, cost.value, cost.source, measurements) : []),
    ...unjudgedLines(measurements, thresholds),
    ...faultLines(facts),
  ];
}

function sourceLines(facts: Facts, measurements: Measurements): string[] {
  const limit = facts.max === 0 ? 'none (0)' : facts.max;
  const lines = [
    `entries: ${facts.count} (${foreignPath(facts.countSource)})`,
    `limit: ${limit} (${foreignPath(facts.maxSource)})`,
  ];
  if (facts.buckets.ok) lines.push(bucketsLine(facts, facts.buckets.value, measurements));
  if (facts.statistics.ok) {
    const { source, value } = facts.statistics;
    lines.push(`counters: since boot, ${value.cpus.length} CPUs (${foreignPath(source)})`);
  }
  return lines;
}

function bucketsLine(facts: Facts, buckets: number, { load_factor: load }: Measurements): string {
  const source = facts.buckets.ok ? foreignPath(facts.buckets.source) : '';
  if (load.kind !== 'value') return `buckets: ${buckets} (${source})`;
  const line = `buckets: ${buckets}, load factor ${valueWords('load_factor', load.value)} (${source})`;
  return refusesBelowLimit(facts)
    ? `${line}: too few, this kernel refuses entries in long chains below the limit`
    : line;
}

function historyLines(history: Reading<History>, { losses }: Trend, { drop_rate, growth }: Measurements): string[] {
  if (!history.ok) return [`no history: ${faultWords(history.fault)}`];
  const { past } = history.value;
  const source = foreignPath(history.source);
  if (losses === undefined)
    return [`no rates yet: ${drop_rate.kind === 'none' ? drop_rate.why : 'no counters'} (${source})`];
  const lines = [`rates: over ${durationWords(losses.seconds)}, ${past.length + 1} samples (${source})`];
  return growth.kind === 'none' ? [...lines, `no growth: ${growth.why}`] : lines;
}

function thresholdLines(thresholds: Thresholds): string[] {
  const texts = METRIC_NAMES.flatMap((name) => {
    const { warning, critical } = thresholds[name] ?? {};
    const levels = [...levelWords('warning', warning), ...levelWords('critical', critical)];
    return levels.length === 0 ? [] : [`${name} ${levels.join(' ')}`];
  });
  return texts.length === 0 ? [] : [`thresholds: ${texts.join(', ')}`];
}

function levelWords(level: Level, range: Range | undefined): string[] {
  return range === undefined ? [] : [`${level} ${formatRange(range)}`];
}

function memoryLines(
  facts: Facts,
  entries: number,
  cost: ObjectCost,
  source: string,
  measurements: Measurements,
): string[] {
  const { max, buckets } = facts;
  const about = cost.origin === 'estimate' ? 'about ' : '';
  const ram = facts.memTotal.ok ? foreignPath(facts.memTotal.source) : '';
  const lines = [objectLine(cost, source), `memory now: ${about}${partsWords(footprint(cost, entries))}`];
  if (max !== 0) {
    lines.push(`memory at the limit, never swapped: ${about}${partsWords(footprint(cost, max))}`);
    lines.push(`object size x limit: ${cost.objectSize} x ${max} = ${cost.objectSize * max} B`);
  }
  if (buckets.ok) lines.push(`hash table: ${sizeWords(hashTableBytes(buckets.value))}, apart from the slab`);
  const share = measurements.memory_share;
  if (share.kind === 'value')
    lines.push(`slab at max and hash table: ${about}${valueWords('memory_share', share.value)} of RAM (${ram})`);
  return lines;
}

function objectLine(cost: ObjectCost, source: string): string {
  const { origin, objectSize, objectsPerSlab, slabBytes, extension } = cost;
  if (origin === 'given') return `object size: ${objectSize} B all-in (--object-size)`;
  const about = origin === 'estimate' ? 'about ' : '';
  const of = origin === 'estimate' ? `usual for this release, ${foreignPath(source)}` : foreignPath(source);
  return `object size: ${about}${objectSize} B, ${objectsPerSlab} in ${slabBytes} B of slab (${of}), extension ${extension} B`;
}

function partsWords({ objects, extensions, total }: Footprint): string {
  return `${sizeWords(total)} = objects ${sizeWords(objects)} + extensions ${sizeWords(extensions)}`;
}

function unjudgedLines(measurements: Measurements, thresholds: Thresholds): string[] {
  return METRIC_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return thresholds[name] !== undefined && measured.kind === 'none' ? [`not judged: ${name}: ${measured.why}`] : [];
  });
}

function faultLines({ buckets, statistics, slabCache, memTotal, pageSize, release, extensions }: Facts): string[] {
  const { acct, timestamp, events, listener } = extensions;
  return [
    ...missingLine('no counters', statistics),
    ...missingLine('no buckets', buckets),
    ...missingLine('object size not from the kernel', slabCache),
    ...[acct, timestamp, events, listener].flatMap((setting) => assumedLine('extension by default', setting)),
    ...missingLine('page size of 4 KiB assumed', pageSize),
    ...missingLine('kernel release not known', release),
    ...missingLine('size of RAM not known', memTotal),
  ];
}

// A kernel without the switch does not have what it switches.
function assumedLine(consequence: string, reading: Reading<unknown>): string[] {
  return !reading.ok && reading.fault.kind === 'missing' ? [] : missingLine(consequence, reading);
}

function missingLine(consequence: string, reading: Reading<unknown>): string[] {
  return reading.ok ? [] : [`${consequence}: ${faultWords(reading.fault)}${remedy(reading.fault)}`];
}

function remedy({ kind }: Fault): string {
  if (kind === 'denied' || kind === 'tool-failed') return ' (root may)';
  return kind === 'would-load-module' ? ' (modprobe nf_conntrack_netlink once)' : '';
}

/** What `-vv` adds: each file that was asked for; from `-vvv` on with the time it took. */
export function attemptLines(attempts: readonly ReadAttempt[], timings: boolean): readonly string[] {
  return attempts.map(({ source, bytes, fault, milliseconds }) => {
    const outcome = fault === undefined ? `read ${foreignPath(source)}: ${bytes} bytes` : faultWords(fault);
    return timings ? `${outcome}, ${milliseconds.toFixed(3)} ms` : outcome;
  });
}
