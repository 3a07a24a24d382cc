// The list of all leads. A new lead is a file next to this one, its line in LEADS, and its type in Lead; one that reads
// something also has a line in readElsewhere().

import type { Evaluation } from '../../../evaluate/evaluate.ts';
import { compareSeverity, worst } from '../../../evaluate/state.ts';
import { netFolder } from '../../../kernel/namespaces/nsenter.ts';
import type { Root } from '../../../kernel/root.ts';
import type { FullLog } from '../../../model/full-log.ts';
import type { Observation } from '../../../model/observation.ts';
import type { Table } from '../../../model/table.ts';
import type { Diagnosis } from '../diagnosis.ts';
import type { Trouble } from '../table-trouble.ts';
import { ALLOWANCE, type AllowanceLead, type AllowancesSeen, readAllowances } from './allowance.ts';
import { BRIDGED, type BridgedLead, type BridgedSeen } from './bridged.ts';
import { DATA_PLANE, type DataPlaneLead, type DataPlanesSeen, readDataPlanes } from './data-plane.ts';
import { EXPECTATIONS, type ExpectationLead, type ExpectationsSeen, readExpectations } from './expectations.ts';
import { INVALID, type InvalidHandling, type InvalidLead } from './invalid.ts';
import type { Between, LeadForm, Surroundings } from './lead.ts';
import { NEIGHBOURS, type NeighbourLead, type NeighboursSeen, readNeighbourCaches } from './neighbours.ts';
import { BACKLOG, LISTEN, RP_FILTER, readStacks, type StackRise, type StacksSeen, UDP } from './stack.ts';
import { STALE_DNAT, type StaleDnatLead, type StaleTarget } from './stale-dnat.ts';
import { readZoneLimits, ZONE, type ZoneLead, type ZonesSeen } from './zone.ts';

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

export type Lead =
  | ExpectationLead
  | AllowanceLead
  | ZoneLead
  | InvalidLead
  | NeighbourLead
  | StackRise
  | DataPlaneLead
  | StaleDnatLead
  | BridgedLead;

/** Limits and counters that may lose packets while no table is full. */
export type Elsewhere = StacksSeen & NeighboursSeen & AllowancesSeen & ZonesSeen & ExpectationsSeen & DataPlanesSeen;

/** One look at a machine: its tables, and everything else that may lose packets. */
export interface Look {
  readonly observation: Observation;
  readonly elsewhere: Elsewhere;
}

/** The sources of all leads. */
export interface LeadSources {
  readonly evaluation: Evaluation;
  /** The look that `after` is compared with; the same one if there was only one. */
  readonly before: Look;
  readonly after: Look;
  readonly log: FullLog | undefined;
  /** For the table that `mostInvalid` names. */
  readonly handling: InvalidHandling | undefined;
  /** Found in the list. */
  readonly stale: readonly StaleTarget[];
  readonly bridged: BridgedSeen | undefined;
}

// Each costs the kernel a sum over its CPUs, some tenths of a millisecond: enough for the containers of a node, and of
// more those with the most entries.
const MOST_TABLES = 256;

/** Cannot fail: everything that cannot be read is left out. `counters` is only what a later look is compared with. */
export function readElsewhere(root: Root, tables: readonly [Table, ...Table[]], wanted: 'counters' | 'all'): Elsewhere {
  const folders = chosen(tables).flatMap((table) => {
    const folder = netFolder(root, table);
    return folder === undefined ? [] : [[table.key, folder] as const];
  });
  // A tree gives a single look, in which nothing rises.
  const isLive = root.view !== 'captured';
  const own = netFolder(root, tables[0]);
  return {
    stacks: readStacks(root, isLive ? folders : []),
    neighbours: isLive && own !== undefined && tables[0].isInitial ? readNeighbourCaches(root, own) : [],
    allowances: readAllowances(root),
    zones: wanted === 'all' ? readZoneLimits(root) : [],
    dataPlanes: wanted === 'all' ? readDataPlanes(root) : [],
    expectations: readExpectations(root, wanted === 'all' ? folders : []),
  };
}

function chosen([own, ...others]: readonly [Table, ...Table[]]): readonly Table[] {
  const fullest = others.length < MOST_TABLES ? others : others.slice().sort((a, b) => b.entries - a.entries);
  return [own, ...fullest.slice(0, MOST_TABLES - 1)];
}

/** The worst first, then those of now before those of the log, then in the order of LEADS. */
export function leadsOf({ before, after, ...sources }: LeadSources): readonly Lead[] {
  const found = { ...sources, seen: after.elsewhere, between: between(before, after) };
  const leads = Object.values(LEADS).flatMap((form): readonly Lead[] => form.judge(found));
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

type JudgedLook = Surroundings<Elsewhere> & Omit<LeadSources, 'before' | 'after'>;

type Leads = { readonly [Kind in keyof typeof LEADS]: ReturnType<(typeof LEADS)[Kind]['judge']>[number] };
const FORMS: { readonly [Kind in keyof Leads]: LeadForm<Leads[Kind], JudgedLook> } = LEADS;

/** The wording of a lead of that kind. */
export function formOf<Kind extends keyof Leads>({ kind }: { readonly kind: Kind }): LeadForm<Leads[Kind], JudgedLook> {
  return FORMS[kind];
}

/** The namespace's table; undefined if the lead is about the machine as a whole. */
export function tableOf(lead: Lead): Table | undefined {
  return 'table' in lead ? lead.table : undefined;
}
