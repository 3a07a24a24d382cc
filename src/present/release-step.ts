// Entries that are removed at once.

import type { Advice } from '../evaluate/advice.ts';
import { STATES } from '../observation/entry.ts';
import { addressWords, protocolWords } from './address.ts';
import { grouped } from './prose.ts';
import { inNamespace, type Place, type Step } from './step.ts';
import { percentWords } from './words.ts';

type Release = Extract<Advice, { kind: 'free' }>;

const COSTS: Readonly<Record<Release['cost'], string>> = {
  'half-open': 'Connections that are being made just now are tried again; no other ends.',
  ended: 'Those connections have ended already; a packet that is late finds no entry.',
  silent:
    'Nearly all of them have been silent for long. Those that still live end, or, where nothing is translated and tcp_loose is 1, are taken up again with their next packet.',
  datagrams: 'Whoever still sends gets a new entry with the next packet; where it is translated, perhaps another port.',
};

export function releaseStep({ group, source, entries, of, cost, ipv4, ipv6 }: Release, context: Place): Step {
  const state = STATES[group.state] ?? '';
  const name = [protocolWords(group.protocol), state].filter(Boolean).join(' ');
  const from = source === undefined ? '' : ` from ${addressWords(source.key, source.ipv6)}`;
  const filter = [
    `-p ${protocolWords(group.protocol)}`,
    ...(state === '' ? [] : [`--state ${state}`]),
    `--dport ${group.port}`,
    ...(source === undefined ? [] : [`-s ${addressWords(source.key, source.ipv6)}`]),
  ].join(' ');
  const families = source === undefined ? { ipv4, ipv6 } : { ipv4: !source.ipv6, ipv6: source.ipv6 };
  const line = (family: string) => `${inNamespace(context)}conntrack -D ${family}${filter} >/dev/null`;
  return {
    title: `Make room at once: remove the ${name} entries${from} to port ${group.port}, at least ${percentWords((100 * entries) / of)}.`,
    commands: [
      ...(families.ipv4 ? [line(families.ipv6 ? '-f ipv4 ' : '')] : []),
      ...(families.ipv6 ? [line('-f ipv6 ')] : []),
    ],
    instead: [],
    notes: [
      `${grouped(entries)} entries, and those that began since. ${COSTS[cost]}`,
      'It helps for once: they come again as long as whoever makes them does.',
    ],
    inNamespace: false,
    files: [],
  };
}
