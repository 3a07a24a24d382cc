// NAT has no port left for a destination: the table has room, and no higher limit helps.

import { type Action, sysctlAction } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine, sysctlPlaces } from '../../words/remedies.ts';
import type { NatShortage, NatUse } from '../diagnosis/nat-ports.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import { STATES } from '../list/entry.ts';
import type { Advice } from './advice.ts';
import { inNamespace, lasting, PASSING, type Place, type Step, typedStep } from './step.ts';

/** States in which no packet is expected any more. */
const DEAD: readonly string[] = ['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT', 'CLOSE_WAIT', 'SYN_SENT'];

export function natPortsStep({ shortage, timeout }: Extract<Advice, { kind: 'nat_ports' }>, context: Place): Step {
  const { use } = shortage;
  const shorten =
    timeout === undefined ? [] : [sysctlAction('nf_conntrack', timeout.name, timeout.shorter, timeout.seconds)];
  return {
    title: shortageWords(shortage),
    ...typedStep(inNamespace(context), [removal(use), ...shorten]),
    notes: [
      `The first command frees these ports at once: ${deadState(use) === '' ? 'the connections that have them end, or must be set up again' : 'those of connections that have ended'}. It lasts until they are taken again.`,
      ...(timeout === undefined
        ? []
        : [`The other one gives new ones back after ${timeout.shorter} s of silence, not ${timeout.seconds}.`]),
      'A lasting fix: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.',
      'A higher limit of entries does not help: the table has room.',
    ],
    ...(timeout === undefined
      ? PASSING
      : lasting(context, {
          where: sysctlPlaces({ generation: 'nf_conntrack' }),
          lines: [sysctlLine('nf_conntrack', timeout.name, timeout.shorter)],
        })),
  };
}

function shortageWords({ use, range: { first, last } }: NatShortage): string {
  const of = `${grouped(use.used)} of the ${grouped(last - first + 1)} from ${first} to ${last}`;
  const where = `${protocolWords(use.protocol)} ${addressWords(use.destination, use.ipv6)} port ${use.port}`;
  return `Give NAT more ports: of ${addressWords(use.translated, use.ipv6)} ${of} are in use towards ${where}.`;
}

function removal(use: NatUse): Action {
  const family = use.ipv6 ? '-f ipv6 ' : '';
  const tuple = `-r ${addressWords(use.destination, use.ipv6)} -q ${addressWords(use.translated, use.ipv6)} --reply-port-src ${use.port}`;
  return { kind: 'removal', options: `${family}-p ${protocolWords(use.protocol)} ${tuple}${deadState(use)}` };
}

function deadState({ mostly }: NatUse): string {
  const name = STATES[mostly.state] ?? '';
  return DEAD.includes(name) ? ` --state ${name}` : '';
}
