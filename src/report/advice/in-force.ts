// Rules that refuse connections by number or rate, and rules of an earlier step. Refused connections have no entry, so
// the table looks healthy.
//   When    an earlier step left rules, or a limit of others has refused packets
//   Cost    none: the commands show rules

import type { RefusingRule } from '../../model/refusing-rule.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped, listWords } from '../../words/prose.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { PASSING, type Place, type Step, typedStep } from './step.ts';

export interface InForceAdvice {
  readonly kind: 'in_force';
  readonly rules: readonly RefusingRule[];
}

export const inForceRow = adviceRow(inForceAdvice, inForceStep);

export function inForceAdvice({ refusing = [], diagnosis }: Case): readonly InForceAdvice[] {
  const isQuiet = diagnosis.trouble === 'none' || diagnosis.trouble === 'elsewhere';
  // A limit of others that does not count packets may refuse none.
  const rules = refusing.filter(({ isOurs, packets = isQuiet ? 0 : 1 }) => isOurs || packets > 0);
  return rules.length === 0 ? [] : [{ kind: 'in_force', rules }];
}

export function inForceStep({ rules }: InForceAdvice, context: Place): Step {
  const enter = inNamespace(context);
  const ours = rules.filter(({ isOurs, tool }) => isOurs && tool === 'nft');
  const lines = Array.from(new Set(rules.map(listing)));
  return {
    title: `Rules refuse connections here: ${listWords(rules.map(refusingRuleWords))}.`,
    ...typedStep(
      enter,
      lines.map((line) => ({ kind: 'look', line })),
    ),
    notes: [
      'Refused connections have no entry: clients may fail while the table has room.',
      ...(rules.some(({ isOurs }) => isOurs)
        ? ['Rules named check_conntrack come from an earlier step. Remove them once the flood is over.']
        : []),
      ...ours.map(({ family, table }) => `To remove them: ${enter}nft delete table ${family} ${table}`),
    ],
    ...PASSING,
  };
}

function refusingRuleWords({ tool, family, table, chain, packets }: RefusingRule): string {
  const place = [tool === 'nft' ? '' : tool, family, table, chain].filter(Boolean).join(' ');
  return packets === undefined ? place : `${place} (${grouped(packets)} packets)`;
}

function listing({ tool, family, table, chain }: RefusingRule): string {
  if (tool !== 'nft') return `${tool} -t ${table} -nvL ${chain}`.trim();
  return chain === '' ? `nft list table ${family} ${table}` : `nft list chain ${family} ${table} ${chain}`;
}
