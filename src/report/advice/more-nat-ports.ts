// NAT has no port left for a destination. A higher limit does not help.
//   When    packets are lost to clashes, and the ports of a translated address are in use towards one destination
//   Cost    a late packet of the ended connections finds no entry; a sender of datagrams may get another port
//   Undo    the timeout that was read; removed entries cannot be restored

import { type Action, sysctlAction } from '../../words/action.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine, sysctlPlaces } from '../../words/remedies.ts';
import type { NatShortage, NatUse } from '../diagnosis/nat-ports.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import { STATES } from '../list/entry.ts';
import { shorterTimeout, timeoutName } from '../list/timeouts.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { lasting, PASSING, type Place, type Step, typedStep } from './step.ts';
import { UDP } from './suspicion.ts';

/** States in which no more packets are expected. */
const DEAD: readonly string[] = ['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT', 'CLOSE_WAIT', 'SYN_SENT'];

/** A shorter timeout, if there is one, gives ports back. */
export interface NatPortsAdvice {
  readonly kind: 'nat_ports';
  readonly shortage: NatShortage;
  readonly timeout: ShorterTimeout | undefined;
  /**
   * False if the entries may be of connections in use, or are, or may be, in zones: a filter would remove what another
   * tenant has at the same addresses.
   */
  readonly removes: boolean;
}

/** A timeout, without `nf_conntrack_`, and the value to set. */
interface ShorterTimeout {
  readonly name: string;
  readonly seconds: number;
  readonly shorter: number;
}

export const natPortsRow = adviceRow(natPortsAdvice, natPortsStep);

export function natPortsAdvice({ shortage, settings, holdings }: Case): readonly NatPortsAdvice[] {
  if (typeof shortage === 'string') return [];
  const name = timeoutName(shortage.use.mostly);
  const seconds = settings.get(name);
  const shorter = seconds === undefined ? undefined : shorterTimeout(name, seconds);
  const timeout = seconds === undefined || shorter === undefined ? undefined : { name, seconds, shorter };
  return [{ kind: 'nat_ports', shortage, timeout, removes: holdings?.zoned === 0 && hasEndedFlows(shortage.use) }];
}

/** Without its entry an answered flow of datagrams may get another port, and its peer does not know that. */
function hasEndedFlows({ protocol, mostly }: NatUse): boolean {
  return protocol === UDP ? !mostly.assured : DEAD.includes(STATES[mostly.state] ?? '');
}

export function natPortsStep({ shortage, timeout, removes }: NatPortsAdvice, context: Place): Step {
  const { use } = shortage;
  const shorten =
    timeout === undefined ? [] : [sysctlAction('nf_conntrack', timeout.name, timeout.shorter, timeout.seconds)];
  return {
    title: shortageWords(shortage),
    ...typedStep(inNamespace(context), [...(removes ? [removal(use)] : []), ...shorten]),
    notes: [
      ...(removes
        ? [
            `The first command frees these ports at once: ${deadState(use) === '' ? 'a sender that continues gets another port with its next packet' : `those of connections in state${deadState(use).replace(' --state', '')}`}. It lasts until they are taken again.`,
          ]
        : []),
      ...(timeout === undefined
        ? []
        : [
            `${removes ? 'The second command' : 'The command'} frees the ports of new connections after ${timeout.shorter} s without a packet, instead of ${timeout.seconds}.`,
          ]),
      'A permanent fix: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.',
      'A higher limit of entries gives NAT no more ports.',
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
