// The lead of invalid packets in JSON.

import type { DropRule } from '../../../model/drop-rule.ts';
import type { Count } from '../../../words/body-types.ts';
import type { InvalidLead, InvalidSetting } from './invalid.ts';

export interface InvalidBody {
  /** share of all packets received; null if these are not counted */
  readonly share_percent: number | null;
  /** names without nf_conntrack_ or ip_conntrack_; empty where they cannot be read */
  readonly settings: Readonly<Partial<Record<InvalidSetting, Count>>>;
  /** that drop what is invalid; null where rules could not be read */
  readonly rules: readonly DropRuleBody[] | null;
}

export interface DropRuleBody {
  readonly tool: DropRule['tool'];
  /** for nft; empty for iptables */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle: Count | null;
  /** matched so far; null where it does not count them */
  readonly packets: Count | null;
}

export function invalidBody({ share, handling: { settings, rules } }: InvalidLead): InvalidBody {
  return {
    share_percent: share === undefined ? null : Number((100 * share).toFixed(3)),
    settings,
    rules: rules?.map((rule) => ruleBody(rule)) ?? null,
  };
}

function ruleBody({ handle, packets, ...rule }: DropRule): DropRuleBody {
  return { ...rule, handle: handle ?? null, packets: packets ?? null };
}
