// Usage and losses in the verdict, if nothing is wrong now.

import type { TableResult } from '../../evaluate/evaluate.ts';
import { NOTHING_LOST } from '../../evaluate/losses.ts';
import type { LossSpell } from '../../evaluate/past-losses.ts';
import { grouped } from '../../words/prose.ts';
import { durationWords } from '../../words/words.ts';
import type { ReportFindings } from '../report-findings.ts';
import { tableWords, totalOf, usageWords } from '../table-words.ts';
import { type Diagnosis, RECENT_SECONDS, recentLosses, watchedOf } from './diagnosis.ts';
import { causesOfLoss, spellWords } from './spell-words.ts';

/** Usage and losses if nothing is wrong now. */
export function fineWords(findings: ReportFindings): string {
  const { diagnosis, evaluation } = findings;
  const { sinceBoot, past, worst } = diagnosis;
  const used = usageWords(worst.result);
  const lost = causesOfLoss(sinceBoot.lost);
  if (lost === '' && !sinceBoot.isWhole) return `${used} used, drops unknown`;
  const evicted = evictedWords(evaluation.results);
  if (lost !== '') return `${used} used, ${lossesInWords(findings, lost)}${evicted}`;
  // The namespace that lost something is gone, and its counters with it.
  const where = past !== undefined && past.table === undefined ? ' in the tables that could be read' : '';
  return `${used} used, nothing dropped since boot${where}${evicted}`;
}

/** The same of one table. */
export function lossesOfTable(findings: ReportFindings, result: TableResult): string {
  const { diagnosis, recollection } = findings;
  const recent = recentLosses([result], recollection.pasts);
  const alone = { ...diagnosis, recent, watched: watchedOf([result]), past: undefined };
  return lossesInWords({ ...findings, diagnosis: alone }, causesOfLoss(result.lostSinceBoot ?? NOTHING_LOST));
}

/** Entries that had to make room since boot, in all tables. */
export function evictedWords(results: readonly TableResult[]): string {
  const evicted = results.reduce((sum, result) => sum + (totalOf(result, 'early_drop') ?? 0), 0);
  return evicted === 0 ? '' : `; ${grouped(evicted)} evicted to make room since boot`;
}

/** The losses, when they were, and if packets are being lost now. */
function lossesInWords(findings: ReportFindings, sinceBoot: string): string {
  const { recent, watched, past } = findings.diagnosis;
  const now = NOW_WORDS[watched];
  const unknown = watched === 'none' || past !== undefined ? '' : ', recent losses unknown';
  switch (recent.kind) {
    case 'lost': {
      const { spell, table } = recent;
      const isMany = findings.evaluation.results.length > 1 && findings.diagnosis.trouble !== 'nat_exhausted';
      const where = isMany ? ` in the table of ${tableWords(findings, table)}` : '';
      return `${spellWords(spell)}${where}; ${now}${mayBeRecent(spell) ? unknown : ''}`;
    }
    case 'none':
      return `${sinceBoot} since boot, nothing in the last ${durationWords(recent.seconds)}`;
    case 'unknown':
      return `${sinceBoot} since boot; ${now}${unknown}`;
  }
}

function mayBeRecent({ to, within }: LossSpell): boolean {
  return to < RECENT_SECONDS && within >= RECENT_SECONDS;
}

const NOW_WORDS: Readonly<Record<Diagnosis['watched'], string>> = {
  all: 'nothing now',
  some: 'nothing now, as far as the counters show',
  none: 'a single sample cannot show whether packets are being lost now',
};
