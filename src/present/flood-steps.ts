// A SYN flood with forged sources: no list of addresses ends it. What is not completed gets no entry, or only so many.

import type { Advice } from '../evaluate/advice.ts';
import type { Target } from '../evaluate/culprits.ts';
import { addressWords } from './address.ts';
import { shareOfNew } from './culprit-words.ts';
import { grouped } from './prose.ts';
import {
  eitherTool,
  inNamespace,
  isSince,
  lasting,
  lastingRules,
  NFT_TABLE,
  type Place,
  type Step,
  undone,
} from './step.ts';
import { durationWords } from './words.ts';

type Synproxy = Extract<Advice, { kind: 'synproxy' }>;
type RateLimit = Extract<Advice, { kind: 'rate_limit' }>;

/** How the packets to a target are named in rules. */
interface Named {
  readonly words: string;
  readonly nft: string;
  readonly iptables: readonly string[];
}

function named({ destination, port }: Target, before: string): Named {
  const address = destination && addressWords(destination.key, destination.ipv6);
  const families =
    destination === undefined ? ['iptables', 'ip6tables'] : [destination.ipv6 ? 'ip6tables' : 'iptables'];
  const to = address === undefined ? '' : `-d ${address} `;
  return {
    words: address === undefined ? `port ${port}` : `port ${port} of ${address}`,
    nft: `${address === undefined ? '' : `${destination?.ipv6 ? 'ip6' : 'ip'} daddr ${address} `}tcp dport ${port}`,
    iptables: families.map((family) => `${before}${family} -t TABLE -I CHAIN ${to}-p tcp --dport ${port}`),
  };
}

function inChain({ iptables }: Named, table: string, chain: string, rest: string): readonly string[] {
  return iptables.map((rule) => `${rule.replace('TABLE', table).replace('CHAIN', chain)} ${rest}`);
}

const LOOSE = 'net.netfilter.nf_conntrack_tcp_loose';
const SYN = "'tcp flags & (fin|syn|rst|ack) == syn'";
const OPTIONS = 'mss 1460 wscale 7 timestamp sack-perm';
const TARGET_OPTIONS = '--sack-perm --timestamp --wscale 7 --mss 1460';

export function synproxyStep({ target, half, most }: Synproxy, context: Place): Step {
  const before = inNamespace(context);
  const to = named(target, before);
  const hook = target.own ? 'input' : 'forward';
  const strict = `${before}sysctl -w ${LOOSE}=0`;
  const add = (words: string) => `${before}nft add ${words}`;
  const nft = [
    strict,
    add(`table inet ${NFT_TABLE}`),
    `${before}nft 'add chain inet ${NFT_TABLE} prerouting { type filter hook prerouting priority -300; }'`,
    add(`rule inet ${NFT_TABLE} prerouting ${to.nft} ${SYN} notrack`),
    `${before}nft 'add chain inet ${NFT_TABLE} ${hook} { type filter hook ${hook} priority 0; }'`,
    add(`rule inet ${NFT_TABLE} ${hook} ${to.nft} ct state invalid,untracked synproxy ${OPTIONS}`),
    add(`rule inet ${NFT_TABLE} ${hook} ${to.nft} ct state invalid drop`),
  ];
  const chain = hook.toUpperCase();
  // Each goes before the others.
  const iptables = [
    strict,
    ...inChain(to, 'raw', 'PREROUTING', '--syn -j CT --notrack'),
    ...inChain(to, 'filter', chain, '-m conntrack --ctstate INVALID -j DROP'),
    ...inChain(to, 'filter', chain, `-m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY ${TARGET_OPTIONS}`),
  ];
  return {
    title: `Let only completed connections to ${to.words} have an entry: likely a SYN flood with forged sources.`,
    ...eitherTool(nft, iptables, isSince(context.observation.machine, 5, 3)),
    notes: [
      `${shareOfNew(half)} are not completed, and no source has more than ${grouped(most)} of them: a list of addresses would not end it. (Or nobody answers a crowd: see that the server does.)`,
      'SYNs are answered for the server, and an entry is made when the client answers. Costs little CPU; the figures must be those of the server (what its SYN-ACK shows), and connections that are open and have no entry are no longer taken up (tcp_loose=0; it was 1 unless somebody has set it).',
      ...undone(context),
    ],
    ...lasting(context, 'the rules that are loaded at boot, and /etc/sysctl.conf', [`${LOOSE} = 0`]),
  };
}

export function rateLimitStep({ target, perSecond, seconds, half }: RateLimit, context: Place): Step {
  const before = inNamespace(context);
  const to = named(target, before);
  const nft = [
    `${before}nft add table inet ${NFT_TABLE}`,
    `${before}nft 'add chain inet ${NFT_TABLE} limited { type filter hook prerouting priority -150; }'`,
    `${before}nft add rule inet ${NFT_TABLE} limited ${to.nft} ct state new limit rate over ${perSecond}/second drop`,
  ];
  const match = `-m conntrack --ctstate NEW -m hashlimit --hashlimit-name ${NFT_TABLE} --hashlimit-mode dstip,dstport`;
  const iptables = inChain(to, 'mangle', 'PREROUTING', `${match} --hashlimit-above ${perSecond}/second -j DROP`);
  return {
    title: `Or admit ${grouped(perSecond)} new connections/s to ${to.words}, and no more (${shareOfNew(half)} are not completed).`,
    ...eitherTool(nft, iptables, isSince(context.observation.machine, 4, 3)),
    notes: [
      `So many, each for up to ${durationWords(seconds)}, take half of the table at the most; those that are there stay until they end or are removed. Costs every other client of that port as large a share of its new connections as the flood loses.`,
      ...undone(context),
    ],
    ...lastingRules(context),
  };
}
