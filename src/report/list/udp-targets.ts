// Targets of destination NAT for UDP over IPv4: where the entries of one address and port lead.

import type { Entry } from './entry.ts';
import { heaviest, type Tally } from './tally.ts';

/** Entries whose destination NAT leads from one address and port to another. Addresses are 32-bit words. */
export interface UdpTarget {
  readonly destination: number;
  readonly port: number;
  readonly target: number;
  readonly targetPort: number;
  readonly entries: number;
  /** Entries that have seen a reply. */
  readonly replied: number;
}

const UDP = 17;
export const UDP_TARGET_KEY_WORDS = 4;
const MOST_TARGETS = 100;

const targetKey = new Int32Array(UDP_TARGET_KEY_WORDS);

/** True for UDP over IPv4; call it for translated destinations. */
export function hasUdpTarget({ protocol, original }: Entry): boolean {
  return protocol === UDP && !original.ipv6;
}

/** Both ports, the destination, where it is translated to, and whether that has answered; always the same object. */
export function udpTargetKey({ original, reply, unreplied }: Entry): Int32Array {
  targetKey[0] = (original.destinationPort << 16) | reply.sourcePort;
  targetKey[1] = original.destination[0] ?? 0;
  targetKey[2] = reply.source[0] ?? 0;
  targetKey[3] = unreplied ? 0 : 1;
  return targetKey;
}

/** Most entries first. */
export function udpTargetsOf(tally: Tally): readonly UdpTarget[] {
  const targets = new Map<string, UdpTarget>();
  for (const { key, count } of heaviest(tally, MOST_TARGETS)) {
    const [ports = 0, destination = 0, target = 0, hasReply = 0] = key;
    const name = [ports, destination, target].join();
    const { entries, replied } = targets.get(name) ?? { entries: 0, replied: 0 };
    targets.set(name, {
      ...{ destination, port: ports >>> 16, target, targetPort: ports & 0xffff },
      entries: entries + count,
      replied: replied + hasReply * count,
    });
  }
  return Array.from(targets.values());
}
