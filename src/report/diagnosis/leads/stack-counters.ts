// Counters of a namespace's own stack, by name: a line of names, and one of figures behind the same first word.
//   <net>/netstat   TcpExt: … ListenOverflows ListenDrops … TCPBacklogDrop …    net/ipv4/proc.c, netstat_seq_show()
//   <net>/snmp      Ip: … InReceives …, Udp: … RcvbufErrors …                   the same, snmp_seq_show()
//   <net>/snmp6     Ip6InReceives  123, a line each                             net/ipv6/proc.c

import type { Root } from '../../../kernel/root.ts';
import type { StackCounterName, StackCounters } from '../../../model/other-limits.ts';

const LIMIT = 1 << 16;
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

/** `folder` is the namespace's `net`. What cannot be read is left out. */
export function readStackCounters(root: Root, folder: string): StackCounters {
  const text = (name: string): string => {
    const reading = root.read(`${folder}/${name}`, LIMIT, (all) => ({ ok: true, value: all }));
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

/** The figures of one group by their names: both move from kernel to kernel. */
export function parsePairs(text: string, group: string): ReadonlyMap<string, number> {
  const [names = [], figures = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  if (names.length !== figures.length) return new Map();
  // What both begin with is no figure.
  return new Map(
    names.flatMap((name, at) => {
      const digits = figures[at] ?? '';
      return /^\d{1,20}$/.test(digits) ? [[name, Number(digits)] as const] : [];
    }),
  );
}

/** A figure of a line of its own; 0 where it is not there. */
export function parseLine(text: string, name: string): number {
  const [, digits] = new RegExp(`^${name}[ \\t]+(\\d{1,20})[ \\t]*$`, 'm').exec(text) ?? [];
  return digits === undefined ? 0 : Number(digits);
}
