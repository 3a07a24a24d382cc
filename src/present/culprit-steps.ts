// A source or a network that fills a table: found where it is here, kept out, or held to a number of entries.

import type { Advice } from '../evaluate/advice.ts';
import { addressWords, networkWords } from './address.ts';
import { addsWords } from './culprit-words.ts';
import { grouped } from './prose.ts';
import { eitherTool, inNamespace, isSince, lastingRules, NFT_TABLE, type Place, type Step, undone } from './step.ts';
import { percentWords } from './words.ts';

export function sourceStep({ holder, of, own, adds }: Extract<Advice, { kind: 'source' }>, context: Place): Step {
  const address = addressWords(holder.key, holder.ipv6);
  const has = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}`;
  if (own || isLoopback(address))
    return {
      title: `Find the process here that sends from ${address}: ${has}.`,
      commands: [`${inNamespace(context)}ss -tunap`],
      instead: [],
      notes: ['It shows whose sockets there are. Costs nothing.'],
      inNamespace: false,
      files: [],
    };
  return {
    title: `Ask what ${address} does: ${has}. If it should not:`,
    ...kept(address, holder.ipv6, context),
    notes: [
      'Its packets are dropped before they are tracked, and its entries removed. Costs all of its connections.',
      ...undone(context),
    ],
    ...lastingRules(context),
  };
}

export function networkStep({ holder, of, adds }: Extract<Advice, { kind: 'network' }>, context: Place): Step {
  const network = networkWords(holder.key, holder.ipv6);
  const has = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}, and no address of it half of them`;
  return {
    title: `Ask who is in ${network}: ${has}. If they should not:`,
    ...kept(network, holder.ipv6, context),
    notes: [
      'Packets of the whole network are dropped before they are tracked, and its entries removed. Costs the connections of all that are in it.',
      ...undone(context),
    ],
    ...lastingRules(context),
  };
}

/** Kept out, and what is there of it removed. */
function kept(from: string, ipv6: boolean, context: Place): Pick<Step, 'commands' | 'instead'> {
  const before = inNamespace(context);
  const [ip, iptables] = ipv6 ? ['ip6', 'ip6tables'] : ['ip', 'iptables'];
  const remove = removal(from, ipv6, context);
  const nft = [
    `${before}nft add table inet ${NFT_TABLE}`,
    `${before}nft 'add chain inet ${NFT_TABLE} prerouting { type filter hook prerouting priority -300; }'`,
    `${before}nft add rule inet ${NFT_TABLE} prerouting ${ip} saddr ${from} drop`,
    ...remove,
  ];
  const older = [`${before}${iptables} -t raw -I PREROUTING -s ${from} -j DROP`, ...remove];
  return eitherTool(nft, older, isSince(context.observation.machine, 3, 13));
}

// conntrack(8) knows networks since 1.4.4.
function removal(from: string, ipv6: boolean, context: Place): readonly string[] {
  if (from.includes('/') && !isSince(context.observation.machine, 3, 10)) return [];
  return [`${inNamespace(context)}conntrack ${ipv6 ? '-f ipv6 ' : ''}-D -s ${from} >/dev/null`];
}

interface Whole {
  readonly mask: number;
  readonly name: string;
  /** What is left of an address, for nft(8). */
  readonly and: string;
}

function wholeOf(whole: 'source' | 'network', ipv6: boolean): Whole {
  if (whole === 'source') return { mask: ipv6 ? 128 : 32, name: 'source', and: '' };
  return ipv6
    ? { mask: 64, name: '/64 network', and: ' and ffff:ffff:ffff:ffff::' }
    : { mask: 24, name: '/24 network', and: ' and 255.255.255.0' };
}

/** Behind tracking, so that an entry is known to be new, and before it is kept. */
export function sourceLimitStep(
  { each, whole, holder }: Extract<Advice, { kind: 'source_limit' }>,
  context: Place,
): Step {
  const before = inNamespace(context);
  const { key, ipv6 } = holder;
  const from = whole === 'network' ? networkWords(key, ipv6) : addressWords(key, ipv6);
  const remove = removal(from, ipv6, context);
  const { mask, name, and } = wholeOf(whole, ipv6);
  const [ip, type, iptables] = ipv6 ? ['ip6', 'ipv6_addr', 'ip6tables'] : ['ip', 'ipv4_addr', 'iptables'];
  const set = `${whole}s${ipv6 ? '6' : '4'}`;
  const nft = [
    `${before}nft add table inet ${NFT_TABLE}`,
    `${before}nft 'add chain inet ${NFT_TABLE} limited { type filter hook prerouting priority -150; }'`,
    `${before}nft 'add set inet ${NFT_TABLE} ${set} { type ${type}; size 65535; flags dynamic; }'`,
    `${before}nft 'add rule inet ${NFT_TABLE} limited ct state new add @${set} { ${ip} saddr${and} ct count over ${each} } drop'`,
    ...remove,
  ];
  const rule = `-m conntrack --ctstate NEW -m connlimit --connlimit-above ${each} --connlimit-mask ${mask} -j DROP`;
  return {
    title: `Or let no ${name} have more than ${grouped(each)} entries, and shut nobody out.`,
    // nft(8) counts connections from 4.18 on.
    ...eitherTool(
      nft,
      [`${before}${iptables} -t mangle -I PREROUTING ${rule}`, ...remove],
      isSince(context.observation.machine, 4, 18),
    ),
    notes: [
      `New connections of who has that many are dropped, and what ${from} has now is removed. Costs its connections for once, a search for each new one, and holds to it whoever stands behind one address for many.`,
      ...undone(context),
    ],
    ...lastingRules(context),
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
