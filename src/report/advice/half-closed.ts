// Connections that one end has closed, and the other has not: a program that forgets to close fills a table with them.
// The kernel calls that CLOSE_WAIT, whichever end it was (net/netfilter/nf_conntrack_proto_tcp.c).

import { STATES } from '../list/entry.ts';
import type { Holdings } from '../list/holders.ts';

export interface HalfClosedAdvice {
  readonly kind: 'half_closed';
  readonly port: number;
  readonly entries: number;
  readonly of: number;
}

// Half of all entries makes it the reason.
const DOMINANT = 0.5;

export function halfClosedAdvice({ groups, entries }: Holdings): readonly HalfClosedAdvice[] {
  const group = groups.find(({ state }) => STATES[state] === 'CLOSE_WAIT');
  if (group === undefined || group.entries < DOMINANT * entries) return [];
  return [{ kind: 'half_closed', port: group.port, entries: group.entries, of: entries }];
}
