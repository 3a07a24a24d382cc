// A port whose packets need not be tracked. Rules accept tracked packets by their state: what such a rule let in has to be
// accepted without one, in every chain that drops the rest, before it is untracked.

import type { FilterChain } from '../../model/filter-chain.ts';
import { type Accept, type Action, type IptablesRule, nftChain, nftRule, nftTable } from '../../words/action.ts';
import { grouped, listWords } from '../../words/prose.ts';
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

const STEP = 'notrack';
const ENDS = ['dport', 'sport'] as const;

export function notrackStep(advice: Notrack, context: Place): Step {
  const title = `Do not track ${portWords(advice)}: it has ${percentWords((100 * advice.entries) / advice.of)} of the entries${addsWords(advice.adds)}, none translated.`;
  return advice.zoned > 0 ? zoneStep(title, advice, context) : { title, ...rules(advice, context) };
}

function portWords({ protocol, port }: Notrack): string {
  return `${protocolWords(protocol)} port ${port}`;
}

function rules(advice: Notrack, context: Place): Omit<Step, 'title'> {
  const accepts = (advice.chains ?? []).filter(({ isOwned }) => !isOwned).map((chain) => accept(chain, advice));
  const first = (listing: string): readonly Action[] => [...looks(advice, listing), ...accepts];
  return {
    // nft(8) has notrack since 4.9, and the type of an address since 4.10.
    ...withEitherTool(
      context,
      [...first('nft list ruleset'), untracked(advice)],
      [...first('iptables-save'), ...untrackedByIptables(advice, context)],
      [4, 10],
    ),
    preconditions: preconditions(advice),
    notes: [
      'New packets of that port create no entry; present entries end by their timeout.',
      'Cost: no memory. NAT and rules with a state no longer apply to that port.',
    ],
    ...lastingRules(context),
  };
}

// ---- What has to be accepted ----

function preconditions(advice: Notrack): readonly string[] {
  const { chains } = advice;
  if (chains?.length === 0) return [];
  const why = `Untracked packets match no rule with a ct state of new, established or related.`;
  const open = chains?.filter(({ isOwned }) => !isOwned) ?? [];
  return [
    why,
    ...(open.length === 0
      ? []
      : [
          `The first commands accept ${portWords(advice)} in ${listWords(open.map(chainWords))}, which would drop it. They match every address: add a match if the service is not for everyone.`,
        ]),
    ...(chains === undefined || open.length < chains.length
      ? [`Check first that your rules accept ${portWords(advice)} without a state, in both directions.`]
      : []),
  ];
}

function looks({ chains }: Notrack, listing: string): readonly Action[] {
  if (chains === undefined) return [{ kind: 'look', line: listing }];
  const owned = chains.filter(({ isOwned }) => isOwned);
  return owned.map(({ family, table, chain }) => ({
    kind: 'look',
    line: `nft list chain ${family} ${table} ${chain}`,
  }));
}

function chainWords({ tool, family, table, chain }: FilterChain): string {
  return [tool === 'nft' ? '' : tool, family, table, chain].filter(Boolean).join(' ');
}

/** Answers go to the ports that clients have; what begins a connection is no answer. */
function accept(chain: FilterChain, { protocol, port }: Notrack): Accept {
  const name = protocolWords(protocol);
  const isTcp = name === 'tcp';
  const matches =
    chain.tool === 'nft'
      ? [
          `${name} dport ${port}`,
          `${name} sport ${port} ${name} dport 1024-65535${isTcp ? ' tcp flags & (fin|syn|rst|ack) != syn' : ''}`,
        ]
      : [`-p ${name} --dport ${port}`, `-p ${name} --sport ${port} --dport 1024:65535${isTcp ? ' ! --syn' : ''}`];
  return { kind: 'accept', step: STEP, chain, matches };
}

// ---- What is not tracked ----

const NFT_REACH = { local: 'fib daddr type local ', forwarded: 'fib daddr type != local ', both: '' } as const;
const IPTABLES_REACH = {
  local: '-m addrtype --dst-type LOCAL ',
  forwarded: '-m addrtype ! --dst-type LOCAL ',
  both: '',
} as const;

/** Packets that this machine sends pass output alone. */
function hooksOf({ reach }: Notrack): readonly ('prerouting' | 'output')[] {
  return reach === 'forwarded' ? ['prerouting'] : ['prerouting', 'output'];
}

function untracked(advice: Notrack): Action {
  const { protocol, port, reach } = advice;
  return nftTable(
    STEP,
    ...hooksOf(advice).flatMap((hook) => [
      nftChain(hook, hook, -300),
      ...ENDS.map((end) =>
        nftRule(hook, `${hook === 'output' ? '' : NFT_REACH[reach]}${protocolWords(protocol)} ${end} ${port} notrack`),
      ),
    ]),
  );
}

function untrackedByIptables(advice: Notrack, context: Place): readonly Action[] {
  const { protocol, port, reach } = advice;
  // Since 2.6.34; before, NOTRACK is a target of its own.
  const target = isSince(context.observation.machine, 3, 0) ? 'CT --notrack' : 'NOTRACK';
  return iptablesFamilies(advice).flatMap((family) =>
    hooksOf(advice).flatMap((hook) =>
      ENDS.map((end): IptablesRule => {
        const match = `${hook === 'output' ? '' : IPTABLES_REACH[reach]}-p ${protocolWords(protocol)} --${end} ${port}`;
        return {
          kind: 'iptables rule',
          tool: family,
          table: 'raw',
          chain: hook.toUpperCase(),
          rule: `${match} -j ${target}`,
        };
      }),
    ),
  );
}

// A rule that sets a zone puts an untracked packet back into tracking, and a packet with a zone is not untracked: notrack
// has no effect before or after that rule.
function zoneStep(title: string, advice: Notrack, context: Place): Step {
  const { protocol, port, zoned, of } = advice;
  const end = `${protocolWords(protocol)} dport ${port}`;
  return {
    title,
    ...typedStep(inNamespace(context), []),
    notes: [
      `${grouped(zoned)} of ${grouped(of)} entries are in a zone. With "ct zone set" in the rules, a separate rule with notrack has no effect, before or after it: see ${inNamespace(context)}nft -a list ruleset.`,
      `Put it into the chain that sets the zone, in front of that rule: ${end} notrack accept (and the same with sport, for the answers). First accept ${portWords(advice)} without a state in every chain that drops.`,
    ],
    ...lastingRules(context),
  };
}
