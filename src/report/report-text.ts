// A report as text: the verdict and the first step, then namespaces, losses, sources and memory, and last, next to the
// prompt, all steps.

import type { TableResult } from '../evaluate/evaluate.ts';
import { faultWords } from '../words/faults.ts';
import { grouped, indented, wrapped } from '../words/prose.ts';
import { percentWords } from '../words/words.ts';
import { adviceLines, firstStepLines } from './advice/steps.ts';
import { counterLines } from './counter-lines.ts';
import { isFine, isGone, isIncidentOver } from './diagnosis/diagnosis.ts';
import { leadLines } from './diagnosis/leads/lead-words.ts';
import { addressWords } from './list/address.ts';
import { entriesWords, listLines } from './list/listing.ts';
import type { Palette } from './palette.ts';
import { recentLines } from './recent-incidents.ts';
import type { ReportFindings } from './report-findings.ts';
import { settingLines, whereLines } from './report-sections.ts';
import { tableWords } from './table-words.ts';

/** Returns the lines after the verdict, at most 80 columns wide except for commands, paths and names. */
export function reportText(findings: ReportFindings, palette: Palette, isAll = false): readonly string[] {
  const section = (title: string, lines: readonly string[]) => ['', palette.title(title), ...lines];
  const { worst } = findings.diagnosis;
  const { observation } = findings.evaluation;
  return [
    palette[worst.state](usageGauge(worst.result)),
    ...firstLines(findings, palette),
    ...section('Where', whereLines(findings, palette)),
    ...section(`Counters: ${tableWords(findings, worst.result.table)}`, counterLines(findings, palette)),
    ...section(`Who fills it: ${tableWords(findings, findings.subject)}`, [
      ...whoLines(findings),
      ...recentLines(findings.recent),
    ]),
    ...section('Memory and settings', settingLines(findings)),
    ...(findings.leads.length === 0 ? [] : section('Elsewhere', leadLines(findings, palette))),
    ...section(
      'What to do',
      adviceLines(
        findings.advice,
        nothingWords(findings),
        { observation, subject: worst.result.table },
        palette,
        isAll,
      ),
    ),
    ...(findings.sudo.length === 0 ? [] : ['', ...wrapped(`sudo would add: ${findings.sudo.join(', ')}.`)]),
  ];
}

/** Returns the first step, to print next to the verdict; empty if there is none. */
export function firstLines(findings: ReportFindings, palette: Palette): readonly string[] {
  const { observation } = findings.evaluation;
  const lines = firstStepLines(
    findings.advice,
    { observation, subject: findings.diagnosis.worst.result.table },
    palette,
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

const NOTHING_NOW = 'No advice: the current figures do not point to a fix.';
const RUN_AGAIN = 'Run this again while connections fail, or let it run: --watch.';

/** Returns the text of a report without advice. */
function nothingWords(findings: ReportFindings): string {
  if (findings.diagnosis.trouble === 'elsewhere') return 'Nothing for the table: see Elsewhere.';
  const { past, trouble } = findings.diagnosis;
  if (trouble === 'was_full' && past !== undefined) {
    if (isGone(past)) return 'Nothing: the namespace is gone, and its entries with it.';
    if (isIncidentOver(findings.diagnosis)) return 'Nothing now: it is over.';
    return `Nothing now, but it may happen again. ${RUN_AGAIN}`;
  }
  if (isFine(findings.diagnosis)) return 'Nothing here: look elsewhere.';
  const isCaptured = findings.evaluation.observation.machine.view === 'captured';
  return isCaptured ? NOTHING_NOW : `${NOTHING_NOW} ${RUN_AGAIN}`;
}

const GAUGE = 50;

function usageGauge({ table: { entries, limit }, measurements: { usage } }: TableResult): string {
  if (usage.kind !== 'value') return `${grouped(entries)} entries, no limit set`;
  const filled = Math.min(GAUGE, Math.floor((GAUGE * entries) / limit));
  const bar = '#'.repeat(filled).padEnd(GAUGE, '.');
  return `[${bar}] ${percentWords(usage.value)} of ${grouped(limit)}`;
}

function whoLines(findings: ReportFindings): readonly string[] {
  const { listed, evaluation } = findings;
  if (listed.kind === 'list')
    return [
      ...listLines(listed, findings.policies),
      ...ownerLines(findings),
      ...foreignLines(findings),
      ...elsewhereLines(findings),
    ];
  const hint =
    evaluation.observation.machine.view === 'captured'
      ? ' If a list was captured too, give it with --entries FILE.'
      : '';
  return indented(`Unknown: ${faultWords(listed.fault)}.${hint}`, '    ');
}

const MOST_OWNERS = 10;

function ownerLines(findings: ReportFindings): readonly string[] {
  return findings.owners
    .slice(0, MOST_OWNERS)
    .flatMap(({ address, ipv6, table }) =>
      indented(`${addressWords(address, ipv6)} is ${tableWords(findings, table)}.`, '    '),
    );
}

function foreignLines(findings: ReportFindings): readonly string[] {
  const { isForeign, isGiven, listed, subject } = findings;
  if (!isForeign || listed.kind !== 'list') return [];
  const lengths = `The list has ${entriesWords(listed.holdings)}, the table ${grouped(subject.entries)}`;
  const why = isGiven ? 'the list is from another table or another time' : unlistedWords(findings);
  return indented(`${lengths}: ${why}. Advice ignores this list.`);
}

const UNLISTED_ENTRIES =
  'entries that are dying or unconfirmed are not listed (conntrack -L dying and conntrack -L unconfirmed print them), nor are those that an out-of-tree module keeps';

/** A list by the kernel itself that does not match its count. */
function unlistedWords({ evaluation }: ReportFindings): string {
  return evaluation.observation.machine.view === 'captured'
    ? `the list is from another time, or ${UNLISTED_ENTRIES}`
    : UNLISTED_ENTRIES;
}

// The list is read before the losing table is known: above the limit, that may be another one than the fullest.
function elsewhereLines({ diagnosis: { worst }, subject }: ReportFindings): readonly string[] {
  const { key, pids } = worst.result.table;
  const [pid] = pids;
  if (worst.trouble === 'none' || pid === undefined || key === subject.key) return [];
  return indented(`This is not the table in trouble: report --pid ${pid} lists that one.`);
}
