// Timeouts by kind of entry, and shorter values that can be advised.
// Names and defaults: net/netfilter/nf_conntrack_proto_*.c, nf_conntrack_standalone.c.

import { STATES } from './entry.ts';
import type { EntryClass } from './entry-class.ts';

/** Seconds by name, without `nf_conntrack_` or `ip_conntrack_`: `tcp_timeout_established`. */
export type Timeouts = ReadonlyMap<string, number>;

const [ICMP, TCP, UDP, DCCP, GRE, ICMPV6, SCTP, UDPLITE] = [1, 6, 17, 33, 47, 58, 132, 136];

/** Evidence of the timeout that is in force: the sysctl; entries that have more time left; or all of them much less. */
export type TimeoutBy = 'sysctl' | 'entries' | 'unsettled';

// A connection whose data is not acknowledged, or is sent again, has only so much.
const UNSETTLED = ['tcp_timeout_unacknowledged', 'tcp_timeout_max_retrans'] as const;
const UNACKNOWLEDGED_SECONDS = 300;
// Fewer may be chance.
const ENOUGH_ENTRIES = 30;

/** `longest` is the most that one of the entries has left. */
export function timeoutInForce(
  { name, longest, entries }: { readonly name: string; readonly longest: number; readonly entries: number },
  timeouts: Timeouts,
): { readonly seconds: number | undefined; readonly by: TimeoutBy } {
  const set = timeouts.get(name);
  if (set === undefined) return { seconds: undefined, by: 'sysctl' };
  if (longest > set) return { seconds: longest, by: 'entries' };
  const unsettled = Math.max(...UNSETTLED.map((other) => timeouts.get(other) ?? UNACKNOWLEDGED_SECONDS));
  const isUnsettled = name === 'tcp_timeout_established' && longest <= unsettled && set > 2 * unsettled;
  return isUnsettled && entries >= ENOUGH_ENTRIES
    ? { seconds: unsettled, by: 'unsettled' }
    : { seconds: set, by: 'sysctl' };
}

/** The timeout that an entry of this kind was given when its last packet came. */
export function timeoutName({ protocol, state, assured }: EntryClass): string {
  const named = (STATES[state] ?? '').toLowerCase();
  switch (protocol) {
    case TCP:
      return `tcp_timeout_${named}`;
    case UDP:
      return assured ? 'udp_timeout_stream' : 'udp_timeout';
    case UDPLITE:
      return assured ? 'udplite_timeout_stream' : 'udplite_timeout';
    case GRE:
      return assured ? 'gre_timeout_stream' : 'gre_timeout';
    case SCTP:
      return `sctp_timeout_${named}`;
    case DCCP:
      return `dccp_timeout_${named}`;
    case ICMP:
      return 'icmp_timeout';
    case ICMPV6:
      return 'icmpv6_timeout';
    default:
      return 'generic_timeout';
  }
}

/** Defaults of the kernel that are the same in all kernels in use. */
export const DEFAULT_TIMEOUTS: Timeouts = new Map([
  ['tcp_timeout_syn_sent', 120],
  ['tcp_timeout_syn_recv', 60],
  ['tcp_timeout_established', 432_000],
  ['tcp_timeout_fin_wait', 120],
  ['tcp_timeout_close_wait', 60],
  ['tcp_timeout_last_ack', 30],
  ['tcp_timeout_time_wait', 120],
  ['tcp_timeout_close', 10],
  ['udp_timeout', 30],
  ['icmp_timeout', 30],
  ['icmpv6_timeout', 30],
  ['generic_timeout', 600],
]);

// Values in wide use; a connection that is idle for longer loses its entry. 2 h 4 min is the least idle time for which
// RFC 5382 wants NAT to keep an open connection.
const SHORTER: Readonly<Record<string, readonly number[]>> = {
  tcp_timeout_syn_sent: [30],
  tcp_timeout_syn_recv: [20],
  tcp_timeout_established: [86_400, 7440],
  tcp_timeout_fin_wait: [30],
  tcp_timeout_close_wait: [60, 20],
  tcp_timeout_time_wait: [30],
  udp_timeout: [10],
  udp_timeout_stream: [60],
  icmp_timeout: [10],
  icmpv6_timeout: [10],
  generic_timeout: [120],
};

/** The next shorter value that can be advised; undefined if there is none. */
export function shorterTimeout(name: string, seconds: number): number | undefined {
  return SHORTER[name]?.find((shorter) => shorter < seconds);
}
