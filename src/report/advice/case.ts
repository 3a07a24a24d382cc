// The facts that each piece of advice is judged by: the diagnosis, and the table that it is about.

import type { Evaluation } from '../../evaluate/evaluate.ts';
import type { OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { EntryUse } from '../../model/entry-use.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { RefusingRule } from '../../model/refusing-rule.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Shortage } from '../diagnosis/nat-ports.ts';
import type { Trouble } from '../diagnosis/table-trouble.ts';
import type { Arrivals } from '../list/arrivals.ts';
import type { Holdings } from '../list/holders.ts';

export interface Case {
  readonly evaluation: Evaluation;
  readonly diagnosis: Diagnosis;
  /** Undefined if its list could not be read. */
  readonly holdings: Holdings | undefined;
  /** New entries; undefined if they are unknown. */
  readonly arrivals?: Arrivals | undefined;
  /** The addresses of the machine or container itself. */
  readonly own: OwnAddresses;
  /** The same for the namespace that the report runs in. */
  readonly host: OwnAddresses;
  readonly ssh: SshAccess;
  /** Chains of its namespace that drop what no rule accepts; undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
  /** The uses that its rules make of entries. */
  readonly uses?: readonly EntryUse[];
  /** Rules of its namespace that refuse connections, or are of an earlier step; undefined likewise. */
  readonly refusing: readonly RefusingRule[] | undefined;
  readonly timers: TimerOrigin;
  /** The shortage of NAT ports, if packets are lost to clashes. */
  readonly shortage: Shortage;
  /** The sysctls of its namespace that could be read, by name without the generation's prefix. */
  readonly settings: ReadonlyMap<string, number>;
}

/** A case with the list of its table. */
export interface ListedCase extends Case {
  readonly holdings: Holdings;
}

/**
 * The source of the entries' timeouts: the sysctls alone, or also rules with a policy (`ct timeout`), or conntrackd,
 * which copies entries from another machine. `unknown` if the rules could not be read.
 */
export type TimerOrigin = 'sysctls' | 'policies' | 'conntrackd' | 'unknown';

export const TABLE_FULL: readonly Trouble[] = ['losing', 'full', 'filling'];
