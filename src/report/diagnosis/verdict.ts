// The verdict of a report in one sentence: which table, what is wrong with it, how fast.

import type { Drift } from '../../evaluate/drift.ts';
import type { TableResult } from '../../evaluate/evaluate.ts';
import { NOTHING_LOST, packetsLost } from '../../evaluate/losses.ts';
import { driftWords } from '../../words/drift-words.ts';
import { grouped } from '../../words/prose.ts';
import { durationWords } from '../../words/words.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import { sizeOf } from '../list/nat-groups.ts';
import type { ReportFindings } from '../report-findings.ts';
import { tableWords, usageWords } from '../table-words.ts';
import { isFine, isGone, type PastFull } from './diagnosis.ts';
import { evictedWords, fineWords, lossesOfTable } from './fine-words.ts';
import { leadWords } from './leads/lead-words.ts';
import type { Shortage } from './nat-ports.ts';
import { causesOfLoss, loweredWords } from './spell-words.ts';
import { events, ROOM_TROUBLE, type TableDiagnosis } from './table-trouble.ts';

export function verdictText(findings: ReportFindings): string {
  const { diagnosis, evaluation } = findings;
  const { worst, trouble } = diagnosis;
  switch (trouble) {
    case 'losing':
    case 'clashing':
    case 'refusing':
    case 'full':
    case 'filling':
    case 'nat_exhausted':
      return `the table of ${tableWords(findings, worst.result.table)} ${troubleWords(worst, findings)}${loweredNote(findings)}${otherTables(findings)}`;
    case 'was_full':
      return wasFullText(findings, diagnosis.past);
    case 'was_losing':
      return [fineWords(findings), ...pastNote(findings)].join('; ');
    case 'drift':
      return [...driftText(evaluation.drift), fineWords(findings), ...pastNote(findings)].join('; ');
    case 'unread':
      return `not every table could be read; in the others, ${fineWords(findings)}`;
    case 'elsewhere':
      return [leadWords(findings), fineWords(findings), ...pastNote(findings)].join('; ');
    case 'none':
      return isFine(diagnosis) ? `conntrack is not the problem: ${fineWords(findings)}` : fineWords(findings);
  }
}

function troubleWords(diagnosed: TableDiagnosis, findings: ReportFindings): string {
  const { shortage } = findings;
  const { result, trouble, isFull, isLimitLowered } = diagnosed;
  const { table, lost } = result;
  const share = usageWords(result);
  const isNoted = findings.recollection.lowered.has(table.key);
  const lowered = isLimitLowered && !isNoted ? ' (the limit was lowered below them)' : '';
  switch (trouble) {
    case 'losing':
      return `is ${isFull ? 'full' : `${share} full`} and losing ${losingWords(result, shortage)}`;
    case 'clashing':
      return `is ${share} full and loses ${perSecondWords(result, (lost?.clash ?? 0) + (lost?.fullOrClash ?? 0))} packets/s to clashes: ${clashWords(shortage)}`;
    case 'refusing':
      return `is ${share} full and refuses ${perSecondWords(result, lost?.chain ?? 0)} packets/s because its hash chains are too long`;
    case 'nat_exhausted':
      return `is ${share} full; ${clashWords(shortage)}; ${lossesOfTable(findings, result)}`;
    case 'full':
      return `is full: ${grouped(table.entries)} of ${grouped(table.limit)}${lowered}, ${verdictLossWords(result)}`;
    default:
      return `is ${share} full, ${growthWords(result)}${verdictLossWords(result)}`;
  }
}

/** Only if the trouble is that the table has too little room. */
function loweredNote({ recollection, diagnosis: { worst } }: ReportFindings): string {
  const lowered = recollection.lowered.get(worst.result.table.key);
  return lowered !== undefined && ROOM_TROUBLE.has(worst.trouble) ? `; ${loweredWords(lowered)}` : '';
}

function clashWords(shortage: Shortage): string {
  if (shortage === 'unknown') return 'NAT finds no free port, or two packets of one new flow arrived together';
  if (shortage === 'none') return 'NAT has free ports; likely two packets of one new flow arrived together';
  const { use, range } = shortage;
  const { protocol, destination, ipv6, port, used } = use;
  const taken = `${grouped(used)} of ${grouped(sizeOf(range))} taken`;
  return `NAT has no port left towards ${protocolWords(protocol)} ${addressWords(destination, ipv6)} port ${port} (${taken})`;
}

function losingWords(result: TableResult, shortage: Shortage): string {
  const { full, clash, chain, fullOrClash } = result.lost ?? NOTHING_LOST;
  const perhaps = fullOrClash > full ? ', some of them perhaps to clashes' : '';
  const clashes = clash === 0 ? '' : `, and ${perSecondWords(result, clash)}/s to clashes`;
  const chains = chain === 0 ? '' : `, and ${perSecondWords(result, chain)}/s to long hash chains`;
  const ports = typeof shortage === 'string' ? '' : `; ${clashWords(shortage)}`;
  return `${perSecondWords(result, full + fullOrClash)} packets/s${perhaps}${clashes}${chains}${ports}`;
}

function driftText(drift: Drift | undefined): readonly string[] {
  return drift?.kind === 'below' ? [driftWords(drift)] : [];
}

/** A table that is gone is a note to what there is now. */
function wasFullText(findings: ReportFindings, past: PastFull | undefined): string {
  if (past === undefined) return 'a table was full';
  return isGone(past)
    ? `${fineWords(findings)}; ${pastWords(findings, past)}`
    : `${pastWords(findings, past)}; now ${fineWords(findings)}`;
}

function pastNote(findings: ReportFindings): readonly string[] {
  const { past } = findings.diagnosis;
  return past === undefined ? [] : [pastWords(findings, past)];
}

/** `the table of the host was full from 03:01:44 to 03:03:10 (86 s, according to the log), 5 min ago`. */
function pastWords(findings: ReportFindings, past: PastFull): string {
  const { first, last, seconds, ago, times, began } = past.spell;
  const source = past.isNamed ? 'according to the log' : 'according to the log, which does not name the table';
  const when = seconds < 1 ? `at ${last}` : `from ${first} to ${last} (${durationWords(seconds)}, ${source})`;
  const often = times > 1 ? `${times} times in the last ${durationWords(began)}, last ` : '';
  return `${pastTableWords(findings, past)} was full ${often}${when}, ${durationWords(ago)} ago`;
}

function pastTableWords({ evaluation, identities }: ReportFindings, { spell, table, number, isNamed }: PastFull) {
  if (table !== undefined) return `the table of ${tableWords({ evaluation, identities }, table)}`;
  if (!isNamed) return spell.lines === 1 ? 'a table' : 'at least one table';
  return number === undefined ? 'the table of the initial namespace' : `the table of net:[${number}], which is gone,`;
}

const MOST_OTHERS = 2;

/** The other tables in trouble, by name. */
function otherTables(findings: ReportFindings): string {
  const others = findings.diagnosis.tables.slice(1).filter(({ trouble }) => trouble !== 'none');
  const named = others.slice(0, MOST_OTHERS).map((other) => {
    return `; the table of ${tableWords(findings, other.result.table)} ${otherTroubleWords(other)}`;
  });
  const unnamed = others.length - named.length;
  return `${named.join('')}${unnamed > 0 ? `; ${unnamed} more in trouble` : ''}`;
}

function otherTroubleWords({ result, trouble }: TableDiagnosis): string {
  const packets = perSecondWords(result, packetsLost(result.lost ?? NOTHING_LOST));
  switch (trouble) {
    case 'losing':
      return `loses ${packets} packets/s`;
    case 'clashing':
      return `loses ${packets} packets/s to clashes`;
    case 'refusing':
      return `refuses ${packets} packets/s`;
    case 'full':
      return 'is full';
    default:
      return `is ${usageWords(result)} full`;
  }
}

// A table that was looked at once only, as a captured one is, has no rates.
function verdictLossWords(result: TableResult): string {
  const { losses, lostSinceBoot } = result;
  if (losses === undefined) {
    if (lostSinceBoot === undefined) return 'drops unknown';
    return `${causesOfLoss(lostSinceBoot) || 'nothing dropped'} since boot${evictedWords([result])}`;
  }
  const evicted = events(result, 'early_drop');
  return evicted === 0
    ? 'nothing dropped now'
    : `nothing dropped now, ${perSecondWords(result, evicted)} entries/s evicted to make room`;
}

function growthWords({ pace, table: { entries, limit } }: TableResult): string {
  if (pace === undefined) return '';
  if (pace < 1) return 'not growing, ';
  return `growing by ${grouped(Math.round(pace))}/s, full in ${durationWords((limit - entries) / pace)} at this rate, `;
}

function perSecondWords({ losses }: TableResult, count: number): string {
  return grouped(Math.max(1, Math.round(count / (losses?.seconds ?? 1))));
}
