// The sections of a report on tables, their losses and their settings.

import type { Evaluation, TableResult } from '../evaluate/evaluate.ts';
import { hashTableNow } from '../evaluate/footprint.ts';
import { NOTHING_LOST, packetsLost } from '../evaluate/losses.ts';
import { driftWords, ineffectiveLines } from '../words/drift-words.ts';
import { faultWords } from '../words/faults.ts';
import { countWords, hidingLines, ownerWords } from '../words/namespaces.ts';
import { grouped, hanging, indented } from '../words/prose.ts';
import { sureWords } from '../words/slab-words.ts';
import { foreignPath, sizeWords } from '../words/words.ts';
import { tenthsWords } from './counter-lines.ts';
import { loweredWords } from './diagnosis/spell-words.ts';
import type { TableDiagnosis } from './diagnosis/table-trouble.ts';
import type { Palette } from './palette.ts';
import type { ReportFindings } from './report-findings.ts';
import { tableWords, usageWords } from './table-words.ts';

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
