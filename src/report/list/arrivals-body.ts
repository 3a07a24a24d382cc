// New entries of a table, for programs.

import type { Count } from '../../words/body-types.ts';
import { addressWords, networkWords, protocolWords } from './address.ts';
import type { Arrivals, Both } from './arrivals.ts';

/** Entries and new entries of one address or port. */
interface AddedBody {
  readonly entries: Count;
  readonly added: Count;
}

export interface ArrivalsBody {
  /** new: was not there a moment before. fresh: by the time that is left, began within the last seconds or was tried again without an answer. */
  readonly kind: 'new' | 'fresh';
  /** The time in which they were added. */
  readonly seconds: number;
  /** New entries that were seen; all other figures are estimates from them. */
  readonly counted: Count;
  /** Lines of the list that were compared. */
  readonly lines: Count;
  /** True if enough were seen for their shares to mean something. */
  readonly telling: boolean;
  /** added, in the whole list */
  readonly added: Count;
  /** addresses with most entries or most new entries */
  readonly sources: readonly AddedAddress[];
  readonly networks: readonly AddedAddress[];
  readonly destinations: readonly AddedAddress[];
  readonly ports: readonly AddedPort[];
  readonly kinds: readonly AddedKind[];
}

interface AddedAddress extends AddedBody {
  readonly address: string;
}

interface AddedPort extends AddedBody {
  readonly protocol: Count;
  readonly port: Count;
}

interface AddedKind {
  readonly protocol: Count;
  readonly name: string;
  readonly state: string | null;
  readonly offloaded: boolean;
  readonly added: Count;
}

export function arrivalsBody(arrivals: Arrivals): ArrivalsBody {
  const { kind, seconds, counted, read, telling, added, both, top } = arrivals;
  const shown = (rows: readonly Both[]) => rows.slice(0, top);
  const addresses = (rows: readonly Both[], words = addressWords) =>
    shown(rows).map(({ key, ipv6, ...figures }) => ({ address: words(key, ipv6), ...figuresOf(figures) }));
  return {
    kind,
    seconds: Number(seconds.toFixed(2)),
    counted,
    lines: read,
    telling,
    added: added.entries,
    sources: addresses(both.sources),
    networks: addresses(both.networks, networkWords),
    destinations: addresses(both.destinations),
    ports: shown(both.ports).map(({ key: [first = 0], ...figures }) => {
      return { protocol: first >>> 16, port: first & 0xffff, ...figuresOf(figures) };
    }),
    kinds: added.kinds.map(({ protocol, state, offloaded, entries }) => {
      return { protocol, name: protocolWords(protocol), state: state === '' ? null : state, offloaded, added: entries };
    }),
  };
}

function figuresOf({ entries, added }: Pick<Both, 'entries' | 'added'>): AddedBody {
  return { entries, added };
}
