// A port whose packets need not be tracked.

import type { Advice } from '../evaluate/advice.ts';
import { protocolWords } from './address.ts';
import { addsWords } from './culprit-words.ts';
import { grouped } from './prose.ts';
import { eitherTool, inNamespace, isSince, lastingRules, NFT_TABLE, type Place, type Step, undone } from './step.ts';
import { percentWords } from './words.ts';

type Notrack = Extract<Advice, { kind: 'notrack' }>;

const CHAINS = ['PREROUTING', 'OUTPUT'] as const;
const ENDS = ['dport', 'sport'] as const;

export function notrackStep(advice: Notrack, context: Place): Step {
  const title = `Do not track ${protocolWords(advice.protocol)} port ${advice.port}: it has ${percentWords((100 * advice.entries) / advice.of)} of the entries${addsWords(advice.adds)}, none translated.`;
  return advice.zoned > 0 ? zoneStep(title, advice, context) : { title, ...rules(advice, context) };
}

function rules({ protocol, port, ipv4, ipv6 }: Notrack, context: Place): Omit<Step, 'title'> {
  const { machine } = context.observation;
  const name = protocolWords(protocol);
  const before = inNamespace(context);
  // From 2.6.34 on; until then NOTRACK is a target of its own.
  const target = isSince(machine, 3, 0) ? 'CT --notrack' : 'NOTRACK';
  const tools = [...(ipv4 ? ['iptables'] : []), ...(ipv6 ? ['ip6tables'] : [])];
  const iptables = tools.flatMap((tool) =>
    CHAINS.flatMap((chain) =>
      ENDS.map((end) => `${before}${tool} -t raw -I ${chain} -p ${name} --${end} ${port} -j ${target}`),
    ),
  );
  const nft = [
    `${before}nft add table inet ${NFT_TABLE}`,
    ...CHAINS.map((chain) => chain.toLowerCase()).flatMap((chain) => [
      `${before}nft 'add chain inet ${NFT_TABLE} ${chain} { type filter hook ${chain} priority -300; }'`,
      ...ENDS.map((end) => `${before}nft add rule inet ${NFT_TABLE} ${chain} ${name} ${end} ${port} notrack`),
    ]),
  ];
  return {
    ...eitherTool(nft, iptables, isSince(machine, 3, 13)),
    notes: [
      'New packets of that port take no entry; those that are there end by their timeout.',
      'Costs no memory. NAT does nothing for that port any more, and rules for ct state established or related no longer match it: it must be accepted by itself.',
      ...undone(context),
    ],
    ...lastingRules(context),
  };
}

// The rule that sets a zone puts a packet that is not to be tracked back into tracking, and one that has a zone is not
// taken out of it: so it has no effect before that rule and none behind it.
function zoneStep(title: string, { protocol, port, zoned, of }: Notrack, context: Place): Step {
  const end = `${protocolWords(protocol)} dport ${port}`;
  return {
    title,
    commands: [],
    instead: [],
    notes: [
      `${grouped(zoned)} of ${grouped(of)} entries are in a zone. Where "ct zone set" is in the rules, a rule of its own with notrack does nothing, before it and behind it: see ${inNamespace(context)}nft -a list ruleset.`,
      `Put it into the very chain that sets the zone, in front of that rule: ${end} notrack accept (and the same with sport, for the answers).`,
    ],
    ...lastingRules(context),
  };
}
