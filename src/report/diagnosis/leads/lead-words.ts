// Leads as text: the first in the verdict, all of them in the report.

import { hanging } from '../../../words/prose.ts';
import type { Palette } from '../../palette.ts';
import type { ReportFindings } from '../../report-findings.ts';
import { formOf, type Lead } from './leads.ts';

const MOST_PRINTED = 8;
const INDENT = ' '.repeat(4);

/** The first lead, for the verdict. */
export function leadWords(findings: ReportFindings): string {
  const [first, ...others] = findings.leads;
  const rest = others.length === 0 ? '' : `, and ${others.length} more elsewhere`;
  return first === undefined ? '' : formOf(first).clause(first, findings) + rest;
}

export function leadLines(findings: ReportFindings, palette: Palette): readonly string[] {
  const { leads } = findings;
  const rest = leads.length > MOST_PRINTED ? [`  and ${leads.length - MOST_PRINTED} more`] : [];
  return [...leads.slice(0, MOST_PRINTED).flatMap((lead) => leadEntryLines(lead, findings, palette)), ...rest];
}

function leadEntryLines(lead: Lead, findings: ReportFindings, palette: Palette): readonly string[] {
  const { clause, notes } = formOf(lead);
  const text = sentence(clause(lead, findings));
  const [first = '', ...further] = hanging('  ', text, INDENT);
  return [
    lead.state === 'ok' ? first : palette[lead.state](first),
    ...further,
    ...notes(lead, findings).flatMap(({ words, commands }) => [
      ...hanging(INDENT, words, INDENT),
      ...commands.map((command) => `${INDENT}  ${palette.command(command)}`),
    ]),
  ];
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
