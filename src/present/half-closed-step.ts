// Whose program does not close its connections.

import type { HalfClosedAdvice } from '../evaluate/half-closed.ts';
import { grouped } from './prose.ts';
import { inNamespace, type Place, type Step } from './step.ts';
import { percentWords } from './words.ts';

export function halfClosedStep({ port, entries, of }: HalfClosedAdvice, context: Place): Step {
  return {
    title: `Find the program that does not close: ${grouped(entries)} entries (${percentWords((100 * entries) / of)}) to tcp port ${port} are in CLOSE_WAIT.`,
    commands: [`${inNamespace(context)}ss -tnp state close-wait '( sport = :${port} or dport = :${port} )'`],
    instead: [],
    notes: [
      'One end of each has closed, and the other has not: what serves the port, or what uses it. The command shows it where that program runs.',
      'A higher limit or a shorter timeout gives room, and ends nothing of that.',
    ],
    inNamespace: false,
    files: [],
  };
}
