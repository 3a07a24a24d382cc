// Entries to remove, which makes room at once: those that one filter of conntrack(8) matches and no connection needs. A
// shorter timeout does not affect present entries.
//   When    a group has a tenth of the entries, and is half-open, has ended, or is shown to be idle
//   Undo    none: removed entries cannot be restored

import { isOwnAddress, type OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { SshAccess } from '../../model/ssh-access.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import type { Arrivals } from '../list/arrivals.ts';
import { STATES } from '../list/entry.ts';
import type { Group, Holder, Holdings } from '../list/holders.ts';
import type { OpenGroup } from '../list/open-timers.ts';
import { timeoutName } from '../list/timeouts.ts';
import type { TimerOrigin } from './case.ts';
import { PASSING, type Place, type Step, typedStep } from './step.ts';
import { maybeSsh, NEARLY_ALL, UDP, WORTHWHILE } from './suspicion.ts';

export interface ReleaseAdvice {
  readonly kind: 'free';
  readonly group: Group;
  /** The source of nearly all of the group; undefined if there is no single one. */
  readonly source: Holder | undefined;
  /** Number of entries that it removes, a lower bound. */
  readonly entries: number;
  readonly of: number;
  /**
   * `half-open`: connections that are being set up are retried. `ended`: no cost. `silent`: connections of the group
   * that are still in use end, or are picked up again. `datagrams`: the next one creates a new entry.
   */
  readonly cost: 'half-open' | 'ended' | 'silent' | 'datagrams';
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** The zone of all entries; undefined if none is in a zone. */
  readonly zone: number | undefined;
}

/** Connections that look idle without proof: nothing is removed. */
export interface UnprovenAdvice {
  readonly kind: 'unproven';
  readonly group: Group;
  readonly of: number;
  readonly why: Unproven;
}

/**
 * `once`: a single reading. `few`: too few were read twice. `used`: packets came in between. `young`: not idle for
 * long.
 */
export type Unproven = Exclude<TimerOrigin, 'sysctls'> | 'once' | 'few' | 'used' | 'young';

/** The evidence of whether open connections are in use. */
export interface UseEvidence {
  readonly ssh: SshAccess;
  readonly own: OwnAddresses;
  readonly arrivals?: Pick<Arrivals, 'open'> | undefined;
  readonly timers: TimerOrigin;
}

const HALF_OPEN: readonly string[] = ['SYN_SENT', 'SYN_RECV'];
const ENDED: readonly string[] = ['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT'];
const OPEN: readonly string[] = ['ESTABLISHED', 'CLOSE_WAIT'];

/** Open connections of ssh stay: a firewall may not let them be picked up again. */
export function releaseAdvice(holdings: Holdings, evidence: UseEvidence): readonly (ReleaseAdvice | UnprovenAdvice)[] {
  const { entries: of, ipv6, groups, zoned } = holdings;
  const zone = onlyZone(holdings);
  if (zoned > 0 && zone === undefined) return [];
  const families = { ipv4: of > ipv6, ipv6: ipv6 > 0 };
  for (const group of groups.filter(({ entries }) => entries >= WORTHWHILE * of)) {
    const cost = costOf(group, holdings, evidence);
    if (typeof cost === 'object') return [{ kind: 'unproven', group, of, why: cost.why }];
    if (cost !== undefined)
      return [{ kind: 'free', group, ...narrowest(group, holdings, evidence.own), of, cost, ...families, zone }];
  }
  return [];
}

/** Without its zone a filter removes what another tenant has at the same address. */
function onlyZone({ zones: [first], entries }: Holdings): number | undefined {
  return first?.entries === entries ? first.zone : undefined;
}

type Cost = ReleaseAdvice['cost'] | { readonly why: Unproven };

function costOf(group: Group, holdings: Holdings, evidence: UseEvidence): Cost | undefined {
  const state = STATES[group.state] ?? '';
  // Without its entry an answered flow may get another port, and its peer does not know that.
  if (group.protocol === UDP) return group.assured && holdings.nat > 0 ? undefined : 'datagrams';
  if (HALF_OPEN.includes(state)) return 'half-open';
  if (ENDED.includes(state)) return 'ended';
  return OPEN.includes(state) ? costOfOpen(group, holdings, evidence) : undefined;
}

function costOfOpen(group: Group, { timeouts }: Holdings, evidence: UseEvidence): Cost | undefined {
  const kept = timeouts.find(({ name }) => name === timeoutName(group));
  const looksIdle = kept !== undefined && kept.ended >= NEARLY_ALL * kept.entries;
  if (!looksIdle || maybeSsh(evidence.ssh, group.port)) return undefined;
  const why = unprovenBy(group, evidence);
  return why === undefined ? 'silent' : { why };
}

// If each connection had a packet in five minutes, three of this many would have had one between the readings.
const LEAST_SECONDS_WATCHED = 900;
const MOST_USED = 0.001;

/**
 * Why the connections of a group may be in use; undefined if they are idle: their remaining time shows it, nothing
 * gives them another timeout than the sysctl, and between two readings hardly any had a packet.
 */
function unprovenBy({ state, port }: Group, { arrivals, timers }: UseEvidence): Unproven | undefined {
  if (timers !== 'sysctls') return timers;
  const open = arrivals?.open ?? [];
  if (open.length === 0) return 'once';
  const twice = open.find((each) => each.state === state && each.port === port);
  return twice === undefined ? 'few' : useOfTimers(twice);
}

function useOfTimers({ both, reset, idle, seconds }: OpenGroup): Unproven | undefined {
  if (reset > MOST_USED * both) return 'used';
  if (both * seconds < LEAST_SECONDS_WATCHED) return 'few';
  return idle < NEARLY_ALL * both ? 'young' : undefined;
}

// Two parts of a whole that together exceed it have at least the excess in common. An address that is, or may be, the
// machine's own is not named.
function narrowest(
  group: Group,
  { rankings, entries }: Holdings,
  own: OwnAddresses,
): Pick<ReleaseAdvice, 'source' | 'entries'> {
  const [source] = rankings.sources.holders;
  const isOther = source !== undefined && isOwnAddress(own, source) === false;
  const common = (source?.entries ?? 0) + group.entries - entries;
  return isOther && common >= NEARLY_ALL * group.entries
    ? { source, entries: common }
    : { source: undefined, entries: group.entries };
}

// ---- Words ----

const COSTS: Readonly<Record<ReleaseAdvice['cost'], string>> = {
  'half-open': 'Connections that are being set up are retried; no other connection ends.',
  ended: 'These connections have ended; a late packet finds no entry.',
  silent:
    'Nearly all of them have been idle for long, and hardly any had a packet between two readings. Connections still in use end, or, without NAT and with tcp_loose 1, are picked up again at their next packet.',
  datagrams: 'A sender that continues gets a new entry with its next packet; with NAT, perhaps another port.',
};

export function releaseStep(advice: ReleaseAdvice, context: Place): Step {
  const { group, source, entries, of, cost, ipv4, ipv6, zone } = advice;
  const from = source === undefined ? '' : ` from ${addressWords(source.key, source.ipv6)}`;
  const state = STATES[group.state] ?? '';
  const filter = [
    ...(zone === undefined ? [] : [`-w ${zone}`]),
    `-p ${protocolWords(group.protocol)}`,
    ...(state === '' ? [] : [`--state ${state}`]),
    `--dport ${group.port}`,
    ...(source === undefined ? [] : [`-s ${addressWords(source.key, source.ipv6)}`]),
  ].join(' ');
  const families = source === undefined ? { ipv4, ipv6 } : { ipv4: !source.ipv6, ipv6: source.ipv6 };
  const options = [
    ...(families.ipv4 ? [families.ipv6 ? '-f ipv4 ' : ''] : []),
    ...(families.ipv6 ? ['-f ipv6 '] : []),
  ].map((family) => family + filter);
  return {
    title: `Make room at once: remove the ${groupName(group)} entries${from} to port ${group.port}, ${groupShareWords(entries, of)}.`,
    ...typedStep(
      inNamespace(context),
      options.map((each) => ({ kind: 'removal', options: each })),
    ),
    notes: [
      `${grouped(entries)} entries, and those that began since. ${COSTS[cost]}`,
      'This helps once: the entries come back while their source keeps sending.',
    ],
    ...PASSING,
  };
}

function groupShareWords(entries: number, of: number): string {
  return `${entries < of ? 'at least ' : ''}${percentWords((100 * entries) / of)}`;
}

function groupName({ protocol, state }: Group): string {
  return [protocolWords(protocol), STATES[state] ?? ''].filter(Boolean).join(' ');
}

const WATCH_LONGER = 'report --interval 60 on the running machine compares two readings a minute apart.';

const REASONS: Readonly<Record<Unproven, string>> = {
  policies:
    'Rules give entries timeouts of their own (ct timeout): the remaining time does not show how long a connection was idle.',
  conntrackd:
    'conntrackd may have copied entries from another machine, with timeouts of its own: the remaining time does not show how long a connection was idle.',
  unknown:
    'The rules could not be read: if they give entries timeouts of their own (ct timeout), the remaining time does not show how long a connection was idle.',
  once: `The list was read once: it does not show whether packets still arrive. ${WATCH_LONGER}`,
  few: `Too few of them were read twice to show whether packets still arrive. ${WATCH_LONGER}`,
  used: 'Some of them had packets between two readings: they are in use.',
  young:
    'The entries that were read twice were not idle for long, wait for an acknowledgement, or all have about the same time left, as under another timeout.',
};

export function unprovenStep({ group, of, why }: UnprovenAdvice): Step {
  return {
    title: `Do not remove the ${groupName(group)} entries to port ${group.port} (${percentWords((100 * group.entries) / of)}): they may be in use.`,
    ...typedStep('', []),
    notes: [REASONS[why]],
    ...PASSING,
  };
}
