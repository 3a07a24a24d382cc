// Packets are lost to clashes that no shortage of ports explains.
//   When    there is no such shortage, or it could not be read
//   Cost    none: the command shows counters

import { inNamespace } from '../../words/in-namespace.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { PASSING, type Place, type Step, typedStep } from './step.ts';

export interface ClashAdvice {
  readonly kind: 'clash';
  readonly isNatKnown: boolean;
}

export const clashRow = adviceRow(clashAdvice, clashStep);

export function clashAdvice({ shortage }: Pick<Case, 'shortage'>): readonly ClashAdvice[] {
  return typeof shortage === 'string' ? [{ kind: 'clash', isNatKnown: shortage === 'none' }] : [];
}

export function clashStep({ isNatKnown }: ClashAdvice, context: Place): Step {
  return {
    title: 'Find out which packets clash: the table has room for them.',
    ...typedStep(inNamespace(context), [{ kind: 'look', line: 'conntrack -S' }]),
    notes: [
      'Shows insert_failed and clash_resolve per CPU.',
      isNatKnown
        ? 'No translated address visible here is short of ports.'
        : 'A shortage of NAT ports is visible only to root: run this report as root.',
      'A likely cause, unless NAT is short of ports: two packets of one new flow at the same time, as from a resolver that asks for A and AAAA from one socket (options single-request-reopen in its resolv.conf); each one that is lost costs a retry.',
      'A higher limit of entries does not help.',
    ],
    ...PASSING,
  };
}
