// A SYN flood with forged sources: nearly all new connections stay half-open, and no source or network has more than a
// few.

import { isOwnAddress } from '../../kernel/namespaces/own-addresses.ts';
import type { Arrivals } from '../list/arrivals.ts';
import { STATES } from '../list/entry.ts';
import type { Holdings } from '../list/holders.ts';
import { type Adds, DOMINANT, halfOpen, maybeSsh, mostAdded, type Suspicion, TCP } from './suspicion.ts';
import type { FloodTarget } from './target.ts';

export interface SynFlood {
  readonly target: FloodTarget;
  /** The half-open part of the new entries. */
  readonly half: Adds;
  /** Most entries that one source adds. */
  readonly most: number;
  /** True if ssh sessions may use that port. */
  readonly isSsh: boolean;
  /** False if the target is not this machine, and no entry of that port shows that its replies pass here. */
  readonly isAnswered: boolean;
}

const SHARE_HALF_OPEN = 0.8;
const MOST_OF_SOURCE = 0.05;
const MOST_OF_NETWORK = 0.2;
const LEAST_COUNTED = 100;

export function synFloodOf(suspicion: Suspicion, holdings: Holdings, adders: Arrivals): SynFlood | undefined {
  const { added, both, counted, kind } = adders;
  const { entries: of, rankings } = added;
  const half = halfOpen(adders);
  const most = (mostAdded(both.sources)?.added ?? 0) + rankings.sources.lacking;
  const ofNetwork = (mostAdded(both.networks)?.added ?? 0) + rankings.networks.lacking;
  const isForged = most <= MOST_OF_SOURCE * of && ofNetwork <= MOST_OF_NETWORK * of;
  const target = targetOf(suspicion, adders);
  if (counted < LEAST_COUNTED || half < SHARE_HALF_OPEN * of || !isForged || target === undefined) return undefined;
  const isAnswered = target.own === true || hasReplies(holdings, target);
  return { target, half: { kind, added: half, of }, most, isSsh: maybeSsh(suspicion.ssh, target.port), isAnswered };
}

// If only the clients' packets pass, genuine connections look like a flood: they stay in SYN_SENT.
function hasReplies({ groups }: Holdings, target: FloodTarget): boolean {
  return groups.some(
    ({ protocol, port, assured, state }) =>
      protocol === TCP && port === target.port && (assured || STATES[state] === 'SYN_RECV'),
  );
}

function targetOf({ own }: Suspicion, { both, added: { entries: of } }: Arrivals): FloodTarget | undefined {
  const [port, destination] = [mostAdded(both.ports), mostAdded(both.destinations)];
  if (port === undefined || port.added < DOMINANT * of) return undefined;
  const number = (port.key[0] ?? 0) & 0xffff;
  if (destination === undefined || destination.added < DOMINANT * of)
    return { destination: undefined, port: number, own: undefined };
  return { destination, port: number, own: isOwnAddress(own, destination) };
}
