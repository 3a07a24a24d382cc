// An incident for a person: the verdict and the first step, then where it is, what is lost, who fills the table, what that
// costs, and last, where the eyes are, what to type.

import type { TableResult } from '../evaluate/evaluate.ts';
import { faultWords } from '../words/faults.ts';
import { grouped, indented, wrapped } from '../words/prose.ts';
import { percentWords } from '../words/words.ts';
import { adviceLines, firstStepLines } from './advice/steps.ts';
import { isFine, isGone, isIncidentOver } from './diagnosis/diagnosis.ts';
import { leadLines } from './diagnosis/leads/lead-words.ts';
import { addressWords } from './list/address.ts';
import { entriesWords, listLines } from './list/listing.ts';
import type { Palette } from './palette.ts';
import { recentLines } from './recent-incidents.ts';
import type { ReportFindings } from './report-findings.ts';
import { counterLines, settingLines, whereLines } from './report-sections.ts';
import { tableWords } from './table-words.ts';

/** The whole text behind the verdict, at most 80 columns wide but for commands, paths and names. */
export function reportText(found: ReportFindings, palette: Palette, isAll = false): readonly string[] {
  const section = (title: string, lines: readonly string[]) => ['', palette.title(title), ...lines];
  const { worst } = found.diagnosis;
  const { observation } = found.evaluation;
  return [
    palette[worst.state](usageGauge(worst.result)),
    ...firstLines(found, palette),
    ...section('Where', whereLines(found, palette)),
    ...section(`Counters: ${tableWords(found, worst.result.table)}`, counterLines(found, palette)),
    ...section(`Who fills it: ${tableWords(found, found.subject)}`, [...whoLines(found), ...recentLines(found.recent)]),
    ...section('Memory and settings', settingLines(found)),
    ...(found.leads.length === 0 ? [] : section('Elsewhere', leadLines(found, palette))),
    ...section(
      'What to do',
      adviceLines(found.advice, nothingWords(found), { observation, subject: worst.result.table }, palette, isAll),
    ),
    ...(found.sudo.length === 0 ? [] : ['', ...wrapped(`sudo would add: ${found.sudo.join(', ')}.`)]),
  ];
}

/** The first step, next to the verdict; empty if there is none. */
export function firstLines(found: ReportFindings, palette: Palette): readonly string[] {
  const { observation } = found.evaluation;
  const lines = firstStepLines(found.advice, { observation, subject: found.diagnosis.worst.result.table }, palette);
  return lines.length === 0 ? [] : ['', ...lines];
}

const NOTHING_NOW = 'No advice: the current figures do not point to a fix.';
const RUN_AGAIN = 'Run this again while connections fail, or let it run: --watch.';

/** What there is to do where no advice is given. */
function nothingWords(found: ReportFindings): string {
  if (found.diagnosis.trouble === 'elsewhere') return 'Nothing for the table: see Elsewhere.';
  const { past, trouble } = found.diagnosis;
  if (trouble === 'was_full' && past !== undefined) {
    if (isGone(past)) return 'Nothing: the namespace is gone, and its entries with it.';
    if (isIncidentOver(found.diagnosis)) return 'Nothing now: it is over.';
    return `Nothing now, but it may happen again. ${RUN_AGAIN}`;
  }
  if (isFine(found.diagnosis)) return 'Nothing here: look elsewhere.';
  const isCaptured = found.evaluation.observation.machine.view === 'captured';
  return isCaptured ? NOTHING_NOW : `${NOTHING_NOW} ${RUN_AGAIN}`;
}

const GAUGE = 50;

function usageGauge({ table: { entries, limit }, measurements: { usage } }: TableResult): string {
  if (usage.kind !== 'value') return `${grouped(entries)} entries, no limit set`;
  const filled = Math.min(GAUGE, Math.floor((GAUGE * entries) / limit));
  const bar = '#'.repeat(filled).padEnd(GAUGE, '.');
  return `[${bar}] ${percentWords(usage.value)} of ${grouped(limit)}`;
}

function whoLines(found: ReportFindings): readonly string[] {
  const { listed, evaluation } = found;
  if (listed.kind === 'list')
    return [
      ...listLines(listed, found.policies),
      ...ownerLines(found),
      ...foreignLines(found),
      ...elsewhereLines(found),
    ];
  const hint =
    evaluation.observation.machine.view === 'captured'
      ? ' If a list was captured too, give it with --entries FILE.'
      : '';
  return indented(`Unknown: ${faultWords(listed.fault)}.${hint}`, '    ');
}

const MOST_OWNERS = 10;

function ownerLines(found: ReportFindings): readonly string[] {
  return found.owners
    .slice(0, MOST_OWNERS)
    .flatMap(({ address, ipv6, table }) =>
      indented(`${addressWords(address, ipv6)} is ${tableWords(found, table)}.`, '    '),
    );
}

function foreignLines(found: ReportFindings): readonly string[] {
  const { isForeign, isGiven, listed, subject } = found;
  if (!isForeign || listed.kind !== 'list') return [];
  const lengths = `The list has ${entriesWords(listed.holdings)}, the table ${grouped(subject.entries)}`;
  const why = isGiven ? 'it is from another table or another time' : unlistedWords(found);
  return indented(`${lengths}: ${why}. It is not used for advice.`);
}

const UNLISTED =
  'entries that are dying or unconfirmed are not listed (conntrack -L dying and conntrack -L unconfirmed print them), nor are those that an out-of-tree module keeps';

/** A list by the kernel itself that does not match its count. */
function unlistedWords({ evaluation }: ReportFindings): string {
  return evaluation.observation.machine.view === 'captured' ? `it is of another time, or ${UNLISTED}` : UNLISTED;
}

// The list is begun before it is known which table loses, and above the limit the fullest may be another.
function elsewhereLines({ diagnosis: { worst }, subject }: ReportFindings): readonly string[] {
  const { key, pids } = worst.result.table;
  const [pid] = pids;
  if (worst.trouble === 'none' || pid === undefined || key === subject.key) return [];
  return indented(`This is not the table in trouble: report --pid ${pid} lists that one.`);
}
