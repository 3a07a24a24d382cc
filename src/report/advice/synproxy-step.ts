// A SYN flood with forged sources, which no list of addresses ends: only connections that a client completes get an entry.

import { type Action, nftChain, nftRule, nftTable, sysctlAction } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine } from '../../words/remedies.ts';
import type { Advice } from './advice.ts';
import { shareOfNew } from './culprit-words.ts';
import { lasting, type Place, type Step, withEitherTool } from './step.ts';
import { iptablesRules, matchOf, nftMatch, targetWords } from './target.ts';

const SYN = 'tcp flags & (fin|syn|rst|ack) == syn';
const OPTIONS = 'mss 1460 wscale 7 timestamp sack-perm';
const TARGET_OPTIONS = '--sack-perm --timestamp --wscale 7 --mss 1460';

export function synproxyStep(
  { target, half, most, loose }: Extract<Advice, { kind: 'synproxy' }>,
  context: Place,
): Step {
  const hook = target.own ? 'input' : 'forward';
  // Without an entry the client's ACK has to be invalid: it must not be taken for a connection picked up midway.
  const strict: readonly Action[] = loose === 0 ? [] : [sysctlAction('nf_conntrack', 'tcp_loose', 0, loose)];
  const nft = nftTable(
    'synproxy',
    nftChain('prerouting', 'prerouting', -300),
    nftRule('prerouting', `${nftMatch(target)} ${SYN} notrack`),
    nftChain(hook, hook, 0),
    nftRule(hook, `${nftMatch(target)} ct state invalid,untracked synproxy ${OPTIONS}`),
    nftRule(hook, `${nftMatch(target)} ct state invalid drop`),
  );
  const rules = (table: string, chain: string, rest: string) => iptablesRules(target, table, chain, rest);
  // Each is inserted above the ones before it.
  const iptables = [
    ...rules('raw', 'PREROUTING', `${matchOf(target)} --syn -j CT --notrack`),
    ...rules('filter', hook.toUpperCase(), `${matchOf(target)} -m conntrack --ctstate INVALID -j DROP`),
    ...rules(
      'filter',
      hook.toUpperCase(),
      `${matchOf(target)} -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY ${TARGET_OPTIONS}`,
    ),
  ];
  return {
    title: `Let only completed connections to ${targetWords(target)} have an entry: likely a SYN flood with forged sources.`,
    ...withEitherTool(context, [...strict, nft], [...strict, ...iptables], [5, 3]),
    notes: [
      `${shareOfNew(half)} are not completed, and no source has more than ${grouped(most)} of them: a list of addresses would not end it. (Or the server is not answering genuine clients: check it first.)`,
      `SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options have to be those of the server's own SYN-ACK.${strict.length === 0 ? '' : ' Established connections without an entry are no longer picked up (tcp_loose=0).'}`,
    ],
    ...lasting(context, {
      where: `the rules that are loaded at boot${strict.length === 0 ? '' : ', and /etc/sysctl.conf'}`,
      lines: strict.length === 0 ? [] : [sysctlLine('nf_conntrack', 'tcp_loose', 0)],
    }),
  };
}
