// A rule that refuses connections by number or rate, or a table that an earlier step of a report made.

import type { IptablesTool } from './drop-rule.ts';

export interface RefusingRule {
  /** The program that lists and changes it. */
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for the others. */
  readonly family: string;
  readonly table: string;
  /** Empty if the whole table is meant. */
  readonly chain: string;
  /** True if a step of a report made it. */
  readonly isOurs: boolean;
  /** Packets refused since it was loaded; undefined if it does not count them. */
  readonly packets: number | undefined;
}
