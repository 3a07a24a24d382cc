// Invalid packets in words: how many, why that may be, which rule drops them, and what tells which they are.

import { GENERATIONS } from '../../../model/generation.ts';
import type { DropRule, InvalidSetting } from '../../../model/other-limits.ts';
import { grouped } from '../../../words/prose.ts';
import { foreign } from '../../../words/words.ts';
import { inNamespace } from '../../advice/step.ts';
import { type ReportFindings, tableWords } from '../../report-findings.ts';
import { type Note, note, rate } from './lead-note.ts';
import type { InvalidLead } from './leads.ts';

export function invalidClause(lead: InvalidLead, found: ReportFindings): string {
  return `${rate(lead.perSecond)} invalid packets/s are counted in ${tableWords(found, lead.table)}${ruleClause(lead)}`;
}

// Neither that a rule has dropped these very packets, nor that they were worth more than strays, is known.
function ruleClause({ handling: { rules = [] } }: InvalidLead): string {
  return rules.length === 0 ? '' : ', and a rule drops such packets';
}

const SETTING_NAMES: readonly InvalidSetting[] = ['tcp_loose', 'tcp_be_liberal', 'checksum', 'log_invalid'];

export function invalidNotes(lead: InvalidLead, found: ReportFindings): readonly Note[] {
  const { generation } = found.evaluation.observation.machine;
  const { settings } = lead.handling;
  const told = SETTING_NAMES.flatMap((name) =>
    settings[name] === undefined ? [] : [`${generation}_${name} ${settings[name]}`],
  );
  return [
    note(`They belong to no entry and make none. ${shareWords(lead)}`),
    note(
      `Likely reasons: only one direction comes by here (asymmetric routing); connections that began before they were tracked (${generation}_tcp_loose 0 refuses them); sequence numbers out of the window (${generation}_tcp_be_liberal 1 takes them); bad checksums (${generation}_checksum 0 does not look).`,
    ),
    ...(told.length === 0 ? [] : [note(`Now: ${told.join(', ')}.`)]),
    ...ruleNotes(lead),
    ...whichNotes(lead, found),
  ];
}

function shareWords({ share }: InvalidLead): string {
  const normal = 'some are normal when connections end: a lead, not a verdict.';
  if (share === undefined) return `That ${normal}`.replace('That some', 'Some');
  const percent = 100 * share;
  const words = percent < 0.1 ? 'less than 0.1%' : `about ${percent.toFixed(percent < 10 ? 1 : 0)}%`;
  return `They are ${words} of the packets received; ${normal}`;
}

function ruleNotes({ table, handling: { rules } }: InvalidLead): readonly Note[] {
  if (rules === undefined) return [note('Whether a rule drops them is not known: the rules could not be read.')];
  if (rules.length === 0)
    return [note('No rule was found that drops them for being invalid; the policy of a chain still may.')];
  const before = inNamespace({ subject: table });
  const [first] = rules;
  const more = rules.length > 3 ? ` And ${rules.length - 3} more.` : '';
  const told = rules.slice(0, 3).map(ruleWords).join('; ');
  return [
    note(
      `Dropped by ${told}.${more} A rule may have other conditions too:`,
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

// In the log of the initial namespace there is nothing of others unless that is asked for.
function whichNotes({ table, handling }: InvalidLead, found: ReportFindings): readonly Note[] {
  const { generation } = found.evaluation.observation.machine;
  const before = inNamespace({ subject: table });
  const { sysctlPrefix, logPrefix } = GENERATIONS[generation];
  const name = `${sysctlPrefix}log_invalid`;
  const isOther = table.isInitial === false;
  const everywhere = (value: 0 | 1) => (isOther ? [`sysctl -w net.netfilter.nf_log_all_netns=${value}`] : []);
  return [
    note(
      `Which, and why: the kernel writes each to its log, as ${logPrefix}... and the reason (6 is TCP, 17 UDP, 255 all)${isOther ? '; of this namespace only after the first of these, on the host' : ''}:`,
      ...everywhere(1),
      `${before}sysctl -w ${name}=6`,
      `dmesg | grep ${logPrefix} | tail`,
    ),
    note('and off again:', `${before}sysctl -w ${name}=${handling.settings.log_invalid ?? 0}`, ...everywhere(0)),
  ];
}
