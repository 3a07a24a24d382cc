// A SYN flood with forged sources, which no list of addresses ends: only connections that a client completes get an
// entry.
//   When    since Linux 3.12, not for a port of ssh, not with zones, and only if tcp_loose could be read and the SYNs are
//           known to go to this machine, or through it with their replies
//   Cost    connections that lost their entry are not picked up again
//   Undo    a table of its own, and tcp_loose as it was read

import { atLeast } from '../../evaluate/kernel-version.ts';
import { type Action, nftChain, nftRule, nftTable, sysctlAction } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine } from '../../words/remedies.ts';
import type { Holdings } from '../list/holders.ts';
import { lasting, type Place, type Step, withEitherTool } from './step.ts';
import { type Suspicion, shareOfNew } from './suspicion.ts';
import type { SynFlood } from './syn-flood.ts';
import { type FloodTarget, iptablesRules, matchOf, nftMatch, targetStep, targetWords } from './target.ts';

export interface SynproxyAdvice extends SynFlood {
  readonly kind: 'synproxy';
  /** nf_conntrack_tcp_loose as it was read. */
  readonly loose: number;
  /** Known ports of ssh, whose sessions have to have entries. */
  readonly sshPorts: readonly number[];
  /** True if an ssh session comes from an IPv6 address: older conntrack(8) lists IPv4 alone without -f. */
  readonly hasIpv6Ssh: boolean;
}

// If a zone is set, the SYNs are tracked whatever a rule says. It needs tcp_loose=0, with which a session that lost its
// entry is cut off: never for the port of the sessions themselves.
export function synproxyAdvice(
  { machine: { release }, loose, ssh }: Suspicion,
  { zoned }: Holdings,
  flood: SynFlood,
): readonly SynproxyAdvice[] {
  const isPossible = zoned === 0 && release.ok && atLeast(release.value, 3, 12);
  const isPlaced = flood.target.destination === undefined || flood.target.own !== undefined;
  if (!isPossible || !isPlaced || loose === undefined || flood.isSsh || !flood.isAnswered) return [];
  const hasIpv6Ssh = Array.from(ssh.clients).some((client) => client.includes(','));
  return [{ kind: 'synproxy', ...flood, loose, sshPorts: Array.from(ssh.listening), hasIpv6Ssh }];
}

const SYN = 'tcp flags & (fin|syn|rst|ack) == syn';
const OPTIONS = 'mss 1460 wscale 7 timestamp sack-perm';
const TARGET_OPTIONS = '--sack-perm --timestamp --wscale 7 --mss 1460';
/** Before the filter chains of others (0), which may drop what is untracked, and after their mangling. */
const PRIORITY = -10;

export function synproxyStep(advice: SynproxyAdvice, context: Place): Step {
  const { target, half, most } = advice;
  const strict = strictness(advice);
  const isStrict = strict.length === 0;
  return {
    title: `Give entries only to completed connections to ${targetWords(target)}: likely a SYN flood with forged sources.`,
    ...withEitherTool(context, [...strict, nftRules(advice)], [...strict, ...iptables(advice)], [5, 3]),
    preconditions: [
      ...(isStrict ? [] : [sessionWords(advice, context)]),
      'No rule in prerouting may drop invalid or untracked packets, and none in output may drop the SYNs and SYN-ACKs that are sent for client and server.',
    ],
    notes: [
      `${shareOfNew(half)} are not completed, and no source has more than ${grouped(most)} of them: blocking addresses would not end it. (Or the server is not answering genuine clients: check it first.)`,
      `SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options must be those of the server's own SYN-ACK.${isStrict ? '' : ' Established connections without an entry are no longer picked up (tcp_loose=0).'}`,
    ],
    ...lasting(context, {
      where: `the rules loaded at boot${isStrict ? '' : ', and /etc/sysctl.conf'}`,
      lines: isStrict ? [] : [sysctlLine('nf_conntrack', 'tcp_loose', 0)],
    }),
  };
}

function sessionWords({ sshPorts }: SynproxyAdvice, { subject }: Place): string {
  const passing = subject.isOwn ? 'of this machine' : 'that passes that namespace';
  const ssh = sshPorts.length === 0 ? '' : `The conntrack -L commands must list every ssh session ${passing}. `;
  return `${ssh}Every ${ssh === '' ? '' : 'other '}TCP session ${passing} that you need (${ssh === '' ? 'ssh, ' : ''}VPN, kubectl exec) must have an entry in conntrack -L -p tcp: with tcp_loose=0 one without an entry is cut off.`;
}

// Without an entry the client's ACK has to be invalid: it must not be taken for a connection picked up midway.
function strictness({ loose, sshPorts, hasIpv6Ssh }: SynproxyAdvice): readonly Action[] {
  if (loose === 0) return [];
  const families = hasIpv6Ssh ? ['', '-f ipv6 '] : [''];
  const sessions = sshPorts.flatMap((port) =>
    families.map((family): Action => {
      return { kind: 'look', line: `conntrack -L ${family}-p tcp --state ESTABLISHED --dport ${port}` };
    }),
  );
  return [...sessions, sysctlAction('nf_conntrack', 'tcp_loose', 0, loose)];
}

/** Packets to this machine pass INPUT, others FORWARD: both, if they go to many addresses. */
function synHooks({ own, destination }: FloodTarget): readonly ('input' | 'forward')[] {
  if (destination === undefined) return ['input', 'forward'];
  return own ? ['input'] : ['forward'];
}

function nftRules({ target }: SynproxyAdvice): Action {
  return nftTable(
    targetStep('syn', target),
    nftChain('prerouting', 'prerouting', -300),
    nftRule('prerouting', `${nftMatch(target)} ${SYN} notrack`),
    ...synHooks(target).flatMap((hook) => [
      nftChain(hook, hook, PRIORITY),
      nftRule(hook, `${nftMatch(target)} ct state invalid,untracked synproxy ${OPTIONS}`),
      nftRule(hook, `${nftMatch(target)} ct state invalid drop`),
    ]),
  );
}

/** Each is inserted above the ones before it. */
function iptables({ target }: SynproxyAdvice): readonly Action[] {
  const step = targetStep('syn', target);
  const state = (states: string) => `${matchOf(target)} -m conntrack --ctstate ${states}`;
  const chains = synHooks(target).map((hook) => hook.toUpperCase());
  return [
    ...iptablesRules(step, target, 'raw', 'PREROUTING', `${matchOf(target)} --syn -j CT --notrack`),
    ...chains.flatMap((chain) => [
      ...iptablesRules(step, target, 'filter', chain, `${state('INVALID')} -j DROP`),
      ...iptablesRules(step, target, 'filter', chain, `${state('INVALID,UNTRACKED')} -j SYNPROXY ${TARGET_OPTIONS}`),
    ]),
  ];
}
