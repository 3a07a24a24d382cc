// A base chain that drops packets which none of its rules accepts.

import type { IptablesTool } from './drop-rule.ts';

export interface FilterChain {
  /** The program that changes the chain. */
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for iptables. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly hook: FilterHook;
  /** True if only the program that made the table may change it (nft's flag `owner`). */
  readonly isOwned: boolean;
}

export type FilterHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
