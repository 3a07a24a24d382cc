// What points elsewhere, for programs.

import type { State } from '../../../evaluate/state.ts';
import type { DropRule, InvalidSetting } from '../../../model/other-limits.ts';
import type { Count } from '../../../words/body-types.ts';
import { type NamespaceBody, namespaceBody } from '../../../words/namespace-body.ts';
import type { ReportFindings } from '../../report-findings.ts';
import { clauseOf, notesOf, tableOf } from './lead-words.ts';
import type { InvalidLead, Lead } from './leads.ts';

export interface LeadBody {
  readonly kind: Lead['kind'];
  readonly state: State;
  /** null for the machine as a whole */
  readonly namespace: NamespaceBody | null;
  /** between the two looks; null where it is no rate */
  readonly per_second: number | null;
  /** a sentence without its full stop */
  readonly text: string;
  readonly notes: readonly string[];
  readonly commands: readonly string[];
  /** null for other kinds */
  readonly invalid: InvalidBody | null;
}

export interface InvalidBody {
  /** of all packets received; null where these are not counted */
  readonly share_percent: number | null;
  /** names without nf_conntrack_ or ip_conntrack_; empty where they cannot be read */
  readonly settings: Readonly<Partial<Record<InvalidSetting, Count>>>;
  /** that drop what is invalid; null where rules could not be read */
  readonly rules: readonly DropRuleBody[] | null;
}

export interface DropRuleBody {
  readonly tool: DropRule['tool'];
  /** of nft; empty for iptables */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle: Count | null;
  /** matched so far; null where it does not count them */
  readonly packets: Count | null;
}

export function leadBody(lead: Lead, found: ReportFindings): LeadBody {
  const notes = notesOf(lead, found);
  const table = tableOf(lead);
  return {
    kind: lead.kind,
    state: lead.state,
    namespace: table === undefined ? null : namespaceBody(found.identities, table),
    per_second: 'perSecond' in lead && lead.perSecond > 0 ? lead.perSecond : null,
    text: clauseOf(lead, found),
    notes: notes.map(({ words }) => words),
    commands: notes.flatMap(({ commands }) => commands),
    invalid: lead.kind === 'invalid' ? invalidBody(lead) : null,
  };
}

function invalidBody({ share, handling: { settings, rules } }: InvalidLead): InvalidBody {
  return {
    share_percent: share === undefined ? null : Number((100 * share).toFixed(3)),
    settings,
    rules: rules?.map((rule) => ruleBody(rule)) ?? null,
  };
}

function ruleBody({ handle, packets, ...rule }: DropRule): DropRuleBody {
  return { ...rule, handle: handle ?? null, packets: packets ?? null };
}
