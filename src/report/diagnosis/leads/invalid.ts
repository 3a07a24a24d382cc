// Invalid packets: how many, likely reasons, the rule that drops them, and how to see which they are. The rules are listed
// only if many packets are invalid: that takes as long as there are rules.

import type { Evaluation, TableResult } from '../../../evaluate/evaluate.ts';
import { atLeast } from '../../../evaluate/kernel-version.ts';
import { readSysctls } from '../../../kernel/namespaces/namespace-sysctls.ts';
import type { Root } from '../../../kernel/root.ts';
import { readDropRules } from '../../../kernel/rules/rules.ts';
import type { DropRule } from '../../../model/drop-rule.ts';
import { GENERATIONS, type Generation } from '../../../model/generation.ts';
import type { Machine } from '../../../model/machine.ts';
import type { Namespace, Table } from '../../../model/table.ts';
import { inNamespace } from '../../../words/in-namespace.ts';
import type { Evaluated } from '../../../words/message.ts';
import { grouped } from '../../../words/prose.ts';
import { foreign } from '../../../words/words.ts';
import { tableWords } from '../../table-words.ts';
import { events } from '../table-trouble.ts';
import { type LeadBase, type LeadForm, type Note, note, rate, type Surroundings } from './lead.ts';
import { readStacks, riseOf, type StacksSeen } from './stack.ts';

export interface InvalidLead extends LeadBase {
  readonly kind: 'invalid';
  readonly table: Table;
  readonly perSecond: number;
  /** Percent of all packets received; undefined if their number is unknown. */
  readonly share: number | undefined;
  readonly handling: InvalidHandling;
}

/** Settings that make packets of one namespace invalid, and rules that drop them. */
export interface InvalidHandling {
  readonly settings: Readonly<Partial<Record<InvalidSetting, number>>>;
  /** Undefined if the rules could not be read. */
  readonly rules: readonly DropRule[] | undefined;
}

/** Sysctls that make packets invalid, or log them. */
export type InvalidSetting = 'tcp_loose' | 'tcp_be_liberal' | 'checksum' | 'log_invalid';

const SETTINGS: readonly InvalidSetting[] = ['tcp_loose', 'tcp_be_liberal', 'checksum', 'log_invalid'];

export function readInvalidHandling(root: Root, generation: Generation, table: Namespace): InvalidHandling {
  const values = readSysctls(root, generation, table, (name) => SETTINGS.some((setting) => setting === name));
  const settings: Partial<Record<InvalidSetting, number>> = {};
  for (const name of SETTINGS) {
    const value = values.get(name);
    if (value !== undefined) settings[name] = value;
  }
  return { settings, rules: readDropRules(root, table) };
}

// A few strays after the end of a connection are normal everywhere, and point to nothing.
const [LEAST_INVALID, LEAST_INVALID_PER_SECOND] = [3, 1];
// Nearly every firewall drops invalid packets, as it should: a warning takes one in a hundred of all packets.
const ALARMING_SHARE = 0.01;

/** The table with the most invalid packets; undefined if they are too few to report. */
export function mostInvalid({ results, observation: { machine } }: Evaluation): TableResult | undefined {
  const packets = (result: TableResult) => invalidPackets(result, machine);
  const [most] = results.slice().sort((a, b) => packets(b) - packets(a));
  if (most?.losses === undefined) return undefined;
  const isMuch = packets(most) >= LEAST_INVALID && packets(most) / most.losses.seconds >= LEAST_INVALID_PER_SECOND;
  return isMuch ? most : undefined;
}

// ip_conntrack also counts each ICMP error about a tracked connection, which rules see as RELATED: ip_conntrack_in().
function invalidPackets(result: TableResult, { generation }: Machine): number {
  const related = generation === 'ip_conntrack' ? events(result, 'icmp_error') : 0;
  return Math.max(0, events(result, 'invalid') - related);
}

interface InvalidCauses {
  /** For the table that `mostInvalid` names. */
  readonly handling?: InvalidHandling | undefined;
}

export const INVALID: LeadForm<InvalidLead, StacksSeen, InvalidCauses> = {
  read: readStacks,
  readCauses: (root, { evaluation }) => {
    const table = mostInvalid(evaluation)?.table;
    const { generation } = evaluation.observation.machine;
    return table === undefined ? {} : { handling: readInvalidHandling(root, generation, table) };
  },
  judge: judgeInvalid,
  clause: invalidClause,
  notes: invalidNotes,
};

function judgeInvalid({
  evaluation,
  handling,
  between,
}: Surroundings<StacksSeen> & InvalidCauses): readonly InvalidLead[] {
  const most = mostInvalid(evaluation);
  if (most?.losses === undefined || handling === undefined) return [];
  const { table, losses } = most;
  const packets = invalidPackets(most, evaluation.observation.machine);
  const received = between === undefined ? 0 : riseOf(between, table, 'InReceives');
  const share = received > 0 ? Math.min(1, packets / received) : undefined;
  const dropped = (handling.rules ?? []).length > 0 && (share ?? 0) >= ALARMING_SHARE;
  const perSecond = packets / losses.seconds;
  return [{ kind: 'invalid', state: dropped ? 'warning' : 'ok', table, perSecond, share, handling }];
}

function invalidClause(lead: InvalidLead, evaluated: Evaluated): string {
  return `${rate(lead.perSecond)} invalid packets/s are counted in ${tableWords(evaluated, lead.table)}${ruleClause(lead)}`;
}

// It is unknown if a rule dropped these very packets, and if they were more than strays.
function ruleClause({ handling: { rules = [] } }: InvalidLead): string {
  return rules.length === 0 ? '' : ', and a rule drops such packets';
}

function invalidNotes(lead: InvalidLead, { evaluation }: Evaluated): readonly Note[] {
  const { generation } = evaluation.observation.machine;
  const { settings } = lead.handling;
  const values = SETTINGS.flatMap((name) =>
    settings[name] === undefined ? [] : [`${generation}_${name} ${settings[name]}`],
  );
  return [
    note(`They match no entry and create none. ${shareWords(lead)}`),
    note(
      `Likely reasons: only one direction passes here (asymmetric routing); connections older than the tracking (${generation}_tcp_loose 0 refuses them); sequence numbers out of the window (${generation}_tcp_be_liberal 1 accepts them); bad checksums (${generation}_checksum 0 skips the test).`,
    ),
    ...(values.length === 0 ? [] : [note(`Now: ${values.join(', ')}.`)]),
    ...ruleNotes(lead),
    ...whichNotes(lead, evaluation.observation.machine),
  ];
}

function shareWords({ share }: InvalidLead): string {
  const normal = 'are normal when connections end: a lead, not a verdict.';
  if (share === undefined) return `Some ${normal}`;
  const percent = 100 * share;
  const words = percent < 0.1 ? 'less than 0.1%' : `about ${percent.toFixed(percent < 10 ? 1 : 0)}%`;
  return `They are ${words} of the packets received; some ${normal}`;
}

function ruleNotes({ table, handling: { rules } }: InvalidLead): readonly Note[] {
  if (rules === undefined) return [note('The rules could not be read: a rule may drop them.')];
  if (rules.length === 0) return [note('No rule drops them as invalid; the policy of a chain still may.')];
  const before = inNamespace({ subject: table });
  const [first] = rules;
  const rest = rules.length > 3 ? ` And ${rules.length - 3} more.` : '';
  const places = rules.slice(0, 3).map(ruleWords).join('; ');
  return [
    note(
      `Dropped by ${places}.${rest} A rule may have other conditions too:`,
      ...(first === undefined ? [] : [before + ruleCommand(first)]),
    ),
  ];
}

function ruleWords({ tool, family, table, chain, handle, packets }: DropRule): string {
  const place = [tool, family, foreign(table), foreign(chain)].filter(Boolean).join(' ');
  const number = handle === undefined ? '' : `, handle ${handle}`;
  return `${place}${number}${packets === undefined ? '' : ` (${grouped(packets)} packets so far)`}`;
}

function ruleCommand({ tool, family, table, chain }: DropRule): string {
  return tool === 'nft' ? `nft -a list chain ${family} ${table} ${chain}` : `${tool} -t ${table} -vnL ${chain}`;
}

// Other namespaces log nothing unless nf_log_all_netns is set in the initial one; before 4.7, which brought it, nothing.
function whichNotes({ table, handling }: InvalidLead, { generation, release }: Machine): readonly Note[] {
  const isOther = table.isInitial === false;
  if (isOther && release.ok && !atLeast(release.value, 4, 7))
    return [note('This kernel logs which packets, and why, only in the initial network namespace.')];
  const { logPrefix } = GENERATIONS[generation];
  const { on, off } = loggingCommands(table, handling, generation);
  const host = isOther ? '; of this namespace only after the first of these, on the host' : '';
  return [
    note(
      `The kernel can log each of them with the reason, as ${logPrefix}... (6 is TCP, 17 UDP, 255 all)${host}:`,
      ...on,
      `dmesg | grep ${logPrefix} | tail`,
    ),
    off,
  ];
}

function loggingCommands(table: Table, { settings }: InvalidHandling, generation: Generation) {
  const before = inNamespace({ subject: table });
  const name = `${GENERATIONS[generation].sysctlPrefix}log_invalid`;
  const everywhere = (value: 0 | 1) =>
    table.isInitial === false ? [`sysctl -w net.netfilter.nf_log_all_netns=${value}`] : [];
  const set = `${before}sysctl -w ${name}=6`;
  const value = settings.log_invalid;
  if (value === undefined) {
    const off = note(`and off again: set ${name} to the value that its first command printed.`, ...everywhere(0));
    return { on: [...everywhere(1), `${before}sysctl ${name}`, set], off };
  }
  const off = note('and off again:', `${before}sysctl -w ${name}=${value}`, ...everywhere(0));
  return { on: [...everywhere(1), set], off };
}
