// What points to a loss outside of the tables, for a person: what is seen, what it means, and what to type to find out
// more, or to end it.

import type { Table } from '../../../model/table.ts';
import { hanging } from '../../../words/prose.ts';
import type { Palette } from '../../palette.ts';
import { type ReportFindings, tableWords } from '../../report-findings.ts';
import { invalidClause, invalidNotes } from './invalid-lead.ts';
import type { Note } from './lead-note.ts';
import type { Lead } from './leads.ts';
import {
  allowanceClause,
  allowanceNotes,
  expectationClause,
  expectationNotes,
  neighbourClause,
  neighbourNotes,
  zoneClause,
  zoneNotes,
} from './limit-leads.ts';
import { stackClause, stackNotes } from './stack-leads.ts';

const MOST_TOLD = 8;
const INDENT = ' '.repeat(4);

/** The first lead, for the verdict. */
export function leadWords(found: ReportFindings): string {
  const [first, ...others] = found.leads;
  const more = others.length === 0 ? '' : `, and ${others.length} more elsewhere`;
  return first === undefined ? '' : clauseOf(first, found) + more;
}

export function leadLines(found: ReportFindings, palette: Palette): readonly string[] {
  const { leads } = found;
  const more = leads.length > MOST_TOLD ? [`  and ${leads.length - MOST_TOLD} more`] : [];
  return [...leads.slice(0, MOST_TOLD).flatMap((lead) => oneLead(lead, found, palette)), ...more];
}

function oneLead(lead: Lead, found: ReportFindings, palette: Palette): readonly string[] {
  const text = sentence(clauseOf(lead, found));
  const [first = '', ...further] = hanging('  ', text, INDENT);
  return [
    lead.state === 'ok' ? first : palette[lead.state](first),
    ...further,
    ...notesOf(lead, found).flatMap(({ words, commands }) => [
      ...hanging(INDENT, words, INDENT),
      ...commands.map((command) => `${INDENT}  ${palette.command(command)}`),
    ]),
  ];
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}

export function clauseOf(lead: Lead, found: ReportFindings): string {
  switch (lead.kind) {
    case 'expectations':
      return expectationClause(lead, found);
    case 'allowance':
      return allowanceClause(lead);
    case 'zone':
      return zoneClause(lead);
    case 'invalid':
      return invalidClause(lead, found);
    case 'neighbours':
      return neighbourClause(lead);
    default:
      return stackClause(lead, tableWords(found, lead.table));
  }
}

export function notesOf(lead: Lead, found: ReportFindings): readonly Note[] {
  switch (lead.kind) {
    case 'expectations':
      return expectationNotes(lead, found);
    case 'allowance':
      return allowanceNotes(lead);
    case 'zone':
      return zoneNotes(lead);
    case 'invalid':
      return invalidNotes(lead, found);
    case 'neighbours':
      return neighbourNotes(lead);
    default:
      return stackNotes(lead);
  }
}

/** Whose it is; undefined for the machine as a whole. */
export function tableOf(lead: Lead): Table | undefined {
  return 'table' in lead ? lead.table : undefined;
}
