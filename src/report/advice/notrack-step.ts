// A port whose packets need not be tracked.

import { type IptablesRule, nftChain, nftRule, nftTable } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { protocolWords } from '../list/address.ts';
import type { Advice } from './advice.ts';
import { addsWords } from './culprit-words.ts';
import {
  inNamespace,
  iptablesFamilies,
  isSince,
  lastingRules,
  type Place,
  type Step,
  typedStep,
  withEitherTool,
} from './step.ts';

type Notrack = Extract<Advice, { kind: 'notrack' }>;

const HOOKS = ['prerouting', 'output'] as const;
const ENDS = ['dport', 'sport'] as const;

export function notrackStep(advice: Notrack, context: Place): Step {
  const title = `Do not track ${protocolWords(advice.protocol)} port ${advice.port}: it has ${percentWords((100 * advice.entries) / advice.of)} of the entries${addsWords(advice.adds)}, none translated.`;
  return advice.zoned > 0 ? zoneStep(title, advice, context) : { title, ...rules(advice, context) };
}

function rules({ protocol, port, ipv4, ipv6 }: Notrack, context: Place): Omit<Step, 'title'> {
  const name = protocolWords(protocol);
  // Since 2.6.34; before, NOTRACK is a target of its own.
  const target = isSince(context.observation.machine, 3, 0) ? 'CT --notrack' : 'NOTRACK';
  const iptables = iptablesFamilies({ ipv4, ipv6 }).flatMap((family) =>
    HOOKS.flatMap((hook) =>
      ENDS.map((end): IptablesRule => {
        const rule = `-p ${name} --${end} ${port} -j ${target}`;
        return { kind: 'iptables rule', family, table: 'raw', chain: hook.toUpperCase(), rule };
      }),
    ),
  );
  const nft = nftTable(
    'notrack',
    ...HOOKS.flatMap((hook) => [
      nftChain(hook, hook, -300),
      ...ENDS.map((end) => nftRule(hook, `${name} ${end} ${port} notrack`)),
    ]),
  );
  return {
    // nft(8) has notrack since 4.9.
    ...withEitherTool(context, [nft], iptables, [4, 9]),
    notes: [
      'New packets of that port create no entry; present entries end by their timeout.',
      'Cost: no memory. NAT no longer applies to that port, and rules for ct state established or related no longer match it: a rule without a state has to accept it.',
    ],
    ...lastingRules(context),
  };
}

// A rule that sets a zone puts an untracked packet back into tracking, and a packet with a zone is not untracked: notrack
// has no effect before or after that rule.
function zoneStep(title: string, { protocol, port, zoned, of }: Notrack, context: Place): Step {
  const end = `${protocolWords(protocol)} dport ${port}`;
  return {
    title,
    ...typedStep(inNamespace(context), []),
    notes: [
      `${grouped(zoned)} of ${grouped(of)} entries are in a zone. With "ct zone set" in the rules, a separate rule with notrack has no effect, before or after it: see ${inNamespace(context)}nft -a list ruleset.`,
      `Put it into the chain that sets the zone, in front of that rule: ${end} notrack accept (and the same with sport, for the answers).`,
    ],
    ...lastingRules(context),
  };
}
