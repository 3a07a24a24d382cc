// What makes room at once: entries that one filter of conntrack(8) names, and that nobody misses, or that have been
// silent for long. A timeout that is shortened does nothing for those that are there.

import type { SshAccess } from '../../model/ssh-access.ts';
import { STATES } from '../list/entry.ts';
import type { Group, Holder, Holdings } from '../list/holders.ts';
import { timeoutName } from '../list/timeouts.ts';
import { maybeSsh } from './suspicion.ts';

export interface ReleaseAdvice {
  readonly kind: 'free';
  readonly group: Group;
  /** Where nearly all of the group have the same. */
  readonly source: Holder | undefined;
  /** How many it ends, at the least. */
  readonly entries: number;
  readonly of: number;
  /**
   * What that costs. `half-open`: connections that are just being made are tried again. `ended`: nothing. `silent`: those
   * of the group that still live end, or are taken up again. `datagrams`: the next one makes a new entry.
   */
  readonly cost: 'half-open' | 'ended' | 'silent' | 'datagrams';
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** Less than this part of the entries does not relieve a table. */
export const WORTHWHILE = 0.1;
// Of a group that is not ended for its state alone.
const NEARLY_ALL = 0.9;
const UDP = 17;

const HALF_OPEN: readonly string[] = ['SYN_SENT', 'SYN_RECV'];
const ENDED: readonly string[] = ['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT'];
const OPEN: readonly string[] = ['ESTABLISHED', 'CLOSE_WAIT'];

/** Open connections of ssh stay: a firewall may not let them be picked up again. */
export function releaseAdvice(holdings: Holdings, ssh: SshAccess): readonly ReleaseAdvice[] {
  const { entries, ipv6, groups } = holdings;
  for (const group of groups) {
    const cost = costOf(group, holdings, ssh);
    if (cost === undefined || group.entries < WORTHWHILE * entries) continue;
    const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
    return [{ kind: 'free', group, ...narrowest(group, holdings), of: entries, cost, ...families }];
  }
  return [];
}

function costOf(group: Group, { timeouts }: Holdings, ssh: SshAccess): ReleaseAdvice['cost'] | undefined {
  const state = STATES[group.state] ?? '';
  if (group.protocol === UDP) return 'datagrams';
  if (HALF_OPEN.includes(state)) return 'half-open';
  if (ENDED.includes(state)) return 'ended';
  const kept = timeouts.find(({ name }) => name === timeoutName(group));
  const isSilent = kept !== undefined && kept.ended >= NEARLY_ALL * kept.entries;
  return isSilent && OPEN.includes(state) && !maybeSsh(ssh, group.port) ? 'silent' : undefined;
}

// Two parts of a whole that together are more than the whole have at least the rest in common.
function narrowest(group: Group, { rankings, entries }: Holdings): Pick<ReleaseAdvice, 'source' | 'entries'> {
  const source = rankings.sources.holders[0];
  const common = (source?.entries ?? 0) + group.entries - entries;
  return common >= NEARLY_ALL * group.entries
    ? { source, entries: common }
    : { source: undefined, entries: group.entries };
}
