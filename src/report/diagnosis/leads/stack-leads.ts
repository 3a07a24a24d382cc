// What a namespace's own stack loses, in words: at its sockets, and at the reverse path filter.

import { inNamespace } from '../../advice/step.ts';
import { type Note, note, rate } from './lead-note.ts';
import type { Lead } from './leads.ts';

type StackLeadOf = Extract<Lead, { counter: unknown }>;

export function stackClause({ kind, perSecond, counter }: StackLeadOf, where: string): string {
  const why = counter === 'ListenOverflows' ? ': too many wait to be accepted' : '';
  switch (kind) {
    case 'listen':
      return `listening sockets of ${where} turn away ${rate(perSecond)} connection attempts/s${why}`;
    case 'backlog':
      return `sockets of ${where} drop ${rate(perSecond)} TCP segments/s: too many wait to be read`;
    case 'udp':
      return `sockets of ${where} drop ${rate(perSecond)} datagrams/s: too many wait to be read`;
    case 'rp_filter':
      return `the reverse path filter of ${where} drops ${rate(perSecond)} packets/s`;
  }
}

export function stackNotes({ kind, counter, table }: StackLeadOf): readonly Note[] {
  const before = inNamespace({ subject: table });
  const slow = `${counter} rises: a program is too slow, or its queue too short.`;
  switch (kind) {
    case 'listen':
      return [note(`${slow} Where Recv-Q has reached Send-Q (at most net.core.somaxconn):`, `${before}ss -ltnp`)];
    case 'backlog':
      return [note(`${slow} Where Recv-Q is long:`, `${before}ss -tnp`)];
    case 'udp':
      return [note(`${slow} Where Recv-Q is long:`, `${before}ss -uanp`)];
    case 'rp_filter':
      return [
        note(
          `${counter} rises: they came in by an interface that answers would not go out by (asymmetric routing). 1 is strict, 2 takes what any interface would answer; the larger of all and the interface's counts:`,
          `${before}sysctl -ar 'ipv4.*[.]rp_filter'`,
        ),
      ];
  }
}
