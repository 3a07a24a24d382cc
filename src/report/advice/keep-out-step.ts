// A source or a network that fills a table is kept out. A source that is the machine itself is looked for instead.

import { type Action, nftChain, nftRule, nftTable } from '../../words/action.ts';
import { percentWords } from '../../words/words.ts';
import { addressWords, networkWords } from '../list/address.ts';
import type { Advice } from './advice.ts';
import { addsWords } from './culprit-words.ts';
import {
  inNamespace,
  isSince,
  lastingRules,
  PASSING,
  type Place,
  type Step,
  typedStep,
  withEitherTool,
} from './step.ts';

export function sourceStep({ holder, of, own, adds }: Extract<Advice, { kind: 'source' }>, context: Place): Step {
  const address = addressWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}`;
  if (own || isLoopback(address))
    return {
      title: `Find the process here that sends from ${address}: ${share}.`,
      ...typedStep(inNamespace(context), [{ kind: 'look', line: 'ss -tunap' }]),
      notes: ['Lists the sockets and their processes.'],
      ...PASSING,
    };
  return {
    title: `Find out what ${address} does: ${share}. To keep it out:`,
    ...keptOut('source', address, holder.ipv6, context, `Cost: all connections of ${address}.`),
  };
}

export function networkStep({ holder, of, adds }: Extract<Advice, { kind: 'network' }>, context: Place): Step {
  const network = networkWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}, and no single address has half of them`;
  return {
    title: `Find out who is in ${network}: ${share}. To keep it out:`,
    ...keptOut('network', network, holder.ipv6, context, 'Cost: the connections of every address in it.'),
  };
}

function keptOut(
  step: 'source' | 'network',
  from: string,
  ipv6: boolean,
  context: Place,
  cost: string,
): Omit<Step, 'title'> {
  const remove = removal(from, ipv6, context);
  const nft = nftTable(
    step,
    nftChain('prerouting', 'prerouting', -300),
    nftRule('prerouting', `${ipv6 ? 'ip6' : 'ip'} saddr ${from} drop`),
  );
  const iptables = {
    kind: 'iptables rule',
    family: ipv6 ? 'ip6tables' : 'iptables',
    table: 'raw',
    chain: 'PREROUTING',
    rule: `-s ${from} -j DROP`,
  } as const;
  return {
    ...withEitherTool(context, [nft, ...remove], [iptables, ...remove], [3, 14]),
    notes: [`Its packets are dropped before they are tracked${removalWords(remove)} ${cost}`],
    ...lastingRules(context),
  };
}

/** conntrack(8) takes networks since 1.4.4, which kernels before 3.10 do not come with. */
export function removal(from: string, ipv6: boolean, context: Place): readonly Action[] {
  if (from.includes('/') && !isSince(context.observation.machine, 3, 10)) return [];
  return [{ kind: 'removal', options: `${ipv6 ? '-f ipv6 ' : ''}-s ${from}` }];
}

function removalWords(remove: readonly Action[]): string {
  return remove.length > 0 ? ', and its entries are removed.' : '; its entries stay until they time out.';
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
