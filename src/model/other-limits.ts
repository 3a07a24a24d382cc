// What may lose packets while no table is full: other limits and counters of the machine and of its network namespaces.

/**
 * Counters of a network namespace's own stack, under the kernel's names; one that is not told has no key. `InReceives`
 * (packets, whoever they were for) and `RcvbufErrors` (UDP) are of both families.
 */
export type StackCounterName =
  | 'ListenOverflows'
  | 'ListenDrops'
  | 'TCPBacklogDrop'
  | 'RcvbufErrors'
  | 'IPReversePathFilter'
  | 'InReceives';
export type StackCounters = Readonly<Partial<Record<StackCounterName, number>>>;

/** A table of neighbours, which all namespaces share. */
export interface NeighbourCache {
  readonly name: 'arp_cache' | 'ndisc_cache';
  readonly entries: number;
  /** How often since boot there was no room for one more, an unsigned 32-bit figure for each CPU. */
  readonly tableFulls: readonly number[];
  /** The most that it may hold, `gc_thresh3`; undefined where that cannot be read. */
  readonly limit: number | undefined;
}

/** What the cloud provider tracks of an interface, outside of the machine (Amazon's ena driver). */
export interface Allowance {
  readonly interface: string;
  /** Packets dropped since the interface came up. */
  readonly exceeded: number;
  /** Connections that may still be made; newer drivers tell. */
  readonly available: number | undefined;
}

/** Open vSwitch's own limit of a conntrack zone. */
export interface ZoneLimit {
  readonly zone: number;
  /** 0 is no limit. */
  readonly limit: number;
  readonly entries: number;
}

export interface Elsewhere {
  /** By the key of the namespace's table; of a bounded number of them. */
  readonly stacks: ReadonlyMap<string, StackCounters>;
  readonly neighbours: readonly NeighbourCache[];
  readonly allowances: readonly Allowance[];
  /** Empty where nobody asked for them. */
  readonly zones: readonly ZoneLimit[];
  /** Expected connections by the key of the namespace's table, where we may count them, and were asked to. */
  readonly expectations: ReadonlyMap<string, number>;
}

/** Sysctls that make packets invalid, or tell which are. */
export type InvalidSetting = 'tcp_loose' | 'tcp_be_liberal' | 'checksum' | 'log_invalid';

/** What lists the rules of iptables: one of two programs, by the half of the kernel that it asks; the plain name is either. */
export type IptablesTool =
  | 'iptables'
  | 'iptables-nft'
  | 'iptables-legacy'
  | 'ip6tables'
  | 'ip6tables-nft'
  | 'ip6tables-legacy';

/** A rule that drops what is invalid. */
export interface DropRule {
  readonly tool: 'nft' | IptablesTool;
  /** nft's family; empty for the others. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** nft's number of the rule. */
  readonly handle: number | undefined;
  /** Packets that it has matched so far, where it counts them. */
  readonly packets: number | undefined;
}

/** What makes packets of one namespace invalid, and what happens to them then. */
export interface InvalidHandling {
  readonly settings: Readonly<Partial<Record<InvalidSetting, number>>>;
  /** Undefined where the rules could not be seen. */
  readonly rules: readonly DropRule[] | undefined;
}
