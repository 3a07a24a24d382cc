// What to do where packets are lost to clashes: the table has room, and no higher limit helps.

import type { Advice } from '../evaluate/advice.ts';
import type { NatShortage, NatUse } from '../evaluate/nat-ports.ts';
import { STATES } from '../observation/entry.ts';
import { GENERATIONS } from '../observation/generation.ts';
import { addressWords, protocolWords } from './address.ts';
import { grouped } from './prose.ts';
import type { Step } from './step.ts';

type Plain = Omit<Step, 'inNamespace' | 'files'>;

/** States in which nothing comes any more. */
const DEAD: readonly string[] = ['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT', 'CLOSE_WAIT', 'SYN_SENT'];

/** `enter` is what makes a command run in the table's namespace. */
export function natPortsStep({ shortage, timeout }: Extract<Advice, { kind: 'nat_ports' }>, enter: string): Plain {
  const key = timeout === undefined ? '' : GENERATIONS.nf_conntrack.sysctlPrefix + timeout.name;
  const shorten = timeout === undefined ? [] : [`${enter}sysctl -w ${key}=${timeout.shorter}`];
  return {
    title: shortageWords(shortage),
    commands: [freeCommand(shortage.use, enter), ...shorten],
    instead: [],
    notes: [
      `The first one frees these ports at once: ${deadState(shortage.use) === '' ? 'the connections that have them end, or must be set up again' : 'of connections that are over'}. It lasts until they are taken again.`,
      ...(timeout === undefined
        ? []
        : [`The other one gives new ones back after ${timeout.shorter} s of silence, not ${timeout.seconds}.`]),
      'What holds: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.',
      'A higher limit of entries does not help: the table has room.',
    ],
  };
}

function shortageWords({ use, range: { first, last } }: NatShortage): string {
  const of = `${grouped(use.used)} of the ${grouped(last - first + 1)} from ${first} to ${last}`;
  const where = `${protocolWords(use.protocol)} ${addressWords(use.destination, use.ipv6)} port ${use.port}`;
  return `Give NAT more ports: of ${addressWords(use.translated, use.ipv6)} ${of} are in use towards ${where}.`;
}

function freeCommand(use: NatUse, enter: string): string {
  const family = use.ipv6 ? '-f ipv6 ' : '';
  const state = deadState(use);
  const tuple = `-r ${addressWords(use.destination, use.ipv6)} -q ${addressWords(use.translated, use.ipv6)} --reply-port-src ${use.port}`;
  return `${enter}conntrack -D ${family}-p ${protocolWords(use.protocol)} ${tuple}${state} >/dev/null`;
}

function deadState({ mostly }: NatUse): string {
  const name = STATES[mostly.state] ?? '';
  return DEAD.includes(name) ? ` --state ${name}` : '';
}

export function clashStep({ isNatKnown }: Extract<Advice, { kind: 'clash' }>, enter: string): Plain {
  return {
    title: 'Find out whose packets clash: the table has room for them.',
    commands: [`${enter}conntrack -S`],
    instead: [],
    notes: [
      'It shows insert_failed and clash_resolve for each CPU.',
      isNatKnown
        ? 'No translated address that could be seen is short of ports.'
        : 'Whether NAT has run out of ports could not be seen: as root this report tells.',
      'Likely, where NAT has ports: two packets of one new flow at the same time, as of a resolver that asks for A and AAAA from one socket (options single-request-reopen in its resolv.conf); each one that is lost costs a retry.',
      'A higher limit of entries does not help.',
    ],
  };
}
