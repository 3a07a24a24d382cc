// One entry of a table's list, as numbers.

/** One direction of a flow. Addresses are 32-bit words in network order: one of IPv4, four of IPv6. */
export interface Tuple {
  ipv6: boolean;
  readonly source: Int32Array;
  readonly destination: Int32Array;
  /** -1 where the protocol has no ports. */
  sourcePort: number;
  destinationPort: number;
}

/** One entry of a table's list. A list can have a million, so the reader fills the same object again for each. */
export interface Entry {
  /** IANA's number. */
  protocol: number;
  /** The place in STATES of what the protocol calls its state; 0 for none, or for one that is not known. */
  state: number;
  /** Seconds left; -1 if it is offloaded and its time is not listed. */
  seconds: number;
  unreplied: boolean;
  assured: boolean;
  offloaded: boolean;
  /** True if a direction, or both, have a zone; 0 is none. */
  zoned: boolean;
  /** Its number; 0 for none. */
  zone: number;
  readonly original: Tuple;
  readonly reply: Tuple;
}

/** Connection states as the kernel prints them: TCP's, SCTP's and DCCP's (net/netfilter/nf_conntrack_proto_*.c). */
export const STATES = [
  '',
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
  'LISTEN',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
  'HEARTBEAT_ACKED',
  'REQUEST',
  'RESPOND',
  'PARTOPEN',
  'OPEN',
  'CLOSEREQ',
  'CLOSING',
  'TIMEWAIT',
] as const;
