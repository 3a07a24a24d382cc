// Packets that a namespace's own stack loses, at its sockets and at the reverse path filter: four leads, because they
// share a reader. A line of names, and one of figures after the same first word.
//   <net>/netstat   TcpExt: … ListenOverflows ListenDrops … TCPBacklogDrop …    net/ipv4/proc.c, netstat_seq_show()
//   <net>/snmp      Ip: … InReceives …, Udp: … RcvbufErrors …                   the same, snmp_seq_show()
//   <net>/snmp6     Ip6InReceives  123, a line each                             net/ipv6/proc.c

import type { Root } from '../../../kernel/root.ts';
import type { Table } from '../../../model/table.ts';
import { inNamespace } from '../../../words/in-namespace.ts';
import { tableWords } from '../../table-words.ts';
import { type Between, type LeadBase, type LeadForm, type LookPlace, note, rate, type Surroundings } from './lead.ts';

/** Attempts to connect, segments, datagrams, and packets that came by the wrong interface. */
export type StackLead = 'listen' | 'backlog' | 'udp' | 'rp_filter';

export interface StackRise extends LeadBase {
  readonly kind: StackLead;
  readonly table: Table;
  /** The one that rises. */
  readonly counter: StackCounterName;
  readonly perSecond: number;
}

export interface StacksSeen {
  /** By the key of the namespace's table; of a bounded number of them. */
  readonly stacks?: ReadonlyMap<string, StackCounters>;
}

/** A counter that could not be read has no key. `InReceives` (packets) and `RcvbufErrors` (UDP) are of both families. */
export type StackCounters = Readonly<Partial<Record<StackCounterName, number>>>;
type StackCounterName =
  | 'ListenOverflows'
  | 'ListenDrops'
  | 'TCPBacklogDrop'
  | 'RcvbufErrors'
  | 'IPReversePathFilter'
  | 'InReceives';

const STACK_LIMIT = 1 << 16;
const EXTENDED: readonly StackCounterName[] = [
  'ListenOverflows',
  'ListenDrops',
  'TCPBacklogDrop',
  'IPReversePathFilter',
];
// A kernel without IPv6 has no file of it.
const OF_BOTH = [
  ['InReceives', 'Ip', 'Ip6InReceives'],
  ['RcvbufErrors', 'Udp', 'Udp6RcvbufErrors'],
] as const;

export function readStacks({ root, folders }: Pick<LookPlace, 'root' | 'folders'>): StacksSeen {
  // A tree gives a single look, in which nothing rises.
  if (root.view === 'captured') return {};
  return { stacks: new Map(folders.map(([key, folder]) => [key, readStackCounters(root, folder)] as const)) };
}

/** `folder` is the namespace's `net`. */
export function readStackCounters(root: Root, folder: string): StackCounters {
  const text = (name: string): string => {
    const reading = root.read(`${folder}/${name}`, STACK_LIMIT, (all) => ({ ok: true, value: all }));
    return reading.ok ? reading.value : '';
  };
  const extended = parsePairs(text('netstat'), 'TcpExt');
  const counters: Partial<Record<StackCounterName, number>> = {};
  for (const name of EXTENDED) {
    const value = extended.get(name);
    if (value !== undefined) counters[name] = value;
  }
  const [four, six] = [text('snmp'), text('snmp6')];
  for (const [name, group, sixth] of OF_BOTH) {
    const value = parsePairs(four, group).get(name);
    if (value !== undefined) counters[name] = value + parseLine(six, sixth);
  }
  return counters;
}

/** The figures of one group by name: kernels differ in names and order. */
export function parsePairs(text: string, group: string): ReadonlyMap<string, number> {
  const [names = [], figures = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  if (names.length !== figures.length) return new Map();
  // The first word of both is the name of the group, not a figure.
  return new Map(
    names.flatMap((name, at) => {
      const digits = figures[at] ?? '';
      return /^\d{1,20}$/.test(digits) ? [[name, Number(digits)] as const] : [];
    }),
  );
}

/** A figure on a line of its own; 0 if it is missing. */
export function parseLine(text: string, name: string): number {
  const [, digits] = new RegExp(`^${name}[ \\t]+(\\d{1,20})[ \\t]*$`, 'm').exec(text) ?? [];
  return digits === undefined ? 0 : Number(digits);
}

/** 0 if it is unknown, or started again from zero. */
export function riseOf({ earlier, later }: Between<StacksSeen>, { key }: Table, name: StackCounterName): number {
  const [then, now] = [earlier.stacks?.get(key)?.[name], later.stacks?.get(key)?.[name]];
  return then === undefined || now === undefined ? 0 : Math.max(0, now - then);
}

interface Symptom {
  /** The first that rises counts. */
  readonly counters: readonly StackCounterName[];
  readonly clause: (where: string, figure: string, counter: StackCounterName) => string;
  readonly why: string;
  readonly command: string;
}

function stackForm(kind: StackLead, { counters, clause, why, command }: Symptom): LeadForm<StackRise, StacksSeen> {
  return {
    read: readStacks,
    judge: (surroundings) =>
      counters.map((counter) => risesOf(surroundings, kind, counter)).find((rises) => rises.length > 0) ?? [],
    clause: ({ table, counter, perSecond }, evaluated) =>
      clause(tableWords(evaluated, table), rate(perSecond), counter),
    notes: ({ table, counter }) => [note(`${counter} rises: ${why}`, inNamespace({ subject: table }) + command)],
  };
}

function risesOf(
  { evaluation, between }: Surroundings<StacksSeen>,
  kind: StackLead,
  counter: StackCounterName,
): readonly StackRise[] {
  if (between === undefined) return [];
  return evaluation.observation.tables
    .map((table) => ({ table, perSecond: riseOf(between, table, counter) / between.seconds }))
    .filter(({ perSecond }) => perSecond > 0)
    .sort((a, b) => b.perSecond - a.perSecond)
    .map((rise) => ({ kind, state: 'warning', counter, ...rise }));
}

const SLOW = 'a program is too slow, or its queue too short. If Recv-Q';

export const RP_FILTER = stackForm('rp_filter', {
  counters: ['IPReversePathFilter'],
  clause: (where, figure) => `the reverse path filter of ${where} drops ${figure} packets/s`,
  why: "they arrived on an interface that replies would not leave by (asymmetric routing). 1 is strict, 2 accepts any interface with a route back; the larger of all and the interface's value counts:",
  command: "sysctl -ar 'ipv4.*[.]rp_filter'",
});

// A full accept queue is counted under both names, and there are other drops.
export const LISTEN = stackForm('listen', {
  counters: ['ListenOverflows', 'ListenDrops'],
  clause: (where, figure, counter) =>
    `listening sockets of ${where} turn away ${figure} connection attempts/s${counter === 'ListenOverflows' ? ': too many wait to be accepted' : ''}`,
  why: `${SLOW} has reached Send-Q (at most net.core.somaxconn):`,
  command: 'ss -ltnp',
});

export const BACKLOG = stackForm('backlog', {
  counters: ['TCPBacklogDrop'],
  clause: (where, figure) => `sockets of ${where} drop ${figure} TCP segments/s: too many wait to be read`,
  why: `${SLOW} is long:`,
  command: 'ss -tnp',
});

export const UDP = stackForm('udp', {
  counters: ['RcvbufErrors'],
  clause: (where, figure) => `sockets of ${where} drop ${figure} datagrams/s: too many wait to be read`,
  why: `${SLOW} is long:`,
  command: 'ss -uanp',
});
