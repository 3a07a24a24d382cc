// A SYN flood with forged sources, which no list of addresses ends: only connections that a client completes get an entry.

import { type Action, nftChain, nftRule, nftTable, sysctlAction } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine } from '../../words/remedies.ts';
import type { Advice } from './advice.ts';
import { shareOfNew } from './culprit-words.ts';
import { lasting, type Place, type Step, withEitherTool } from './step.ts';
import { iptablesRules, matchOf, nftMatch, targetWords } from './target.ts';

type Synproxy = Extract<Advice, { kind: 'synproxy' }>;

const SYN = 'tcp flags & (fin|syn|rst|ack) == syn';
const OPTIONS = 'mss 1460 wscale 7 timestamp sack-perm';
const TARGET_OPTIONS = '--sack-perm --timestamp --wscale 7 --mss 1460';
/** Before the filter chains of others (0), which may drop what is untracked, and after their mangling. */
const PRIORITY = -10;

export function synproxyStep(advice: Synproxy, context: Place): Step {
  const { target, half, most } = advice;
  const strict = strictness(advice);
  const isStrict = strict.length === 0;
  return {
    title: `Let only completed connections to ${targetWords(target)} have an entry: likely a SYN flood with forged sources.`,
    ...withEitherTool(context, [...strict, nftRules(advice)], [...strict, ...iptables(advice)], [5, 3]),
    preconditions: [
      ...(isStrict
        ? []
        : [
            `The first command has to list every ssh session ${context.subject.isOwn ? 'of this machine' : 'that passes that namespace'}: with tcp_loose=0 one without an entry is cut off.`,
          ]),
      'No rule in prerouting may drop invalid or untracked packets, and none in output may drop the SYNs and SYN-ACKs that are sent for client and server.',
    ],
    notes: [
      `${shareOfNew(half)} are not completed, and no source has more than ${grouped(most)} of them: a list of addresses would not end it. (Or the server is not answering genuine clients: check it first.)`,
      `SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options have to be those of the server's own SYN-ACK.${isStrict ? '' : ' Established connections without an entry are no longer picked up (tcp_loose=0).'}`,
    ],
    ...lasting(context, {
      where: `the rules that are loaded at boot${isStrict ? '' : ', and /etc/sysctl.conf'}`,
      lines: isStrict ? [] : [sysctlLine('nf_conntrack', 'tcp_loose', 0)],
    }),
  };
}

// Without an entry the client's ACK has to be invalid: it must not be taken for a connection picked up midway.
function strictness({ loose, sshPorts }: Synproxy): readonly Action[] {
  if (loose === 0) return [];
  const sessions = sshPorts.map((port): Action => {
    return { kind: 'look', line: `conntrack -L -p tcp --state ESTABLISHED --dport ${port}` };
  });
  return [...sessions, sysctlAction('nf_conntrack', 'tcp_loose', 0, loose)];
}

function nftRules({ target }: Synproxy): Action {
  const hook = target.own ? 'input' : 'forward';
  return nftTable(
    'synproxy',
    nftChain('prerouting', 'prerouting', -300),
    nftRule('prerouting', `${nftMatch(target)} ${SYN} notrack`),
    nftChain(hook, hook, PRIORITY),
    nftRule(hook, `${nftMatch(target)} ct state invalid,untracked synproxy ${OPTIONS}`),
    nftRule(hook, `${nftMatch(target)} ct state invalid drop`),
  );
}

/** Each is inserted above the ones before it. */
function iptables({ target }: Synproxy): readonly Action[] {
  const chain = target.own ? 'INPUT' : 'FORWARD';
  const state = (states: string) => `${matchOf(target)} -m conntrack --ctstate ${states}`;
  return [
    ...iptablesRules(target, 'raw', 'PREROUTING', `${matchOf(target)} --syn -j CT --notrack`),
    ...iptablesRules(target, 'filter', chain, `${state('INVALID')} -j DROP`),
    ...iptablesRules(target, 'filter', chain, `${state('INVALID,UNTRACKED')} -j SYNPROXY ${TARGET_OPTIONS}`),
  ];
}
