// Facts about a table other than the holders of its entries, and the parts that all advice against a culprit shares.

import type { OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { EntryUse } from '../../model/entry-use.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { Machine } from '../../model/machine.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import { percentWords } from '../../words/words.ts';
import type { Arrivals, Both } from '../list/arrivals.ts';

export interface Suspicion {
  /** Undefined if the new entries are unknown. */
  readonly arrivals: Arrivals | undefined;
  /** Refused new entries per second. */
  readonly refused: number;
  readonly limit: number;
  readonly machine: Pick<Machine, 'generation' | 'release'>;
  /** The addresses of the machine or container itself. */
  readonly own: OwnAddresses;
  /** The same for the namespace that the report runs in; differs if the table is another namespace's. */
  readonly host: OwnAddresses;
  readonly ssh: SshAccess;
  /** Undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
  /** The uses that the rules make of entries. */
  readonly uses?: readonly EntryUse[];
  /** nf_conntrack_tcp_loose; undefined if it could not be read. */
  readonly loose: number | undefined;
}

/** A part of the new entries. */
export interface Adds {
  readonly kind: Arrivals['kind'];
  readonly added: number;
  readonly of: number;
}

/** Share of the new entries, or of all, that makes one port, source or network the reason. */
export const DOMINANT = 0.5;
/** Advice that affects a smaller share of the entries does not relieve a table. */
export const WORTHWHILE = 0.1;
/** Nearly all of a group, or of the table. */
export const NEARLY_ALL = 0.9;
export const HALF_STATES = ['SYN_SENT', 'SYN_RECV'];
export const [TCP, UDP] = [6, 17];

/** The row that adds most. */
export function mostAdded(rows: readonly Both[]): Both | undefined {
  return rows.slice().sort((a, b) => b.added - a.added)[0];
}

export function addsOf({ added }: Both, { kind, added: { entries } }: Arrivals): Adds {
  return { kind, added, of: entries };
}

/** New entries of connections that are not completed. */
export function halfOpen({ added: { kinds } }: Arrivals): number {
  return kinds.reduce((sum, { state, entries }) => sum + (HALF_STATES.includes(state) ? entries : 0), 0);
}

/**
 * True if ssh sessions may use a TCP port. If not all sessions are known, they may use any port with an established
 * connection to this machine.
 */
export function maybeSsh({ ports, isComplete, established }: SshAccess, port: number): boolean {
  return ports.has(port) || (!isComplete && established?.has(port) !== false);
}

/** Fresh entries need not be new: `98.1% of the new ones`. */
export function shareOfNew({ kind, added, of }: Adds): string {
  const share = percentWords((100 * added) / Math.max(1, of));
  return kind === 'new' ? `${share} of the new ones` : `${share} of those that began or were retried just now`;
}

/** Follows the share of the entries: `and 98.1% of the new ones`; empty if it is unknown. */
export function addsWords(adds: Adds | undefined): string {
  return adds === undefined ? '' : ` and ${shareOfNew(adds)}`;
}
