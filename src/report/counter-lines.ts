// The counters of the table in trouble: between the two samples, since boot, and in the kernel log.

import type { TableResult } from '../evaluate/evaluate.ts';
import { type Lost, packetsLost } from '../evaluate/losses.ts';
import { COUNTER_NAMES, type CounterName, counterSpec } from '../model/counters.ts';
import type { FullSpells } from '../model/full-log.ts';
import type { Generation } from '../model/generation.ts';
import type { Table } from '../model/table.ts';
import { COUNTER_WORDS } from '../words/counter-words.ts';
import { faultWords } from '../words/faults.ts';
import { grouped, indented } from '../words/prose.ts';
import { durationWords, foreignPath } from '../words/words.ts';
import type { Recollection } from './diagnosis/recollection.ts';
import { spellWords } from './diagnosis/spell-words.ts';
import { events } from './diagnosis/table-trouble.ts';
import type { Palette } from './palette.ts';
import type { ReportFindings } from './report-findings.ts';
import { totalOf } from './table-words.ts';

function rateOrUnknown(result: TableResult, name: CounterName): string {
  if (result.losses === undefined) return '-';
  return tenthsWords(events(result, name) / result.losses.seconds);
}

export function tenthsWords(rate: number): string {
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
