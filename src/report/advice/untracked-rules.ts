// The rules that leave a port untracked, and those that accept its packets without a state.

import type { FilterChain } from '../../model/filter-chain.ts';
import { type Accept, type Action, type IptablesRule, nftChain, nftRule, nftTable } from '../../words/action.ts';
import { listWords } from '../../words/prose.ts';
import { protocolWords } from '../list/address.ts';
import { iptablesFamilies, isSince, type Place } from './step.ts';

export interface UntrackedPort {
  readonly protocol: number;
  readonly port: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Packets from and to this machine, packets that pass through it, or both. */
  readonly reach: 'local' | 'forwarded' | 'both';
}

const ENDS = ['dport', 'sport'] as const;

export function portWords({ protocol, port }: UntrackedPort): string {
  return `${protocolWords(protocol)} port ${port}`;
}

/** `raw_udp_53`, at most 15 characters. */
function stepOfPort({ protocol, port }: Pick<UntrackedPort, 'protocol' | 'port'>): string {
  return `raw_${protocolWords(protocol)}_${port}`;
}

/** Replies go to client ports; a packet that begins a connection is not a reply. */
export function acceptUntracked(chain: FilterChain, { protocol, port }: UntrackedPort): Accept {
  const name = protocolWords(protocol);
  const isTcp = name === 'tcp';
  const matches =
    chain.tool === 'nft'
      ? [
          `${name} dport ${port}`,
          `${name} sport ${port} ${name} dport 1024-65535${isTcp ? ' tcp flags & (fin|syn|rst|ack) != syn' : ''}`,
        ]
      : [`-p ${name} --dport ${port}`, `-p ${name} --sport ${port} --dport 1024:65535${isTcp ? ' ! --syn' : ''}`];
  return { kind: 'accept', step: stepOfPort({ protocol, port }), chain, matches };
}

const NFT_REACH = { local: 'fib daddr type local ', forwarded: 'fib daddr type != local ', both: '' } as const;
const IPTABLES_REACH = {
  local: '-m addrtype --dst-type LOCAL ',
  forwarded: '-m addrtype ! --dst-type LOCAL ',
  both: '',
} as const;

/** Packets that this machine sends pass output alone. */
function hooksOf({ reach }: UntrackedPort): readonly ('prerouting' | 'output')[] {
  return reach === 'forwarded' ? ['prerouting'] : ['prerouting', 'output'];
}

export function untracked(advice: UntrackedPort): Action {
  const { protocol, port, reach } = advice;
  return nftTable(
    stepOfPort(advice),
    ...hooksOf(advice).flatMap((hook) => [
      nftChain(hook, hook, -300),
      ...ENDS.map((end) =>
        nftRule(hook, `${hook === 'output' ? '' : NFT_REACH[reach]}${protocolWords(protocol)} ${end} ${port} notrack`),
      ),
    ]),
  );
}

export function untrackedByIptables(advice: UntrackedPort, context: Place): readonly Action[] {
  const { protocol, port, reach } = advice;
  // Since 2.6.34; before, NOTRACK is a target of its own.
  const target = isSince(context.observation.machine, 3, 0) ? 'CT --notrack' : 'NOTRACK';
  return iptablesFamilies(advice).flatMap((family) =>
    hooksOf(advice).flatMap((hook) =>
      ENDS.map((end): IptablesRule => {
        const match = `${hook === 'output' ? '' : IPTABLES_REACH[reach]}-p ${protocolWords(protocol)} --${end} ${port}`;
        return {
          kind: 'iptables rule',
          step: stepOfPort(advice),
          tool: family,
          table: 'raw',
          chain: hook.toUpperCase(),
          rule: `${match} -j ${target}`,
        };
      }),
    ),
  );
}

// ---- Accepting untracked packets ----

/** `chains`: those that drop the port's packets once they are untracked; undefined if no command accepts them. */
export function acceptingWords(advice: UntrackedPort, chains: readonly FilterChain[] | undefined): readonly string[] {
  if (chains?.length === 0) return [];
  const words =
    chains === undefined
      ? `Check first that your rules accept ${portWords(advice)} without a state, in both directions.`
      : `The first commands accept ${portWords(advice)} in ${listWords(chains.map(chainWords))}, which would drop it. They match every address and, for replies, all packets from port ${advice.port} to port 1024 and above: add a match if the service is not for everyone.`;
  return ['Untracked packets match no rule with ct state new, established or related.', words];
}

export function ownedChainWords(chains: readonly FilterChain[]): string {
  return `Only the program that owns ${listWords(chains.map(chainWords))} can add a rule there: accept the port by its own command.`;
}

function chainWords({ tool, family, table, chain }: FilterChain): string {
  return [tool === 'nft' ? '' : tool, family, table, chain].filter(Boolean).join(' ');
}
