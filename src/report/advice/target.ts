// The destination and port that a flood goes to, in words and as a match of nft(8) and iptables(8).

import type { IptablesRule } from '../../words/action.ts';
import { addressWords } from '../list/address.ts';
import { iptablesFamilies } from './step.ts';
import type { Target } from './syn-flood.ts';

function addressOf({ destination }: Target): string | undefined {
  return destination && addressWords(destination.key, destination.ipv6);
}

export function targetWords(target: Target): string {
  const address = addressOf(target);
  return address === undefined ? `port ${target.port}` : `port ${target.port} of ${address}`;
}

export function nftMatch(target: Target): string {
  const address = addressOf(target);
  const to = address === undefined ? '' : `${target.destination?.ipv6 ? 'ip6' : 'ip'} daddr ${address} `;
  return `${to}tcp dport ${target.port}`;
}

export function matchOf(target: Target): string {
  const address = addressOf(target);
  return `${address === undefined ? '' : `-d ${address} `}-p tcp --dport ${target.port}`;
}

/** One rule for each family that the target has. */
export function iptablesRules(
  { destination }: Target,
  table: string,
  chain: string,
  rule: string,
): readonly IptablesRule[] {
  const ipv6 = destination?.ipv6;
  return iptablesFamilies({ ipv4: ipv6 !== true, ipv6: ipv6 !== false }).map((family) => {
    return { kind: 'iptables rule', tool: family, table, chain, rule };
  });
}
