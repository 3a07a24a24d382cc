// What to do, numbered, as commands to paste: each with its effect, its cost, and what makes it survive a reboot.

import type { Advice } from '../evaluate/advice.ts';
import { atLeast } from '../evaluate/kernel-version.ts';
import type { Plan } from '../evaluate/plan.ts';
import { GENERATIONS } from '../observation/generation.ts';
import type { Machine } from '../observation/machine.ts';
import type { Observation } from '../observation/observation.ts';
import type { Table } from '../observation/table.ts';
import { addressWords, protocolWords } from './address.ts';
import { clashStep, natPortsStep } from './advice-clash.ts';
import { causeWords } from './drift.ts';
import type { Palette } from './palette.ts';
import { grouped, hanging, indented } from './prose.ts';
import { durable, type FileLines, hashsizeCommand, liveCommands } from './remedies.ts';
import { durationWords, foreign, percentWords, sizeWords } from './words.ts';

/** Where the advice is to be followed. */
export interface Context {
  readonly observation: Observation;
  /** Whose entries are listed. */
  readonly subject: Table;
}

/** One step: what it is, what to type, what it does and costs, and which lines make it last. */
export interface Step {
  readonly title: string;
  readonly commands: readonly string[];
  /** The same with iptables, where the commands are of nft. */
  readonly instead: readonly string[];
  readonly notes: readonly string[];
  /** What ends with the namespace, and not only with the machine. */
  readonly inNamespace: boolean;
  readonly files: readonly FileLines[];
}

const INDENT = ' '.repeat(5);

/** `otherwise`: what to say where there is nothing to do. */
export function adviceLines(
  advice: readonly Advice[],
  otherwise: string,
  context: Context,
  palette: Palette,
): readonly string[] {
  if (advice.length === 0) return indented(otherwise);
  return advice.flatMap((one, at) => stepLines(`${at + 1}. `, stepOf(one, context), palette));
}

function stepLines(number: string, { title, commands, instead, notes, inNamespace, files }: Step, palette: Palette) {
  const lasts = inNamespace
    ? 'It lasts as long as that namespace. For good:'
    : 'It lasts until the next boot. For good:';
  const typed = (lines: readonly string[]) => lines.map((line) => `${INDENT}  ${palette.command(line)}`);
  return [
    ...hanging(`  ${number}`, title, INDENT),
    ...typed(commands),
    ...(instead.length === 0 ? [] : [`${INDENT}or, with iptables:`, ...typed(instead)]),
    ...notes.flatMap((note) => hanging(INDENT, note, INDENT)),
    ...(files.length === 0 ? [] : [`${INDENT}${lasts}`]),
    ...files.flatMap(({ where, lines }) => [`${INDENT}  ${where}`, ...lines.map((line) => `${INDENT}      ${line}`)]),
  ];
}

export function stepOf(advice: Advice, context: Context): Step {
  switch (advice.kind) {
    case 'restore': {
      const { drift, causes, plan } = advice;
      const title = `Set the limit that ${foreign(drift.wanted.path)} wants, ${grouped(drift.wanted.limit)}.`;
      const { generation } = context.observation.machine;
      const why = causes.map((cause) => `Likely cause: ${causeWords(cause, drift, generation)}.`);
      return limitStep(title, plan, why, context);
    }
    case 'raise': {
      const buckets = liveCommands(context.observation, advice.plan).length > 1 ? ', and the buckets with it' : '';
      const title = `Raise the limit to ${grouped(advice.plan.limit)}${buckets}.`;
      return limitStep(title, advice.plan, demandNotes(advice), context);
    }
    case 'buckets':
      return bucketStep(advice.plan, context);
    case 'timeout':
      return timeoutStep(advice, context);
    case 'notrack':
      return notrackStep(advice, context);
    case 'source':
      return sourceStep(advice, context);
    case 'nat ports':
      return {
        ...natPortsStep(advice, inNamespace(context)),
        ...lasting(context, '/etc/sysctl.conf, or a file in /etc/sysctl.d', timeoutLines(advice)),
      };
    case 'clash':
      return { ...clashStep(advice, inNamespace(context)), inNamespace: false, files: [] };
    case 'keep':
      return keepStep(advice.plan, context);
    case 'no memory':
      return {
        title: 'No higher limit: there is not the memory for it.',
        commands: [],
        instead: [],
        notes: ['A full table is never swapped. Keep the flood out, or spread the load.'],
        inNamespace: false,
        files: [],
      };
  }
}

function limitStep(title: string, plan: Plan, reasons: readonly string[], { observation }: Context): Step {
  const { available } = observation.machine;
  const room = available.ok ? `, of ${sizeWords(available.value.bytes)} available` : '';
  const where = observation.tables[0].isInitial
    ? ''
    : ' On the host, in the initial network namespace: elsewhere it is read-only.';
  const effect = `Costs up to ${sizeWords(Math.max(0, plan.more))} more when full${room}.${where}`;
  return {
    title,
    commands: liveCommands(observation, plan),
    instead: [],
    notes: [...reasons, effect],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

// A file that sets it already has a name that others gave it.
function filesOf(plan: Plan, observation: Observation): readonly FileLines[] {
  return durable(observation, plan).map(({ where, lines }) => ({ where: foreign(where), lines }));
}

function timeoutLines({ timeout }: Extract<Advice, { kind: 'nat ports' }>): readonly string[] {
  return timeout === undefined ? [] : [`${GENERATIONS.nf_conntrack.sysctlPrefix}${timeout.name} = ${timeout.shorter}`];
}

function keepStep(plan: Plan, { observation }: Context): Step {
  return {
    title: `Nothing now. Make the limit of ${grouped(plan.limit)} last: no file sets it.`,
    commands: [],
    instead: [],
    notes: [],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

function demandNotes({ demand, plan }: Extract<Advice, { kind: 'raise' }>): readonly string[] {
  if (demand === undefined) return ['New connections get in at once.'];
  const { perSecond, seconds, entries } = demand;
  const words = `${grouped(Math.round(perSecond))} new ones/s lack room, and each would stay ${durationWords(seconds)} or more: with those that are there, and with what is not collected at once, about ${grouped(Math.round(entries))} at the same time. Clients that wait hide more.`;
  return plan.limit < entries
    ? [words, 'More than memory allows: a higher limit alone does not end it. It will be full again unless less comes.']
    : [words, 'New connections get in at once.'];
}

function bucketStep(plan: Plan, { observation }: Context): Step {
  return {
    title: `More buckets, ${grouped(plan.buckets)}: shorter chains.`,
    commands: [hashsizeCommand(observation.machine, plan.buckets)],
    instead: [],
    notes: [`Entries are in shorter chains at once. Costs ${sizeWords(plan.hashTable)} in all.`],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

function timeoutStep({ kept, shorter, of }: Extract<Advice, { kind: 'timeout' }>, context: Context): Step {
  const { generation } = context.observation.machine;
  const name = GENERATIONS[generation].sysctlPrefix + kept.name;
  const share = percentWords((100 * kept.ended) / of);
  return {
    title: `Shorten ${generation}_${kept.name} from ${kept.seconds} s to ${shorter} s.`,
    commands: [`${inNamespace(context)}sysctl -w ${name}=${shorter}`],
    instead: [],
    notes: [
      kept.ended > 0
        ? `With it ${grouped(kept.ended)} of the entries (${share}) would be gone by now. Those that are there keep their time until their next packet.`
        : `It keeps ${percentWords((100 * kept.entries) / of)} of the entries: new ones would need ${shorter} of ${kept.seconds} parts of the room.`,
      `Costs no memory; who is silent for longer than ${durationWords(shorter)} loses the entry.`,
    ],
    ...lasting(context, '/etc/sysctl.conf, or a file in /etc/sysctl.d', [`${name} = ${shorter}`]),
  };
}

// A table of its own is removed as a whole.
const NFT_TABLE = 'check_conntrack';
// Each namespace has timeouts and rules of its own, and a new one the defaults.
function lasting({ subject }: Context, where: string, lines: readonly string[]): Pick<Step, 'inNamespace' | 'files'> {
  const place = subject.isOwn ? where : 'what makes that namespace or container';
  return { inNamespace: !subject.isOwn, files: [{ where: place, lines }] };
}

const CHAINS = ['PREROUTING', 'OUTPUT'] as const;
const ENDS = ['dport', 'sport'] as const;

function notrackStep(advice: Extract<Advice, { kind: 'notrack' }>, context: Context): Step {
  const { protocol, port, entries, of, ipv4, ipv6 } = advice;
  const name = protocolWords(protocol);
  const before = inNamespace(context);
  const target = hasCtTarget(context.observation.machine) ? 'CT --notrack' : 'NOTRACK';
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
    title: `Do not track ${name} port ${port}: it has ${percentWords((100 * entries) / of)} of the entries, none translated.`,
    ...eitherTool(nft, iptables, context.observation.machine),
    notes: [
      'New packets of that port take no entry; those that are there end by their timeout.',
      'Costs no memory. NAT does nothing for that port any more, and rules for ct state established or related no longer match it: it must be accepted by itself.',
      ...undone(context),
    ],
    ...lasting(context, 'the rules that are loaded at boot', []),
  };
}

function sourceStep({ holder, of, own }: Extract<Advice, { kind: 'source' }>, context: Context): Step {
  const address = addressWords(holder.key, holder.ipv6);
  const before = inNamespace(context);
  const has = `it has ${percentWords((100 * holder.entries) / of)} of the entries`;
  if (own || isLoopback(address))
    return {
      title: `Find the process here that sends from ${address}: ${has}.`,
      commands: [`${before}ss -tunap`],
      instead: [],
      notes: ['It shows whose sockets there are. Costs nothing.'],
      inNamespace: false,
      files: [],
    };
  const [ip, iptables] = holder.ipv6 ? ['ip6', 'ip6tables'] : ['ip', 'iptables'];
  const remove = `${before}conntrack ${holder.ipv6 ? '-f ipv6 ' : ''}-D -s ${address}`;
  const nft = [
    `${before}nft add table inet ${NFT_TABLE}`,
    `${before}nft 'add chain inet ${NFT_TABLE} prerouting { type filter hook prerouting priority -300; }'`,
    `${before}nft add rule inet ${NFT_TABLE} prerouting ${ip} saddr ${address} drop`,
    remove,
  ];
  return {
    title: `Ask what ${address} does: ${has}. If it should not:`,
    ...eitherTool(
      nft,
      [`${before}${iptables} -t raw -I PREROUTING -s ${address} -j DROP`, remove],
      context.observation.machine,
    ),
    notes: [
      'Its packets are dropped before they are tracked, and its entries removed. Costs all of its connections.',
      ...undone(context),
    ],
    ...lasting(context, 'the rules that are loaded at boot', []),
  };
}

// All rules of these steps are in one table.
function undone(context: Context): readonly string[] {
  return isModern(context.observation.machine)
    ? [`To undo it all: ${inNamespace(context)}nft delete table inet ${NFT_TABLE}`]
    : ['To undo it: the same with -D in place of -I.'];
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** nftables is there from 3.13 on. */
function isModern({ release }: Machine): boolean {
  return release.ok && atLeast(release.value, 3, 13);
}

function eitherTool(nft: readonly string[], iptables: readonly string[], machine: Machine) {
  return isModern(machine) ? { commands: nft, instead: iptables } : { commands: iptables, instead: [] };
}

/** From 2.6.34 on; until then NOTRACK is a target of its own. */
function hasCtTarget({ release }: Machine): boolean {
  return release.ok && atLeast(release.value, 3, 0);
}

/** What makes a command run where the table is. */
export function inNamespace({ subject }: Pick<Context, 'subject'>): string {
  if (subject.isOwn) return '';
  const [, name] = /^(?:\/var)?\/run\/netns\/(\w[\w.-]*)$/.exec(subject.mount?.path ?? '') ?? [];
  if (name !== undefined) return `ip netns exec ${name} `;
  return subject.pids[0] === undefined ? '' : `nsenter -t ${subject.pids[0]} -n `;
}
