// A rule that drops invalid packets, and the programs that list and change rules of iptables.

/** What lists the rules of iptables: one of two programs, by the half of the kernel that it asks; the plain name is either. */
export type IptablesTool =
  | 'iptables'
  | 'iptables-nft'
  | 'iptables-legacy'
  | 'ip6tables'
  | 'ip6tables-nft'
  | 'ip6tables-legacy';

export interface DropRule {
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for the others. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** nft's number of the rule. */
  readonly handle: number | undefined;
  /** Packets matched so far; undefined if the rule does not count them. */
  readonly packets: number | undefined;
}
