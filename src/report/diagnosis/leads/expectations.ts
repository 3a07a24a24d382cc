// The table of expected connections is full. A connection that was expected and found no room is not let in by rules for
// RELATED, and not translated.

import type { Root } from '../../../kernel/root.ts';
import type { OtherFull } from '../../../model/full-log.ts';
import { GENERATIONS } from '../../../model/generation.ts';
import type { Table } from '../../../model/table.ts';
import type { Evaluated } from '../../../words/message.ts';
import { grouped } from '../../../words/prose.ts';
import { durationWords } from '../../../words/words.ts';
import { tableWords } from '../../table-words.ts';
import {
  type LeadBase,
  type LeadForm,
  logWords,
  type NetFolders,
  type Note,
  note,
  recentlyFull,
  type Surroundings,
} from './lead.ts';

export interface ExpectationLead extends LeadBase {
  readonly kind: 'expectations';
  /** The namespace whose expectations are at the limit; undefined if only the log shows it. */
  readonly table: Table | undefined;
  readonly present: number | undefined;
  readonly max: number | undefined;
  readonly logged: OtherFull | undefined;
}

interface ExpectationsSeen {
  /** Expected connections by the key of the namespace's table; without those that could not be counted. */
  readonly expectations?: ReadonlyMap<string, number>;
}

const EXPECTATIONS_LIMIT = 1 << 22;

/** `<net>/nf_conntrack_expect`, a line each, for root (exp_seq_show() of net/netfilter/nf_conntrack_expect.c). */
export function readExpectations(root: Root, folders: NetFolders): ReadonlyMap<string, number> {
  return new Map(
    folders.flatMap(([key, folder]) => {
      const count = root.read(`${folder}/nf_conntrack_expect`, EXPECTATIONS_LIMIT, (text) => ({
        ok: true,
        value: text.split('\n').length - 1,
      }));
      return count.ok ? [[key, count.value] as const] : [];
    }),
  );
}

export const EXPECTATIONS: LeadForm<ExpectationLead, ExpectationsSeen> = {
  read: ({ root, wanted, folders }) => (wanted === 'all' ? { expectations: readExpectations(root, folders) } : {}),
  judge: judgeExpectations,
  clause: expectationsClause,
  notes: expectationsNotes,
};

const NOT_READ: ReadonlyMap<string, number> = new Map();

function judgeExpectations({
  evaluation,
  log,
  seen: { expectations = NOT_READ },
}: Surroundings<ExpectationsSeen>): readonly ExpectationLead[] {
  const { machine, tables } = evaluation.observation;
  const max = machine.expectMax.ok ? machine.expectMax.value : undefined;
  const presentIn = (table: Table) => expectations.get(table.key) ?? 0;
  const [fullest = tables[0]] = tables.slice().sort((a, b) => presentIn(b) - presentIn(a));
  const present = expectations.get(fullest.key);
  const isFull = max !== undefined && max > 0 && (present ?? 0) >= max;
  const logged = recentlyFull(log, 'expectations');
  if (!isFull && logged === undefined) return [];
  const table = isFull ? fullest : undefined;
  return [{ kind: 'expectations', state: 'warning', isPast: !isFull, table, present, max, logged }];
}

function expectationsClause({ table, present, max, logged }: ExpectationLead, evaluated: Evaluated): string {
  if (table !== undefined && present !== undefined && max !== undefined)
    return `the table of expected connections of ${tableWords(evaluated, table)} is full: ${grouped(present)} of ${grouped(max)}`;
  return `the table of expected connections was full ${durationWords(logged?.ago ?? 0)} ago`;
}

// The packet that announces a connection is dropped if the expectation cannot be stored.
function expectationsNotes(
  { present, max, table, logged }: ExpectationLead,
  { evaluation }: Evaluated,
): readonly Note[] {
  const { generation } = evaluation.observation.machine;
  const name = `${GENERATIONS[generation].sysctlPrefix}expect_max`;
  const now =
    table === undefined && present !== undefined && max !== undefined
      ? ` Now at most ${grouped(present)} of ${grouped(max)}.`
      : '';
  const words = `This is a separate table: helpers (FTP, SIP, TFTP) record expected connections in it, and drop packets that announce more.${logWords(logged, 'expectation table full')}${now}`;
  if (max === undefined) return [note(words)];
  const raise = `sysctl -w ${name}=${Math.max(1, 4 * max)}`;
  return [note(words), note(`Raise ${generation}_expect_max, on the host:`, raise)];
}
