// The list of all leads. A new lead is a file next to this one, and its line in LEADS.

import type { Evaluation } from '../../../evaluate/evaluate.ts';
import { compareSeverity, worst } from '../../../evaluate/state.ts';
import { netFolder } from '../../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../../kernel/root.ts';
import type { FullLog } from '../../../model/full-log.ts';
import type { Observation } from '../../../model/observation.ts';
import type { Table } from '../../../model/table.ts';
import type { Diagnosis } from '../diagnosis.ts';
import type { Trouble } from '../table-trouble.ts';
import { ALLOWANCE } from './allowance.ts';
import { BRIDGED } from './bridged.ts';
import { DATA_PLANE } from './data-plane.ts';
import { EXPECTATIONS } from './expectations.ts';
import { INVALID } from './invalid.ts';
import type { Between, JudgedTables, LeadForm, LookPlace, Surroundings } from './lead.ts';
import { NEIGHBOURS } from './neighbours.ts';
import { BACKLOG, LISTEN, RP_FILTER, UDP } from './stack.ts';
import { STALE_DNAT } from './stale-dnat.ts';
import { ZONE } from './zone.ts';

const LEADS = {
  expectations: EXPECTATIONS,
  allowance: ALLOWANCE,
  zone: ZONE,
  invalid: INVALID,
  neighbours: NEIGHBOURS,
  rp_filter: RP_FILTER,
  listen: LISTEN,
  backlog: BACKLOG,
  udp: UDP,
  data_plane: DATA_PLANE,
  stale_dnat: STALE_DNAT,
  bridged: BRIDGED,
};
const FORMS = Object.values(LEADS);

type Leads = { readonly [Kind in keyof typeof LEADS]: ReturnType<(typeof LEADS)[Kind]['judge']>[number] };
export type Lead = Leads[keyof Leads];

/** The surroundings that each judge() wants, all in one: the compiler intersects the parameters of a union. */
type AllSurroundings = (typeof LEADS)[keyof typeof LEADS] extends { judge: (surroundings: infer All) => unknown }
  ? All
  : never;

/** Limits and counters that may lose packets while no table is full. */
export type Elsewhere = AllSurroundings['seen'];

/** Read once, after the tables are judged. */
export type LeadCauses = Omit<AllSurroundings, keyof Surroundings<unknown>>;

/** One look at a machine: its tables, and everything else that may lose packets. */
export interface Look {
  readonly observation: Observation;
  readonly elsewhere: Elsewhere;
}

/** The sources of all leads. */
export interface LeadSources extends LeadCauses {
  readonly evaluation: Evaluation;
  /** The look that `after` is compared with; the same one if there was only one. */
  readonly before: Look;
  readonly after: Look;
  readonly log: FullLog | undefined;
}

// Each costs the kernel a sum over its CPUs, some tenths of a millisecond: enough for the containers of a node, and of
// more those with the most entries.
const MOST_TABLES = 256;

export function readElsewhere(
  root: Root,
  tables: readonly [Table, ...Table[]],
  wanted: LookPlace['wanted'],
): Elsewhere {
  const folders = chosen(tables).flatMap((table) => {
    const folder = netFolder(root, table);
    return folder === undefined ? [] : [[table.key, folder] as const];
  });
  const initialFolder = tables[0].isInitial ? netFolder(root, tables[0]) : undefined;
  let seen: Elsewhere = {};
  for (const read of new Set(FORMS.flatMap((form) => form.read ?? [])))
    seen = { ...seen, ...read({ root, wanted, folders, initialFolder }) };
  return seen;
}

export function readCauses(root: Root, judged: JudgedTables): LeadCauses {
  let causes: LeadCauses = {};
  for (const form of FORMS) causes = { ...causes, ...form.readCauses?.(root, judged) };
  return causes;
}

function chosen([own, ...others]: readonly [Table, ...Table[]]): readonly Table[] {
  const fullest = others.length < MOST_TABLES ? others : others.slice().sort((a, b) => b.entries - a.entries);
  return [own, ...fullest.slice(0, MOST_TABLES - 1)];
}

/** The worst first, then those of now before those of the log, then in the order of LEADS. */
export function leadsOf({ before, after, ...sources }: LeadSources): readonly Lead[] {
  const surroundings = { ...sources, seen: after.elsewhere, between: between(before, after) };
  const leads = FORMS.flatMap((form): readonly Lead[] => form.judge(surroundings));
  return leads.sort(
    (a, b) => compareSeverity(b.state, a.state) || Number(a.isPast ?? false) - Number(b.isPast ?? false),
  );
}

function between(before: Look, after: Look): Between<Elsewhere> | undefined {
  const [then, now] = [before.observation.clock, after.observation.clock];
  if (then?.ok !== true || now?.ok !== true) return undefined;
  const seconds = now.value.uptime - then.value.uptime;
  return seconds > 0 ? { seconds, earlier: before.elsewhere, later: after.elsewhere } : undefined;
}

// Nothing is wrong with a table now.
const NOT_NOW: readonly Trouble[] = ['was_full', 'was_losing', 'drift', 'unread'];

/** Leads count only if no table is in trouble now; one that shows a loss now comes before everything that is over. */
export function withLeads(diagnosis: Diagnosis, leads: readonly Lead[]): Diagnosis {
  const { state, trouble } = diagnosis;
  const isLosing = leads.some((lead) => lead.state !== 'ok' && lead.isPast !== true);
  if (leads.length === 0 || !(trouble === 'none' || (isLosing && NOT_NOW.includes(trouble)))) return diagnosis;
  return { ...diagnosis, trouble: 'elsewhere', state: worst([state, ...leads.map((lead) => lead.state)]) };
}

type LeadWords<Kind extends keyof Leads> = Pick<LeadForm<Leads[Kind]>, 'clause' | 'notes'>;
const WORDS: { readonly [Kind in keyof Leads]: LeadWords<Kind> } = LEADS;

/** The wording of a lead of that kind. */
export function formOf<Kind extends keyof Leads>({ kind }: { readonly kind: Kind }): LeadWords<Kind> {
  return WORDS[kind];
}

/** The namespace's table; undefined if the lead is about the machine as a whole. */
export function tableOf(lead: Lead): Table | undefined {
  return 'table' in lead ? lead.table : undefined;
}
