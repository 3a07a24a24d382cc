// A rule that drops invalid packets, and the programs that list and change rules of iptables.

/**
 * The program that lists the rules of iptables. Which half of the kernel it reads depends on its name; the plain name
 * may be either.
 */
export type IptablesTool =
  | 'iptables'
  | 'iptables-nft'
  | 'iptables-legacy'
  | 'ip6tables'
  | 'ip6tables-nft'
  | 'ip6tables-legacy';

export interface DropRule {
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for iptables. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** nft's handle of the rule. */
  readonly handle: number | undefined;
  /** Packets matched so far; undefined if the rule does not count them. */
  readonly packets: number | undefined;
}
