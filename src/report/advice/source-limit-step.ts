// A source or a network may have so many entries, and not more.

import { nftChain, nftRule, nftSet, nftTable } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { addressWords, networkWords } from '../list/address.ts';
import type { Advice } from './advice.ts';
import { removal } from './keep-out-step.ts';
import { lastingRules, type Place, type Step, withEitherTool } from './step.ts';

interface Unit {
  readonly mask: number;
  readonly name: string;
  /** The match on that part of an address, for nft(8). */
  readonly and: string;
}

function unitOf(whole: 'source' | 'network', ipv6: boolean): Unit {
  if (whole === 'source') return { mask: ipv6 ? 128 : 32, name: 'source', and: '' };
  return ipv6
    ? { mask: 64, name: '/64 network', and: ' and ffff:ffff:ffff:ffff::' }
    : { mask: 24, name: '/24 network', and: ' and 255.255.255.0' };
}

/** After tracking, so that a packet is known to be new, and before its entry is kept. */
export function sourceLimitStep(
  { each, whole, holder }: Extract<Advice, { kind: 'source_limit' }>,
  context: Place,
): Step {
  const { key, ipv6 } = holder;
  const from = whole === 'network' ? networkWords(key, ipv6) : addressWords(key, ipv6);
  const remove = removal(from, ipv6, context);
  const { mask, name, and } = unitOf(whole, ipv6);
  const set = `${whole}s${ipv6 ? '6' : '4'}`;
  const nft = nftTable(
    'source_limit',
    nftChain('limited', 'prerouting', -150),
    nftSet(set, ipv6 ? 'ipv6_addr' : 'ipv4_addr'),
    nftRule('limited', `ct state new add @${set} { ${ipv6 ? 'ip6' : 'ip'} saddr${and} ct count over ${each} } drop`),
  );
  const iptables = {
    kind: 'iptables rule',
    tool: ipv6 ? 'ip6tables' : 'iptables',
    table: 'mangle',
    chain: 'PREROUTING',
    rule: `-m conntrack --ctstate NEW -m connlimit --connlimit-above ${each} --connlimit-mask ${mask} -j DROP`,
  } as const;
  const removed = remove.length > 0 ? `; the present entries of ${from} are removed` : '';
  return {
    title: `Or limit each ${name} to ${grouped(each)} entries.`,
    // nft(8) counts connections since 4.18.
    ...withEitherTool(context, [nft, ...remove], [iptables, ...remove], [4, 18]),
    notes: [
      `New connections of a ${name} at the limit are dropped${removed}. Cost: ${remove.length > 0 ? 'its open connections, once, and ' : ''}one lookup per new connection; clients behind one NAT address share the limit.`,
    ],
    ...lastingRules(context),
  };
}
