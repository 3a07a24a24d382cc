// A base chain of the rules that drops what no rule of it accepts.

import type { IptablesTool } from './drop-rule.ts';

export interface FilterChain {
  /** The program that changes it. */
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for the others. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly hook: FilterHook;
  /** True if only the program that made the table may change it (nft's flag `owner`). */
  readonly isOwned: boolean;
}

export type FilterHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
