// Entries that are removed at once.

import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import { STATES } from '../list/entry.ts';
import type { Advice } from './advice.ts';
import { inNamespace, PASSING, type Place, type Step, typedStep } from './step.ts';

type Release = Extract<Advice, { kind: 'free' }>;

const COSTS: Readonly<Record<Release['cost'], string>> = {
  'half-open': 'Connections that are being set up are retried; no other connection ends.',
  ended: 'These connections have ended already; a late packet finds no entry.',
  silent:
    'Nearly all of them have been silent for long. Those that are still in use end, or, if nothing is translated and tcp_loose is 1, are picked up again with their next packet.',
  datagrams: 'A sender that goes on gets a new entry with its next packet; if it is translated, perhaps another port.',
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
  const options = [
    ...(families.ipv4 ? [families.ipv6 ? '-f ipv4 ' : ''] : []),
    ...(families.ipv6 ? ['-f ipv6 '] : []),
  ].map((family) => family + filter);
  return {
    title: `Make room at once: remove the ${name} entries${from} to port ${group.port}, at least ${percentWords((100 * entries) / of)}.`,
    ...typedStep(
      inNamespace(context),
      options.map((each) => ({ kind: 'removal', options: each })),
    ),
    notes: [
      `${grouped(entries)} entries, and those that began since. ${COSTS[cost]}`,
      'This helps once: the entries come back while their source keeps sending.',
    ],
    ...PASSING,
  };
}
