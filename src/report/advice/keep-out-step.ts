// A source or a network that fills a table is kept out. The machine itself, and where an ssh session comes from, are not:
// what sends there is looked for instead.

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

type Source = Extract<Advice, { kind: 'source' }>;
type Network = Extract<Advice, { kind: 'network' }>;

export function sourceStep(advice: Source, context: Place): Step {
  const { holder, of, own, adds, hasSsh } = advice;
  const address = addressWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}`;
  if (own || isLoopback(address))
    return {
      title: `Find the process here that sends from ${address}: ${share}.`,
      ...looked('ss -tunap', 'Lists the sockets and their processes.', context),
    };
  const title = `Find out what ${address} does: ${share}`;
  if (hasSsh === true) return { title: `${title}.`, ...lookedAt(address, context) };
  return {
    title: `${title}. To keep it out:`,
    ...keptOut('source', address, advice, context, `Cost: all connections of ${address}.`),
  };
}

export function networkStep(advice: Network, context: Place): Step {
  const { holder, of, adds, hasSsh } = advice;
  const network = networkWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}, and no single address has half of them`;
  const title = `Find out who is in ${network}: ${share}`;
  if (hasSsh === true) return { title: `${title}.`, ...lookedAt(network, context) };
  return {
    title: `${title}. To keep it out:`,
    ...keptOut('network', network, advice, context, 'Cost: the connections of every address in it.'),
  };
}

function looked(line: string, note: string, context: Place): Omit<Step, 'title'> {
  return {
    ...typedStep(inNamespace(context), [{ kind: 'look', line }]),
    notes: [note],
    ...PASSING,
  };
}

function lookedAt(from: string, context: Place): Omit<Step, 'title'> {
  const note = `An ssh session to this machine comes from ${from}: no rule against it is advised, which would cut the session off.`;
  return looked(connectionsWith(from), note, context);
}

function unknownSessions(from: string): string {
  return `The first command lists the connections of this machine with ${from}. Go on only if no ssh session is among them: not all sessions are known here.`;
}

/** Connections of this machine itself. */
function connectionsWith(from: string): string {
  const [address, ...mask] = from.split('/');
  const peer = from.includes(':') ? `'${[`[${address}]`, ...mask].join('/')}'` : from;
  return `ss -tnp state established dst ${peer}`;
}

function keptOut(
  step: 'source' | 'network',
  from: string,
  { holder: { ipv6 }, hasSsh }: Source | Network,
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
    tool: ipv6 ? 'ip6tables' : 'iptables',
    table: 'raw',
    chain: 'PREROUTING',
    rule: `-s ${from} -j DROP`,
  } as const;
  const look: readonly Action[] = hasSsh === undefined ? [{ kind: 'look', line: connectionsWith(from) }] : [];
  return {
    ...withEitherTool(context, [...look, nft, ...remove], [...look, iptables, ...remove], [3, 14]),
    ...(hasSsh === undefined ? { preconditions: [unknownSessions(from)] } : {}),
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
