// The one table of the two generations of connection tracking: ip_conntrack (2.6.9 to 2.6.21: EL4, CentOS 5) and
// nf_conntrack (CentOS 6 to today). From 2.6.20 to 4.6 a compatibility shim has the ip_ names beside the nf_ ones.

export type Generation = 'nf_conntrack' | 'ip_conntrack';

export interface GenerationSpec {
  /** Where its sysctls are; their names begin with that of the generation. */
  readonly directory: string;
  /** Where its limit is, in order: OpenVZ gives each container its own in `netfilter/`. */
  readonly limitFiles: readonly string[];
  /** The same with dots, as sysctl(8) wants it. */
  readonly limitKeys: readonly [string, ...string[]];
  /** What its other sysctls have before their names, with dots. */
  readonly sysctlPrefix: string;
  /** Its row of slabinfo, by name; a cache for each namespace has a pointer (2.6.33 to 4.0) or a number (to 4.8) behind the name. */
  readonly slabCache: RegExp;
  /** How its lines about invalid packets begin in the kernel's log. */
  readonly logPrefix: string;
  /** Where options of the module belong. */
  readonly modprobeFile: string;
}

/** In the order in which they are looked for: the shim may count another namespace. */
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

/** What a module makes of its `hashsize` when it is loaded, on every kernel: the limit (nf_conntrack_core.c). */
export const LIMIT_PER_HASHSIZE = 8;

/** The number of buckets, which a module takes when it is loaded, and a running kernel as root. */
export function hashsizeFile(generation: Generation): string {
  return `/sys/module/${generation}/parameters/hashsize`;
}
