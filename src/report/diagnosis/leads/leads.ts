// What points to a loss outside of the tables: told where it is seen, never guessed. Each is a lead for whoever looks on,
// and none is mixed with a full table. What a counter or the kernel's log proves to be lost is a WARNING; how much of the
// traffic that is nobody knows here, so it is never CRITICAL. What may be as it should be is OK.

import type { Evaluation, TableResult } from '../../../evaluate/evaluate.ts';
import { compareSeverity, type State, worst } from '../../../evaluate/state.ts';
import type { FullLog, OtherFull, OtherTable } from '../../../model/full-log.ts';
import type { Machine } from '../../../model/machine.ts';
import type { Observation } from '../../../model/observation.ts';
import type {
  Allowance,
  InvalidHandling,
  NeighbourCache,
  StackCounterName,
  ZoneLimit,
} from '../../../model/other-limits.ts';
import type { Table } from '../../../model/table.ts';
import { type Diagnosis, events, RECENT_SECONDS } from '../diagnosis.ts';
import { type Between, between, riseOf, wrappedRise } from './rises.ts';

export type Lead = { readonly state: State } & (
  | {
      readonly kind: 'expectations';
      /** The namespace whose expectations are at the limit; undefined where only the log tells. */
      readonly table: Table | undefined;
      readonly present: number | undefined;
      readonly max: number | undefined;
      readonly logged: OtherFull | undefined;
    }
  /** Per second: packets that the cloud dropped. */
  | { readonly kind: 'allowance'; readonly allowance: Allowance; readonly perSecond: number }
  | { readonly kind: 'zone'; readonly zone: ZoneLimit }
  | InvalidLead
  | {
      readonly kind: 'neighbours';
      /** Undefined where only the log tells. */
      readonly cache: NeighbourCache | undefined;
      readonly perSecond: number;
      readonly logged: OtherFull | undefined;
    }
  | {
      readonly kind: StackLead;
      readonly table: Table;
      readonly counter: StackCounterName;
      readonly perSecond: number;
    }
);

/** Attempts to connect, segments, datagrams, and packets that came by the wrong interface. */
export type StackLead = 'listen' | 'backlog' | 'udp' | 'rp_filter';

export interface InvalidLead {
  readonly kind: 'invalid';
  readonly table: Table;
  readonly perSecond: number;
  /** Of all packets that came in; undefined where it is not known how many did. */
  readonly share: number | undefined;
  readonly handling: InvalidHandling;
}

/** What leads are drawn from. */
export interface Surroundings {
  readonly evaluation: Evaluation;
  /** The look that it is compared with; the same where there was one only. */
  readonly before: Observation;
  readonly log: FullLog | undefined;
  /** Of the table that `mostInvalid` names. */
  readonly handling: InvalidHandling | undefined;
}

// Strays after the end of a connection are normal everywhere: a few of them point to nothing. Above that the number is
// told, and it is left to the reader what it means: how many of a machine's packets may be strays nobody knows.
const [LEAST_INVALID, LEAST_INVALID_PER_SECOND] = [3, 1];
// Nearly every firewall drops what is invalid, as it should: that alone is no reason to warn. One in a hundred is.
const ALARMING_SHARE = 0.01;

/** The table with the most invalid packets, where they are worth telling. */
export function mostInvalid({ results, observation: { machine } }: Evaluation): TableResult | undefined {
  const packets = (result: TableResult) => invalidPackets(result, machine);
  const [most] = results.slice().sort((a, b) => packets(b) - packets(a));
  if (most?.losses === undefined) return undefined;
  const isMuch = packets(most) >= LEAST_INVALID && packets(most) / most.losses.seconds >= LEAST_INVALID_PER_SECOND;
  return isMuch ? most : undefined;
}

// ip_conntrack also counts each ICMP error about a tracked connection, which rules see as RELATED: ip_conntrack_in().
function invalidPackets(result: TableResult, { generation }: Machine): number {
  const related = generation === 'ip_conntrack' ? events(result, 'icmp_error') : 0;
  return Math.max(0, events(result, 'invalid') - related);
}

/** The gravest first, then what happens now, then what is conntrack's own or nearest to it. */
export function leadsOf(found: Surroundings): readonly Lead[] {
  const looks = between(found.before, found.evaluation.observation);
  const leads = [
    ...expectationLeads(found),
    ...allowanceLeads(found, looks),
    ...zoneLeads(found),
    ...invalidLeads(found, looks),
    ...neighbourLeads(found, looks),
    ...stackLeads(found, looks),
  ];
  return leads.sort((a, b) => compareSeverity(b.state, a.state) || Number(isPast(a)) - Number(isPast(b)));
}

/** What only the log tells of. */
function isPast(lead: Lead): boolean {
  return lead.kind === 'expectations'
    ? lead.table === undefined
    : lead.kind === 'neighbours' && lead.cache === undefined;
}

/** Leads are what is left where no table is in trouble. */
export function withLeads(diagnosis: Diagnosis, leads: readonly Lead[]): Diagnosis {
  if (diagnosis.trouble !== 'none' || leads.length === 0) return diagnosis;
  return { ...diagnosis, trouble: 'elsewhere', state: worst(leads.map((lead) => lead.state)) };
}

function recent({ log }: Surroundings, of: OtherTable): OtherFull | undefined {
  return log?.others?.find((other) => other.of === of && other.ago < RECENT_SECONDS);
}

// A connection that was expected and found no room is not let in by rules for RELATED, and not translated: a loss.
function expectationLeads(found: Surroundings): readonly Lead[] {
  const { machine, tables, elsewhere } = found.evaluation.observation;
  const max = machine.expectMax.ok ? machine.expectMax.value : undefined;
  const presentIn = (table: Table) => elsewhere?.expectations.get(table.key) ?? 0;
  const [fullest = tables[0]] = tables.slice().sort((a, b) => presentIn(b) - presentIn(a));
  const present = elsewhere?.expectations.get(fullest.key);
  const isFull = max !== undefined && max > 0 && (present ?? 0) >= max;
  const logged = recent(found, 'expectations');
  if (!isFull && logged === undefined) return [];
  return [{ kind: 'expectations', state: 'warning', table: isFull ? fullest : undefined, present, max, logged }];
}

// Above zero is normal, a rise is not.
function allowanceLeads(_found: Surroundings, looks: Between | undefined): readonly Lead[] {
  if (looks === undefined) return [];
  return looks.later.allowances.flatMap((allowance): readonly Lead[] => {
    const earlier = looks.earlier.allowances.find((other) => other.interface === allowance.interface);
    const rise = earlier === undefined ? 0 : allowance.exceeded - earlier.exceeded;
    return rise > 0 ? [{ kind: 'allowance', state: 'warning', allowance, perSecond: rise / looks.seconds }] : [];
  });
}

function zoneLeads({ evaluation: { observation } }: Surroundings): readonly Lead[] {
  const zones = observation.elsewhere?.zones ?? [];
  return zones
    .filter(({ limit, entries }) => limit > 0 && entries >= limit)
    .map((zone) => ({ kind: 'zone', state: 'warning', zone }));
}

function invalidLeads({ evaluation, handling }: Surroundings, looks: Between | undefined): readonly Lead[] {
  const most = mostInvalid(evaluation);
  if (most?.losses === undefined || handling === undefined) return [];
  const { table, losses } = most;
  const found = invalidPackets(most, evaluation.observation.machine);
  const received = looks === undefined ? 0 : riseOf(looks, table, 'InReceives');
  const share = received > 0 ? Math.min(1, found / received) : undefined;
  const dropped = (handling.rules ?? []).length > 0 && (share ?? 0) >= ALARMING_SHARE;
  const perSecond = found / losses.seconds;
  return [{ kind: 'invalid', state: dropped ? 'warning' : 'ok', table, perSecond, share, handling }];
}

function neighbourLeads(found: Surroundings, looks: Between | undefined): readonly Lead[] {
  const logged = recent(found, 'neighbours');
  const rising = (looks?.later.neighbours ?? []).flatMap((cache): readonly Lead[] => {
    const earlier = looks?.earlier.neighbours.find(({ name }) => name === cache.name);
    const rise = earlier === undefined ? 0 : wrappedRise(earlier.tableFulls, cache.tableFulls);
    const perSecond = rise / (looks?.seconds ?? 1);
    return rise > 0 ? [{ kind: 'neighbours', state: 'warning', cache, perSecond, logged }] : [];
  });
  if (rising.length > 0 || logged === undefined) return rising;
  return [{ kind: 'neighbours', state: 'warning', cache: undefined, perSecond: 0, logged }];
}

// Every full accept queue is counted as a drop too, and there are other drops.
function stackLeads({ evaluation }: Surroundings, looks: Between | undefined): readonly Lead[] {
  if (looks === undefined) return [];
  const rises = (kind: StackLead, counter: StackCounterName) =>
    evaluation.observation.tables
      .map((table) => ({ table, perSecond: riseOf(looks, table, counter) / looks.seconds }))
      .filter(({ perSecond }) => perSecond > 0)
      .sort((a, b) => b.perSecond - a.perSecond)
      .map((rise): Lead => ({ kind, state: 'warning', counter, ...rise }));
  const overflows = rises('listen', 'ListenOverflows');
  const listen = overflows.length > 0 ? overflows : rises('listen', 'ListenDrops');
  return [
    ...rises('rp_filter', 'IPReversePathFilter'),
    ...listen,
    ...rises('backlog', 'TCPBacklogDrop'),
    ...rises('udp', 'RcvbufErrors'),
  ];
}
