// The table of the two generations of connection tracking: ip_conntrack (2.6.9 to 2.6.21: EL4, CentOS 5) and
// nf_conntrack (CentOS 6 to today). From 2.6.20 to 4.6 a compatibility shim provides the ip_ names next to the nf_
// ones.

export type Generation = 'nf_conntrack' | 'ip_conntrack';

export interface GenerationSpec {
  /** The directory of its sysctls; their names begin with the generation's name. */
  readonly directory: string;
  /** The paths of its limit, in order: OpenVZ gives each container its own in `netfilter/`. */
  readonly limitFiles: readonly string[];
  /** The same with dots, as sysctl(8) expects it. */
  readonly limitKeys: readonly [string, ...string[]];
  /** The prefix of its other sysctls, with dots. */
  readonly sysctlPrefix: string;
  /**
   * The name of its row in slabinfo. A cache per namespace has a pointer (2.6.33 to 4.0) or a number (to 4.8) after the
   * name.
   */
  readonly slabCache: RegExp;
  /** The prefix of its lines about invalid packets in the kernel's log. */
  readonly logPrefix: string;
  /** The file for options of the module. */
  readonly modprobeFile: string;
}

/** In search order: the shim may count another namespace. */
export const GENERATIONS = {
  nf_conntrack: {
    directory: '/proc/sys/net/netfilter',
    limitFiles: ['/proc/sys/net/netfilter/nf_conntrack_max', '/proc/sys/net/nf_conntrack_max'],
    limitKeys: ['net.netfilter.nf_conntrack_max', 'net.nf_conntrack_max'],
    sysctlPrefix: 'net.netfilter.nf_conntrack_',
    slabCache: /^nf_conntrack(?:_[0-9a-f]+)?$/,
    logPrefix: 'nf_ct_',
    modprobeFile: '/etc/modprobe.d/nf_conntrack.conf',
  },
  ip_conntrack: {
    directory: '/proc/sys/net/ipv4/netfilter',
    limitFiles: ['/proc/sys/net/ipv4/netfilter/ip_conntrack_max', '/proc/sys/net/ipv4/ip_conntrack_max'],
    limitKeys: ['net.ipv4.netfilter.ip_conntrack_max', 'net.ipv4.ip_conntrack_max'],
    sysctlPrefix: 'net.ipv4.netfilter.ip_conntrack_',
    slabCache: /^ip_conntrack$/,
    logPrefix: 'ip_ct_',
    modprobeFile: '/etc/modprobe.conf',
  },
} as const satisfies Readonly<Record<Generation, GenerationSpec>>;

export const GENERATION_NAMES: readonly Generation[] = ['nf_conntrack', 'ip_conntrack'];

/**
 * The factor between `hashsize` and the limit that the module sets when it is loaded, on every kernel
 * (nf_conntrack_core.c).
 */
export const LIMIT_PER_HASHSIZE = 8;

/** The path of the number of buckets: a parameter at load time, writable by root on a running kernel. */
export function hashsizeFile(generation: Generation): string {
  return `/sys/module/${generation}/parameters/hashsize`;
}
