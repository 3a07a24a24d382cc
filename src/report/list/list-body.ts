// A list of entries for programs.

import type { Count } from '../../words/body-types.ts';
import { faultWords } from '../../words/faults.ts';
import type { NamespaceBody } from '../../words/namespace-body.ts';
import { foreignPath } from '../../words/words.ts';
import { protocolWords } from './address.ts';
import { type ArrivalsBody, arrivalsBody } from './arrivals-body.ts';
import {
  entriesInSample,
  type Holdings,
  isSourcePortTelling,
  oneWayService,
  type Sampled,
  samplingError,
} from './holders.ts';
import type { Listed } from './listing.ts';
import { type AddressRanking, addressRanking, type PortRanking, portRanking } from './ranking-body.ts';
import { type TimeoutBody, timeoutsBody } from './timeout-body.ts';

export type ListBody = ListHead & (ListFault | ListFigures);

interface ListHead {
  /** the namespace of the list; null for one that was captured elsewhere */
  readonly namespace: NamespaceBody | null;
  /**
   * True if the list is much shorter or longer than the table, so that it cannot be the table's; no advice is drawn
   * from it.
   */
  readonly foreign: boolean;
  /** sources and destinations that are an address of exactly one namespace of this machine, those with most entries first */
  readonly owners: readonly OwnerBody[];
}

interface OwnerBody {
  readonly address: string;
  /** pod, container, process or netns that has the address */
  readonly namespace: NamespaceBody;
}

export interface ListFault {
  /** why there is no list */
  readonly fault: string;
}

/** Counts of entries; where a sample was counted, what the whole list has about. */
export interface ListFigures {
  readonly source: string;
  /** false where the reading was stopped or cut off */
  readonly complete: boolean;
  /**
   * Set if the standalone executable counted an even random sample of a long list, or a check had no time for more;
   * counts are then estimates for the whole list. null: every line was counted.
   */
  readonly sample: SampleBody | null;
  readonly entries: Count;
  readonly lines_not_understood: Count;
  readonly ipv6: Count;
  readonly unreplied: Count;
  readonly assured: Count;
  readonly offloaded: Count;
  /** translated either way */
  readonly nat: Count;
  readonly source_nat: Count;
  readonly destination_nat: Count;
  /** Entries of a zone: with ct zone set in the rules notrack does nothing there. */
  readonly zoned: Count;
  /**
   * the zones with the most entries
   *
   * @maxItems 10
   */
  readonly zones: readonly ZoneBody[];
  /** New entries, by two readings or by the remaining time. */
  readonly arrivals: ArrivalsBody;
  readonly seconds_left: readonly SecondsLeft[];
  readonly sources: AddressRanking;
  readonly networks: AddressRanking;
  readonly destinations: AddressRanking;
  readonly ports: PortRanking;
  /** source ports below 32768, which clients do not choose by default; null unless they say more than destination ports */
  readonly source_ports: PortRanking | null;
  /**
   * The source port of half of the entries or more, and of at least 30, if they are ESTABLISHED without a reply: only one
   * direction of that service passes here, or it is a flood of ACKs. Else null.
   */
  readonly one_way: OneWayBody | null;
  readonly kinds: readonly KindBody[];
  /** names without nf_conntrack_ or ip_conntrack_ */
  readonly timeouts: readonly TimeoutBody[];
}

export interface SampleBody {
  /**
   * Lines counted.
   *
   * @minimum 1
   */
  readonly lines: Count;
  /** @minimum 1 */
  readonly of_lines: Count;
  /** Lines that there was time to read. */
  readonly read_lines: Count;
  /**
   * By how much a share is off at most, at 95% confidence.
   *
   * @minimum 0
   */
  readonly error_percentage_points: number;
}

export interface ZoneBody {
  readonly zone: Count;
  readonly entries: Count;
}

export interface SecondsLeft {
  /** null for all that have longer */
  readonly below: Count | null;
  readonly entries: Count;
}

export interface OneWayBody {
  readonly protocol: Count;
  readonly port: Count;
  readonly entries: Count;
}

export interface KindBody {
  readonly protocol: Count;
  readonly name: string;
  readonly state: string | null;
  readonly offloaded: boolean;
  readonly entries: Count;
}

export function listFigures(listed: Listed): ListFault | ListFigures {
  if (listed.kind === 'none') return { fault: faultWords(listed.fault) };
  const { source, holdings, arrivals, cut } = listed;
  const { entries, unknown, ipv6, unreplied, assured, offloaded, nat, sourceNat, destinationNat, zoned } = holdings;
  return {
    source: foreignPath(source),
    complete: cut === undefined,
    sample: holdings.sample === undefined ? null : sampleBody(holdings, holdings.sample),
    entries,
    lines_not_understood: unknown,
    ipv6,
    unreplied,
    assured,
    offloaded,
    nat,
    source_nat: sourceNat,
    destination_nat: destinationNat,
    zoned,
    zones: holdings.zones,
    arrivals: arrivalsBody(arrivals),
    seconds_left: holdings.lives.map(({ below, entries: held }) => ({ below: below ?? null, entries: held })),
    sources: addressRanking(holdings, 'sources'),
    networks: addressRanking(holdings, 'networks'),
    destinations: addressRanking(holdings, 'destinations'),
    ports: portRanking(holdings.rankings.ports),
    source_ports: isSourcePortTelling(holdings) ? portRanking(holdings.sourcePorts) : null,
    one_way: oneWayService(holdings) ?? null,
    kinds: holdings.kinds.map(({ protocol, state, offloaded: is, entries: held }) => ({
      protocol,
      name: protocolWords(protocol),
      state: state === '' ? null : state,
      offloaded: is,
      entries: held,
    })),
    timeouts: timeoutsBody(holdings),
  };
}

function sampleBody(holdings: Holdings, sample: Sampled): SampleBody {
  const { held, lines, read = lines } = sample;
  const error = samplingError(entriesInSample(holdings, sample));
  return { lines: held, of_lines: lines, read_lines: read, error_percentage_points: Number(error.toFixed(2)) };
}
