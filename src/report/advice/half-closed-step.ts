// A program that does not close its connections.

import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import type { HalfClosedAdvice } from './half-closed.ts';
import { inNamespace, PASSING, type Place, type Step, typedStep } from './step.ts';

export function halfClosedStep({ port, entries, of }: HalfClosedAdvice, context: Place): Step {
  const line = `ss -tnp state close-wait '( sport = :${port} or dport = :${port} )'`;
  return {
    title: `Find the program that does not close: ${grouped(entries)} entries (${percentWords((100 * entries) / of)}) to tcp port ${port} are in CLOSE_WAIT.`,
    ...typedStep(inNamespace(context), [{ kind: 'look', line }]),
    notes: [
      'One end of each connection has closed and the other has not: the server of that port, or its client. Run the command on the machine of that program.',
      'A higher limit or a shorter timeout buys room but does not fix the cause.',
    ],
    ...PASSING,
  };
}
