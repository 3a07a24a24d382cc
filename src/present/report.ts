// An incident for a person: the verdict first, then where it is, what is lost, who fills the table, what that costs, and
// last, where the eyes are, what to type.

import { type Diagnosis, events } from '../evaluate/diagnosis.ts';
import type { Drift } from '../evaluate/drift.ts';
import type { TableResult } from '../evaluate/evaluate.ts';
import type { CounterName } from '../observation/counters.ts';
import type { Table } from '../observation/table.ts';
import { adviceLines } from './advice.ts';
import { driftWords } from './drift.ts';
import { faultWords } from './faults.ts';
import { listLines } from './listing.ts';
import { labelOf } from './namespaces.ts';
import type { Palette } from './palette.ts';
import { grouped, indented, wrapped } from './prose.ts';
import { type ReportFindings, tableWords, totalOf, usageWords } from './report-findings.ts';
import { losingLines, settingLines, whereLines } from './report-sections.ts';
import { durationWords, percentWords } from './words.ts';

/** One sentence. */
export function verdictText(found: ReportFindings): string {
  const { diagnosis, evaluation, log } = found;
  const { worst, trouble } = diagnosis;
  const { result } = worst;
  const table = `the table of ${tableWords(found, result.table)}`;
  const share = usageWords(result);
  const more = otherTables(diagnosis);
  switch (trouble) {
    case 'losing':
      return `${table} is ${isFull(result.table) ? 'full' : `${share} full`} and losing ${perSecond(result, 'drop')} packets/s${more}`;
    case 'refusing':
      return `${table} is ${share} full and refuses ${perSecond(result, 'chainlength')} packets/s because its hash chains are too long${more}`;
    case 'full':
      return `${table} is full: ${grouped(result.table.entries)} of ${grouped(result.table.limit)}, ${lossWords(result)}${more}`;
    case 'filling':
      return `${table} is ${share} full, ${growthWords(result)}${lossWords(result)}${more}`;
    case 'was full':
      return `${pastTable(found)} was full ${durationWords(log.ok ? (log.value.ago ?? 0) : 0)} ago; now ${fineWords(found)}`;
    case 'drift':
      return [...driftText(evaluation.drift), fineWords(found)].join('; ');
    case 'unread':
      return `not every table could be read; of those that were, ${fineWords(found)}`;
    case 'none':
      return isFine(found) ? `not conntrack: ${fineWords(found)}` : fineWords(found);
  }
}

function driftText(drift: Drift | undefined): readonly string[] {
  return drift?.kind === 'below' ? [driftWords(drift)] : [];
}

/** Whose the last line of the kernel's log is: of a namespace that may be gone. */
function pastTable({ log, evaluation, identities }: ReportFindings): string {
  const [number] = log.ok ? log.value.namespaces : [];
  if (number === undefined) return 'a table';
  const table = evaluation.observation.tables.find((other) => !other.isOwn && other.number === number);
  return table === undefined ? `the table of net:[${number}]` : `the table of ${labelOf(identities, table)}`;
}

function fineWords({ evaluation: { results } }: ReportFindings): string {
  const fullest = results.reduce((most, result) => (result.table.entries > most.table.entries ? result : most));
  const used = usageWords(fullest);
  const lost = lostWords(results);
  if (lost === undefined) return `${used} used, drops cannot be seen`;
  if (lost === '') return `${used} used, nothing dropped since boot`;
  const now = isWatched(results) ? 'nothing now' : 'one look cannot tell whether now';
  return `${used} used, ${lost} since boot, ${now}`;
}

/** Since boot; empty for nothing, undefined where it is not known. */
function lostWords(results: readonly TableResult[]): string | undefined {
  const [dropped, refused] = (['drop', 'chainlength'] as const).map((name) =>
    results.reduce((sum, result) => sum + (totalOf(result, name) ?? 0), 0),
  );
  const words = [counted(dropped, 'dropped'), counted(refused, 'refused for long chains')].filter(Boolean).join(', ');
  return words === '' && results.some((result) => totalOf(result, 'drop') === undefined) ? undefined : words;
}

function counted(events = 0, words: string): string {
  return events === 0 ? '' : `${grouped(events)} ${words}`;
}

function isWatched(results: readonly TableResult[]): boolean {
  return results.some(({ losses }) => losses !== undefined);
}

/** Whether there is nothing to look for here: not where something was lost, and perhaps just now. */
function isFine({ evaluation: { results }, diagnosis: { trouble } }: ReportFindings): boolean {
  return trouble === 'none' && (isWatched(results) || lostWords(results) === '');
}

function otherTables({ tables }: Diagnosis): string {
  const others = tables.filter(({ trouble }) => trouble !== 'none').length - 1;
  return others > 0 ? `, and ${others} more in trouble` : '';
}

function isFull({ entries, limit }: Table): boolean {
  // Entries that are refused are counted for a moment, and others end meanwhile.
  return entries >= 0.99 * limit;
}

// A table that was looked at once only, as a captured one is, has no rates.
function lossWords(result: TableResult): string {
  const total = totalOf(result, 'drop');
  if (result.losses === undefined)
    return total === undefined
      ? 'drops cannot be seen'
      : `${counted(total, 'dropped') || 'nothing dropped'} since boot`;
  if (events(result, 'early_drop') === 0) return 'nothing dropped now';
  return `nothing dropped now, ${perSecond(result, 'early_drop')} entries/s evicted to make room`;
}

function growthWords({ pace, table: { entries, limit } }: TableResult): string {
  if (pace === undefined) return '';
  if (pace < 1) return 'not growing, ';
  return `growing by ${grouped(Math.round(pace))}/s, full in ${durationWords((limit - entries) / pace)} at this rate, `;
}

function perSecond(result: TableResult, name: CounterName): string {
  return grouped(Math.max(1, Math.round(events(result, name) / (result.losses?.seconds ?? 1))));
}

/** The whole text behind the verdict, at most 80 columns wide but for commands, paths and names. */
export function reportText(found: ReportFindings, palette: Palette): readonly string[] {
  const section = (title: string, lines: readonly string[]) => ['', palette.title(title), ...lines];
  const { worst } = found.diagnosis;
  const { observation } = found.evaluation;
  return [
    palette[worst.state](gauge(worst.result)),
    ...section('Where', whereLines(found, palette)),
    ...section(`Losing: ${tableWords(found, worst.result.table)}`, losingLines(found, palette)),
    ...section(`Who fills it: ${tableWords(found, found.subject)}`, whoLines(found)),
    ...section('Memory and settings', settingLines(found)),
    ...section(
      'What to do',
      adviceLines(found.advice, !isFine(found), { observation, subject: found.subject }, palette),
    ),
    ...(found.sudo.length === 0 ? [] : ['', ...wrapped(`sudo would add: ${found.sudo.join(', ')}.`)]),
  ];
}

const GAUGE = 50;

function gauge({ table: { entries, limit }, measurements: { usage } }: TableResult): string {
  if (usage.kind !== 'value') return `${grouped(entries)} entries, no limit set`;
  const filled = Math.min(GAUGE, Math.floor((GAUGE * entries) / limit));
  const bar = '#'.repeat(filled).padEnd(GAUGE, '.');
  return `[${bar}] ${percentWords(usage.value)} of ${grouped(limit)}`;
}

function whoLines(found: ReportFindings): readonly string[] {
  const { listed, evaluation } = found;
  if (listed.kind === 'list') return [...listLines(listed), ...foreignLines(found), ...elsewhereLines(found)];
  const hint =
    evaluation.observation.machine.view === 'captured'
      ? ' A list that was captured too is given with --entries FILE.'
      : '';
  return indented(`Not known: ${faultWords(listed.fault)}.${hint}`, '    ');
}

function foreignLines({ isForeign, listed, subject }: ReportFindings): readonly string[] {
  if (!isForeign || listed.kind !== 'list') return [];
  const lengths = `The list has ${grouped(listed.holdings.entries)} entries, the table ${grouped(subject.entries)}`;
  return indented(`${lengths}: it is another table's, or of another time. No advice is drawn from it.`);
}

// The list is begun before it is known which table loses, and above the limit the fullest may be another.
function elsewhereLines({ diagnosis: { worst }, subject }: ReportFindings): readonly string[] {
  const { key, pids } = worst.result.table;
  const [pid] = pids;
  if (worst.trouble === 'none' || pid === undefined || key === subject.key) return [];
  return indented(`The table in trouble is another one: report --pid ${pid} lists that.`);
}
