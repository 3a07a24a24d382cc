// What is known of a table besides who holds its entries, and what the pieces of advice against a culprit share.

import type { FilterChain } from '../../model/filter-chain.ts';
import type { Machine } from '../../model/machine.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import { percentWords } from '../../words/words.ts';
import type { Arrivals, Both } from '../list/arrivals.ts';
import type { OwnAddresses } from './own-addresses.ts';

export interface Suspicion {
  /** Undefined if it is not known what is added. */
  readonly arrivals: Arrivals | undefined;
  /** New entries per second that found no room. */
  readonly refused: number;
  readonly limit: number;
  readonly machine: Pick<Machine, 'generation' | 'release'>;
  /** The addresses of the machine or container itself. */
  readonly own: OwnAddresses;
  /** Those of the namespace that the report runs in: the same, unless the table is another namespace's. */
  readonly host: OwnAddresses;
  readonly ssh: SshAccess;
  /** Undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
  /** nf_conntrack_tcp_loose; undefined if it could not be read. */
  readonly loose: number | undefined;
}

/** A part of what is added. */
export interface Adds {
  readonly kind: Arrivals['kind'];
  readonly added: number;
  readonly of: number;
}

/** Half of what is added, or of all entries, is what makes one port, source or network the reason. */
export const DOMINANT = 0.5;
/** What helps a smaller part of the entries does not relieve a table. */
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

/** Of what is added, the entries of connections that are not completed. */
export function halfOpen({ added: { kinds } }: Arrivals): number {
  return kinds.reduce((sum, { state, entries }) => sum + (HALF_STATES.includes(state) ? entries : 0), 0);
}

/**
 * Whether a TCP port may be one that ssh sessions use. If not all of them are known, any port with an established
 * connection to this machine may be.
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
