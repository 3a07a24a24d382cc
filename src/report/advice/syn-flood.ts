// A SYN flood with forged sources: nearly all that is new is not completed, and no source or network has more than a few.

import { atLeast } from '../../evaluate/kernel-version.ts';
import type { Machine } from '../../model/machine.ts';
import type { Arrivals } from '../list/arrivals.ts';
import type { Holder, Holdings } from '../list/holders.ts';
import {
  type Adds,
  addressKey,
  DOMINANT,
  HALF_STATES,
  halfOpen,
  maybeSsh,
  mostAdded,
  type Suspicion,
} from './suspicion.ts';

/** What new connections that are not completed are for. */
export interface Target {
  readonly destination: Pick<Holder, 'key' | 'ipv6'> | undefined;
  readonly port: number;
  /** Whether it is the machine or container itself. */
  readonly own: boolean;
}

interface SynFlood {
  readonly target: Target;
  /** Of what is added, the part that is not completed. */
  readonly half: Adds;
  /** No source adds more than that. */
  readonly most: number;
  /** Whether ssh sessions may use that port. */
  readonly isSsh: boolean;
}

export type SynFloodAdvice =
  | (SynFlood & {
      readonly kind: 'synproxy';
      /** nf_conntrack_tcp_loose as it was read. */
      readonly loose: number;
      /** Known ports of ssh, whose sessions have to have entries. */
      readonly sshPorts: readonly number[];
    })
  /** At most so many new connections per second. */
  | (SynFlood & { readonly kind: 'rate_limit'; readonly perSecond: number; readonly seconds: number });

const SHARE_HALF_OPEN = 0.8;
const MOST_OF_SOURCE = 0.05;
const MOST_OF_NETWORK = 0.2;
const LEAST_COUNTED = 100;

export function synFloodAdvice(found: Suspicion, holdings: Holdings, adders: Arrivals): readonly SynFloodAdvice[] {
  const { added, both, counted, kind } = adders;
  const { entries: of, rankings } = added;
  const half = halfOpen(adders);
  const most = (mostAdded(both.sources)?.added ?? 0) + rankings.sources.lacking;
  const ofNetwork = (mostAdded(both.networks)?.added ?? 0) + rankings.networks.lacking;
  const isForged = most <= MOST_OF_SOURCE * of && ofNetwork <= MOST_OF_NETWORK * of;
  const target = targetOf(found, adders);
  if (counted < LEAST_COUNTED || half < SHARE_HALF_OPEN * of || !isForged || target === undefined) return [];
  const isSsh = maybeSsh(found.ssh, target.port);
  const flood = { target, half: { kind, added: half, of }, most, isSsh };
  return [...synproxy(found, holdings, flood), ...rateLimit(found, holdings, flood)];
}

// Since 3.12. If a zone is set, the SYNs are tracked whatever a rule says. It needs tcp_loose=0, with which a session that
// lost its entry is cut off: never for the port of the sessions themselves.
function synproxy(
  { machine: { release }, loose, ssh }: Suspicion,
  { zoned }: Holdings,
  flood: SynFlood,
): readonly SynFloodAdvice[] {
  const isPossible = zoned === 0 && release.ok && atLeast(release.value, 3, 12);
  if (!isPossible || loose === undefined || flood.isSsh) return [];
  return [{ kind: 'synproxy', ...flood, loose, sshPorts: Array.from(ssh.listening) }];
}

function targetOf({ own }: Suspicion, { both, added: { entries: of } }: Arrivals): Target | undefined {
  const [port, destination] = [mostAdded(both.ports), mostAdded(both.destinations)];
  if (port === undefined || port.added < DOMINANT * of) return undefined;
  const number = (port.key[0] ?? 0) & 0xffff;
  if (destination === undefined || destination.added < DOMINANT * of)
    return { destination: undefined, port: number, own: false };
  return { destination, port: number, own: own.has(addressKey(destination)) };
}

// For as long as one of them lives they cannot take more than half of the table.
function rateLimit({ limit, machine }: Suspicion, { timeouts }: Holdings, flood: SynFlood): readonly SynFloodAdvice[] {
  const kept = timeouts.filter(({ name }) => HALF_STATES.some((state) => name.endsWith(state.toLowerCase())));
  const seconds = Math.max(0, ...kept.map(({ seconds: given = 0 }) => given));
  const wish = Math.floor(limit / 2 / seconds);
  if (machine.generation !== 'nf_conntrack' || seconds === 0 || wish === 0) return [];
  return [{ kind: 'rate_limit', ...flood, perSecond: expressible(wish, machine), seconds }];
}

// Parts of a second that hashlimit of iptables(8) counts in: a rate is kept as a whole number of them for each packet, so
// that 7,000 becomes 10,000 with the coarser ones (parse_rate() of libxt_hashlimit.c). The finer ones: 4.9, iptables 1.6.1.
const SCALE = 1_000_000;
const SCALE_BEFORE_4_9 = 10_000;

/** The largest rate, not above `perSecond`, that hashlimit takes and keeps to within one per second. */
function expressible(perSecond: number, { release }: Pick<Machine, 'release'>): number {
  const scale = release.ok && atLeast(release.value, 4, 9) ? SCALE : SCALE_BEFORE_4_9;
  const isKept = scale / Math.floor(scale / perSecond) < perSecond + 1;
  return isKept ? perSecond : Math.floor(scale / Math.ceil(scale / perSecond));
}
