// The sections of a report on tables, their losses and their settings.

import type { Evaluation, TableResult } from '../evaluate/evaluate.ts';
import { hashTableNow } from '../evaluate/footprint.ts';
import { type Lost, NOTHING_LOST, packetsLost } from '../evaluate/losses.ts';
import { COUNTER_NAMES, type CounterName, counterSpec } from '../model/counters.ts';
import type { FullSpells } from '../model/full-log.ts';
import type { Generation } from '../model/generation.ts';
import type { Table } from '../model/table.ts';
import { COUNTER_WORDS } from '../words/counter-words.ts';
import { driftWords, ineffectiveLines } from '../words/drift-words.ts';
import { faultWords } from '../words/faults.ts';
import { countWords, hidingLines, ownerWords } from '../words/namespaces.ts';
import { grouped, hanging, indented } from '../words/prose.ts';
import { sureWords } from '../words/slab-words.ts';
import { durationWords, foreignPath, sizeWords } from '../words/words.ts';
import type { Recollection } from './diagnosis/recollection.ts';
import { loweredWords, spellWords } from './diagnosis/spell-words.ts';
import { events, type TableDiagnosis } from './diagnosis/table-trouble.ts';
import type { Palette } from './palette.ts';
import type { ReportFindings } from './report-findings.ts';
import { tableWords, totalOf, usageWords } from './table-words.ts';

const MOST_TABLES_SHOWN = 10;
const LABEL_AT = ' '.repeat(45);

/** Returns the tables: the one in trouble first, then the fullest. */
export function whereLines(findings: ReportFindings, palette: Palette): readonly string[] {
  const { diagnosis, evaluation } = findings;
  const { observation } = evaluation;
  const [, ...rest] = diagnosis.tables;
  const shown = [diagnosis.worst, ...rest.filter(({ result }) => isWorthTelling(result))];
  const { unread } = observation;
  return [
    '     entries   usage    lost/s  total lost',
    ...shown.slice(0, MOST_TABLES_SHOWN).flatMap((table) => tableRow(findings, table, palette)),
    ...(shown.length > MOST_TABLES_SHOWN
      ? [`  and ${shown.length - MOST_TABLES_SHOWN} more with entries or losses`]
      : []),
    ...indented(`${countWords(observation)}.`),
    ...unread.slice(0, 1).flatMap(({ fault }) => indented(`${unread.length} not read: ${faultWords(fault)}.`)),
    ...hidingLines(observation).flatMap((line) => indented(`${line}.`)),
  ];
}

function isWorthTelling(result: TableResult): boolean {
  return result.table.entries > 0 || packetsLost(result.lostSinceBoot ?? NOTHING_LOST) > 0;
}

function tableRow(findings: ReportFindings, { result, state }: TableDiagnosis, palette: Palette): readonly string[] {
  const { table, measurements, lost, losses, lostSinceBoot } = result;
  const figures = [
    grouped(table.entries).padStart(12),
    (measurements.usage.kind === 'value' ? usageWords(result) : '-').padStart(8),
    (lost === undefined || losses === undefined ? '-' : tenthsWords(packetsLost(lost) / losses.seconds)).padStart(10),
    (lostSinceBoot === undefined ? '-' : grouped(packetsLost(lostSinceBoot))).padStart(12),
  ].join('');
  const shown = state === 'ok' ? figures : palette[state](figures);
  const name = table.isOwn ? tableWords(findings, table) : ownerWords(findings.identities, table);
  const [first = '', ...further] = hanging('', name, LABEL_AT);
  return [`${shown}   ${first}`, ...further];
}

function rateOrUnknown(result: TableResult, name: CounterName): string {
  if (result.losses === undefined) return '-';
  return tenthsWords(events(result, name) / result.losses.seconds);
}

function tenthsWords(rate: number): string {
  return rate > 0 && rate < 1 ? rate.toFixed(1) : grouped(Math.round(rate));
}

/** The counter in words: ip_conntrack counts ICMP errors as invalid too, and kernels before 5.15 refuse no entry. */
function meaning(name: CounterName, { measurements }: TableResult, generation: Generation): string {
  if (name === 'invalid' && generation === 'ip_conntrack') return 'match no entry, or are ICMP errors';
  if (name === 'insert_failed' && measurements.chainlength.kind === 'none')
    return 'clashes with an entry of the same tuple';
  return COUNTER_WORDS[name].report;
}

/** Returns the counters of the table in trouble, between the two samples and since boot, and the kernel log. */
export function counterLines(findings: ReportFindings, palette: Palette): readonly string[] {
  const { diagnosis, evaluation } = findings;
  const { result } = diagnosis.worst;
  const { table, losses, measurements } = result;
  const { generation } = evaluation.observation.machine;
  const row = (words: string, rate: string, total: string) =>
    `  ${words.padEnd(57)}${losses === undefined ? '' : rate.padStart(9)}${total.padStart(12)}`;
  const rows = COUNTER_NAMES.filter((name) => measurements[name].kind === 'value').map((name) => {
    const words = `${name.padEnd(14)}${meaning(name, result, generation)}`;
    const line = row(words, `${rateOrUnknown(result, name)}/s`, grouped(totalOf(result, name) ?? 0));
    return counterSpec(name).means === 'loss' && events(result, name) > 0 ? palette.critical(line) : line;
  });
  const head = row('', `over ${durationWords(losses?.seconds ?? 0)}`, 'since boot');
  const { statistics } = table;
  const counters = statistics.ok ? [head, ...rows] : indented(`No counters: ${faultWords(statistics.fault)}.`, '    ');
  return [
    ...counters,
    ...causeLines(result),
    ...evictionLines(findings),
    ...pastLines(findings.recollection, table),
    ...logLines(findings, table),
  ];
}

const MOST_SPELLS = 5;

/** Returns the losses of this table that earlier checks have seen. */
function pastLines({ pasts, fault }: Recollection, { key }: Table): readonly string[] {
  if (fault !== undefined) return indented(`No history: ${faultWords(fault)}.`, '    ');
  const past = pasts.get(key);
  if (past === undefined) return [];
  const { spells, seconds } = past;
  if (spells.length === 0)
    return indented(
      `No packet was lost in the last ${durationWords(seconds)}, according to the samples of earlier checks.`,
      '    ',
    );
  return spells
    .slice(-MOST_SPELLS)
    .flatMap((spell) => indented(`${spellWords(spell)}, according to the samples of earlier checks.`, '    '));
}

const CAUSES: readonly (readonly [keyof Lost, string])[] = [
  ['full', 'because the table was full'],
  ['clash', 'to clashes: an entry with the same tuple existed'],
  ['fullOrClash', 'because the table was full, or to clashes: this kernel does not say which'],
  ['chain', 'to long hash chains'],
];

/** Returns lost packets by cause; each is counted once. */
function causeLines({ lost, losses }: TableResult): readonly string[] {
  if (lost === undefined || losses === undefined || packetsLost(lost) === 0) return [];
  const words = CAUSES.filter(([cause]) => lost[cause] > 0).map(([cause, why]) => {
    return `${grouped(Math.max(1, Math.round(lost[cause] / losses.seconds)))}/s ${why}`;
  });
  return indented(`Packets lost: ${words.join(', ')}.`, '    ');
}

function shortly(seconds: number): string {
  return seconds < 0.1 ? 'less than 0.1 s' : `about ${durationWords(seconds)}`;
}

// An eviction loses no packet by itself.
function evictionLines({ diagnosis, survival }: ReportFindings): readonly string[] {
  const { result } = diagnosis.worst;
  if (survival === undefined) return [];
  const rate = rateOrUnknown(result, 'early_drop');
  return indented(
    `At ${rate} evictions/s an unanswered entry survives ${shortly(survival)}: a reply that takes longer finds no entry and is lost.`,
    '    ',
  );
}

function logLines({ log, spells }: ReportFindings, { key }: Table): readonly string[] {
  if (!log.ok) return log.fault.kind === 'not-asked' ? [] : indented(`Kernel log: ${faultWords(log.fault)}.`, '    ');
  const { lines, first = '', last = '', ago = 0, namespaces } = log.value;
  const source = foreignPath(log.source);
  if (lines === 0) return indented(`No "table full" in the kernel log (${source}).`);
  const where = namedWords(namespaces);
  const times = lines === 1 ? `at ${last}` : `from ${first} to ${last}`;
  const count = lines === 1 ? 'One "table full" line' : `${grouped(lines)} "table full" lines`;
  const ours = ownedWords(spells?.ofTables.get(key)?.allLines ?? 0, spells);
  return indented(`${count} ${times}, the last ${durationWords(ago)} ago${where} (${source})${ours}.`, '    ');
}

function namedWords(namespaces: readonly number[]): string {
  if (namespaces.length === 0) return '';
  const rest = namespaces.length > 3 ? ` and ${namespaces.length - 3} more` : '';
  return `, in net:[${namespaces.slice(0, 3).join('], net:[')}]${rest}`;
}

/** Returns how many of the lines are about the table shown. */
function ownedWords(ours: number, spells: FullSpells | undefined): string {
  if (spells === undefined) return '';
  if (ours === 0 && spells.ofOthers?.isNamed === false) return '; it does not say which table';
  if (ours === 0) return '; none is about this table';
  return `; ${grouped(ours)} about this table`;
}

/** Returns memory, limit and buckets. */
export function settingLines({ evaluation, diagnosis, recollection }: ReportFindings): readonly string[] {
  const { observation, drift } = evaluation;
  const { available } = observation.machine;
  const { table } = diagnosis.worst.result;
  const limit = table.limit === 0 ? 'none' : grouped(table.limit);
  const lowered = recollection.lowered.get(table.key);
  return [
    ...settingLine('slab', slabWords(evaluation, diagnosis.worst.result)),
    ...(available.ok ? settingLine('available', `${sizeWords(available.value.bytes)} of RAM`) : []),
    ...settingLine('limit', `${limit} (${foreignPath(table.limitSource)})`),
    ...(lowered === undefined
      ? []
      : settingLine('lowered', `${loweredWords(lowered)}, by the samples of earlier checks`)),
    ...settingLine('buckets', bucketWords(evaluation)),
    ...(drift?.kind === 'below' ? settingLine('configured', driftWords(drift)) : []),
    ...ineffectiveLines(observation).flatMap((line) => settingLine('no effect', line)),
  ];
}

function settingLine(name: string, words: string): readonly string[] {
  return hanging(`  ${name.padEnd(12)}`, words, ' '.repeat(14));
}

function slabWords({ cost }: Evaluation, { memory }: TableResult): string {
  if (memory === undefined) return cost.ok ? '' : `unknown: ${faultWords(cost.fault)}`;
  const sure = sureWords(memory.cost);
  const full = memory.full === undefined ? '' : `, ${sure}${sizeWords(memory.full.total)} when full`;
  return `${sure}${sizeWords(memory.now.total)} now${full}; never swapped`;
}

function bucketWords({ observation: { machine }, results: [own] }: Evaluation): string {
  const { buckets } = machine;
  if (!buckets.ok) return `unknown: ${faultWords(buckets.fault)}`;
  const { limit } = own.table;
  const each = limit === 0 ? '' : `, ${(limit / buckets.value).toFixed(1)} entries in each when full`;
  const long = own.refusesBelowLimit ? ': the kernel refuses entries in such long chains before the table is full' : '';
  return `${grouped(buckets.value)}${each}${long}, ${sizeWords(hashTableNow(machine) ?? 0)} of memory`;
}
