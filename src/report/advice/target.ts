// The destination and port that a flood goes to, in words and as a match of nft(8) and iptables(8).

import { type IptablesRule, stepName } from '../../words/action.ts';
import { addressWords } from '../list/address.ts';
import type { Holder } from '../list/ranking.ts';
import { iptablesFamilies } from './step.ts';

/** The destination of a flood of half-open connections. */
export interface FloodTarget {
  readonly destination: Pick<Holder, 'key' | 'ipv6'> | undefined;
  readonly port: number;
  /** True if it is the machine or container itself; undefined if that is unknown. */
  readonly own: boolean | undefined;
}

function addressOf({ destination }: FloodTarget): string | undefined {
  return destination && addressWords(destination.key, destination.ipv6);
}

export function targetWords(target: FloodTarget): string {
  const address = addressOf(target);
  return address === undefined ? `port ${target.port}` : `port ${target.port} of ${address}`;
}

export function nftMatch(target: FloodTarget): string {
  const address = addressOf(target);
  const to = address === undefined ? '' : `${target.destination?.ipv6 ? 'ip6' : 'ip'} daddr ${address} `;
  return `${to}tcp dport ${target.port}`;
}

export function matchOf(target: FloodTarget): string {
  const address = addressOf(target);
  return `${address === undefined ? '' : `-d ${address} `}-p tcp --dport ${target.port}`;
}

/** Names the rules of a step, which are for one target. */
export function targetStep(step: string, { destination, port }: FloodTarget): string {
  return stepName(step, ...(destination?.key ?? []), port);
}

/** One rule for each family that the target has. */
export function iptablesRules(
  step: string,
  { destination }: FloodTarget,
  table: string,
  chain: string,
  rule: string,
): readonly IptablesRule[] {
  const ipv6 = destination?.ipv6;
  return iptablesFamilies({ ipv4: ipv6 !== true, ipv6: ipv6 !== false }).map((family) => {
    return { kind: 'iptables rule', step, tool: family, table, chain, rule };
  });
}
