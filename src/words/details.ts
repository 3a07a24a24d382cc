// Long output for `-v` and more: sources of the figures, parts of the memory, and what could not be read.

import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Footprint, ObjectCost } from '../evaluate/footprint.ts';
import { atMost, footprint, hashTableNow } from '../evaluate/footprint.ts';
import type { Measurements } from '../evaluate/measurements.ts';
import type { TableMemory } from '../evaluate/memory.ts';
import { METRIC_NAMES, type MetricName } from '../evaluate/metrics.ts';
import { formatRange } from '../evaluate/range.ts';
import { LEVELS, type Ranges } from '../evaluate/thresholds.ts';
import type { Fault, ReadAttempt, Reading } from '../model/fault.ts';
import type { History } from '../model/sample.ts';
import type { Table } from '../model/table.ts';
import { faultWords } from './faults.ts';
import { loweredLines } from './limit-words.ts';
import { blockWords, heldWords, sureWords } from './slab-words.ts';
import { durationWords, foreignPath, sizeWords, valueWords } from './words.ts';

/** Returns the lines of `-v` about our table; `history` is undefined without a state directory. */
export function tableDetails(evaluation: Evaluation, history: Reading<History> | undefined): readonly string[] {
  return [
    ...sourceLines(evaluation),
    ...(history === undefined ? [] : historyLines(evaluation, history)),
    ...loweredLines(evaluation.results[0]),
    ...thresholdLines(evaluation),
    ...memoryDetails(evaluation),
    ...unjudgedLines(evaluation),
    ...faultLines(evaluation),
  ];
}

function sourceLines(evaluation: Evaluation): string[] {
  const { entries, entriesSource, limit, limitSource, statistics } = evaluation.results[0].table;
  const lines = [
    `entries: ${entries} (${foreignPath(entriesSource)})`,
    `limit: ${limit === 0 ? 'none (0)' : limit} (${foreignPath(limitSource)})`,
    ...bucketDetails(evaluation),
  ];
  if (!statistics.ok) return lines;
  const { source, value } = statistics;
  return [...lines, `counters: since boot, ${cpuWords(value.cpus.length)} (${foreignPath(source)})`];
}

function cpuWords(cpus: number): string {
  return cpus === 1 ? '1 CPU' : `${cpus} possible CPUs`;
}

function bucketDetails({ observation: { machine }, results: [own] }: Evaluation): string[] {
  const { buckets } = machine;
  if (!buckets.ok) return [];
  const source = foreignPath(buckets.source);
  const { load_factor: load } = own.measurements;
  if (load.kind !== 'value') return [`buckets: ${buckets.value} (${source})`];
  const line = `buckets: ${buckets.value}, load factor ${valueWords('load_factor', load.value)} (${source})`;
  return [
    own.refusesBelowLimit ? `${line}: too few, this kernel refuses entries in long chains below the limit` : line,
  ];
}

function historyLines({ results: [own] }: Evaluation, history: Reading<History>): string[] {
  const { losses, measurements } = own;
  const { drop_rate, growth, time_to_full: full } = measurements;
  if (!history.ok) return [`no history: ${faultWords(history.fault)}`];
  const source = foreignPath(history.source);
  if (losses === undefined)
    return [`no rates yet: ${drop_rate.kind === 'none' ? drop_rate.why : 'no counters'} (${source})`];
  const samples = history.value.past.length + 1;
  const lines = [
    `rates: over ${durationWords(losses.seconds)}, ${samples} samples (${source})`,
    ...upperBoundLines(measurements),
  ];
  if (growth.kind === 'none') return [...lines, `no growth: ${growth.why}`];
  const slowing = full.kind === 'none' && full.why === 'growth is slowing';
  return slowing ? [...lines, 'no time to full: growth is slowing, likely to settle below the limit'] : lines;
}

function upperBoundLines({ lost_rate: lost, clash_rate: clash }: Measurements): string[] {
  const isBound = lost.kind === 'value' && clash.kind === 'none';
  return isBound ? ["lost_rate is an upper bound: this kernel's counters do not tell clashes from a full table"] : [];
}

function thresholdLines({ results: [own] }: Evaluation): string[] {
  const texts = METRIC_NAMES.flatMap((name) => rangeWords(name, own.ranges[name]));
  return texts.length === 0 ? [] : [`thresholds: ${texts.join(', ')}`];
}

function rangeWords(metric: MetricName, ranges: Ranges): string[] {
  const levels = LEVELS.slice()
    .reverse()
    .flatMap((level) => {
      const range = ranges[level];
      return range === undefined ? [] : [`${level} ${formatRange(range)}`];
    });
  return levels.length === 0 ? [] : [`${metric} ${levels.join(' ')}`];
}

function memoryDetails(evaluation: Evaluation): string[] {
  const { cost, memory, results } = evaluation;
  const [own] = results;
  if (!cost.ok || memory === undefined || own.memory === undefined) return [];
  return [
    objectLine(cost.value, cost.source),
    `memory now: ${heldWords(cost.value, memory)}${partsWords(memory.now)}`,
    ...fullLines(own.memory, own.table),
    ...machineLines(evaluation, cost.value),
  ];
}

function fullLines({ cost, full }: TableMemory, { limit, extensions }: Table): string[] {
  if (full === undefined) return [];
  const most = sizeWords(footprint(atMost(cost), limit).total);
  const rules = extensions.rules === undefined ? ' (plan reads the rules that add it)' : '';
  return [
    `memory at the limit, never swapped: ${sureWords(cost)}${partsWords(full)}`,
    ...(cost.extension < cost.extensionMost
      ? [`with an extension block for each entry: ${most} at the limit${rules}`]
      : []),
    `object size x limit: ${cost.objectSize} x ${limit} = ${cost.objectSize * limit} B`,
  ];
}

function machineLines({ observation: { machine }, results: [own] }: Evaluation, cost: ObjectCost): string[] {
  const lines: string[] = [];
  const { memTotal } = machine;
  const hashTable = hashTableNow(machine);
  if (hashTable !== undefined) lines.push(`hash table: ${sizeWords(hashTable)}, in addition to the slab`);
  const { memory_share: share } = own.measurements;
  const ram = memTotal.ok ? foreignPath(memTotal.source) : '';
  if (share.kind === 'value')
    lines.push(
      `slab if full and hash table: ${sureWords(cost)}${valueWords('memory_share', share.value)} of RAM (${ram})`,
    );
  return lines;
}

function objectLine(cost: ObjectCost, source: string): string {
  const { origin, objectSize, objectsPerSlab, slabBytes } = cost;
  if (origin === 'given') return `object size: ${objectSize} B all-in (--object-size)`;
  const about = origin === 'estimate' ? 'about ' : '';
  const of = origin === 'estimate' ? `usual for this release, ${foreignPath(source)}` : foreignPath(source);
  return `object size: ${about}${objectSize} B, ${objectsPerSlab} in ${slabBytes} B of slab (${of}), extension ${blockWords(cost)}`;
}

function partsWords({ objects, extensions, total }: Footprint): string {
  return `${sizeWords(total)} = objects ${sizeWords(objects)} + extensions ${sizeWords(extensions)}`;
}

function unjudgedLines({ results: [own] }: Evaluation): string[] {
  return METRIC_NAMES.flatMap((metric) => {
    const measured = own.measurements[metric];
    const asked = LEVELS.some((level) => own.ranges[metric][level] !== undefined);
    return asked && measured.kind === 'none' ? [`not judged: ${metric}: ${measured.why}`] : [];
  });
}

function faultLines({ observation: { machine, tables } }: Evaluation): string[] {
  const [{ statistics, extensions }] = tables;
  const { acct, timestamp, events, listener, elsewhere, rules } = extensions;
  return [
    ...missingLine('no counters', statistics),
    ...missingLine('no buckets', machine.buckets),
    ...missingLine('object size estimated', machine.slabCache),
    ...[acct, timestamp, events, listener].flatMap((setting) => assumedLine('default extension assumed', setting)),
    ...(elsewhere === undefined ? [] : missingLine('event listeners in other namespaces unknown', elsewhere)),
    ...(rules === undefined ? [] : missingLine('extensions added by rules unknown', rules)),
    ...missingLine('page size of 4 KiB assumed', machine.pageSize),
    ...missingLine('kernel release unknown', machine.release),
    ...missingLine('size of RAM unknown', machine.memTotal),
  ];
}

// A kernel without the switch has no such extension.
function assumedLine(consequence: string, reading: Reading<unknown>): string[] {
  return !reading.ok && reading.fault.kind === 'missing' ? [] : missingLine(consequence, reading);
}

function missingLine(consequence: string, reading: Reading<unknown>): string[] {
  return reading.ok ? [] : [`${consequence}: ${faultWords(reading.fault)}${remedy(reading.fault)}`];
}

function remedy({ kind, detail }: Fault): string {
  if (kind === 'denied' || kind === 'tool-failed') return ' (root can)';
  return kind === 'would-load-module' ? ` (modprobe ${detail} once)` : '';
}

/** Returns the lines that `-vv` adds: each file that was requested, with `-vvv` also its time. */
export function attemptLines(attempts: readonly ReadAttempt[], timings: boolean): readonly string[] {
  return attempts.map(({ source, bytes, fault, milliseconds }) => {
    const outcome = fault === undefined ? `read ${foreignPath(source)}: ${bytes} bytes` : faultWords(fault);
    return timings ? `${outcome}, ${milliseconds.toFixed(3)} ms` : outcome;
  });
}
