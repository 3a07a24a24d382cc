// Connections that one end has closed and the other has not: a program that never closes fills a table with them. The
// kernel calls this CLOSE_WAIT, for either end (net/netfilter/nf_conntrack_proto_tcp.c).
//   When    half of all entries are in CLOSE_WAIT
//   Cost    none: the command shows sockets

import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { STATES } from '../list/entry.ts';
import { listedRow } from './advice-row.ts';
import type { ListedCase } from './case.ts';
import { PASSING, type Place, type Step, typedStep } from './step.ts';
import { DOMINANT } from './suspicion.ts';

export interface HalfClosedAdvice {
  readonly kind: 'half_closed';
  readonly port: number;
  readonly entries: number;
  readonly of: number;
}

export const halfClosedRow = listedRow(halfClosedAdvice, halfClosedStep);

export function halfClosedAdvice({ holdings }: Pick<ListedCase, 'holdings'>): readonly HalfClosedAdvice[] {
  const { groups, entries } = holdings;
  const group = groups.find(({ state }) => STATES[state] === 'CLOSE_WAIT');
  if (group === undefined || group.entries < DOMINANT * entries) return [];
  return [{ kind: 'half_closed', port: group.port, entries: group.entries, of: entries }];
}

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
