// Packets are lost to clashes that no shortage of ports explains.
//   When    such a shortage is not there, or nobody may know whether it is
//   Cost    none: the command shows counters

import type { Case } from './case.ts';
import { inNamespace, PASSING, type Place, type Step, typedStep } from './step.ts';

export interface ClashAdvice {
  readonly kind: 'clash';
  readonly isNatKnown: boolean;
}

export function clashAdvice({ shortage }: Pick<Case, 'shortage'>): readonly ClashAdvice[] {
  return typeof shortage === 'string' ? [{ kind: 'clash', isNatKnown: shortage === 'none' }] : [];
}

export function clashStep({ isNatKnown }: ClashAdvice, context: Place): Step {
  return {
    title: 'Find out whose packets clash: the table has room for them.',
    ...typedStep(inNamespace(context), [{ kind: 'look', line: 'conntrack -S' }]),
    notes: [
      'Shows insert_failed and clash_resolve for each CPU.',
      isNatKnown
        ? 'No translated address that is visible here is short of ports.'
        : 'Not visible without root: a shortage of NAT ports. Run this report as root to see it.',
      'A likely cause, unless NAT is short of ports: two packets of one new flow at the same time, as from a resolver that asks for A and AAAA from one socket (options single-request-reopen in its resolv.conf); each one that is lost costs a retry.',
      'A higher limit of entries does not help.',
    ],
    ...PASSING,
  };
}
