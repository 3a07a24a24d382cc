// Entries to remove, which makes room at once: those that one filter of conntrack(8) matches and no connection needs. A
// shorter timeout does not affect present entries.
//   When    a group has a tenth of the entries, and is half-open, has ended, is shown to be idle, or is one source's
//           unanswered datagrams
//   Undo    none: removed entries cannot be restored

import { isOwnAddress, type OwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { addressWords, protocolWords } from '../list/address.ts';
import { STATES } from '../list/entry.ts';
import type { Group, Holdings } from '../list/holders.ts';
import type { Holder } from '../list/ranking.ts';
import { timeoutName } from '../list/timeouts.ts';
import { listedRow } from './advice-row.ts';
import { type ListedCase, TABLE_FULL } from './case.ts';
import { removesCulprits } from './culprit-rows.ts';
import {
  groupName,
  type Unproven,
  type UnprovenAdvice,
  type UseEvidence,
  unprovenBy,
  unprovenStep,
} from './idle-proof.ts';
import { type Context, PASSING, type Place, type Step, typedStep } from './step.ts';
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
   * that are still in use end, or are picked up again. `datagrams`: the source's answered flows go too.
   */
  readonly cost: 'half-open' | 'ended' | 'silent' | 'datagrams';
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** The zone of all entries; undefined if none is in a zone. */
  readonly zone: number | undefined;
}

export const releaseRow = listedRow(releasedEntries, anyReleaseStep);

function releasedEntries(facts: ListedCase): readonly (ReleaseAdvice | UnprovenAdvice)[] {
  const isWanted = TABLE_FULL.includes(facts.diagnosis.trouble) && !removesCulprits(facts);
  return isWanted ? releaseAdvice(facts.holdings, facts) : [];
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
    const removed = narrowest(group, holdings, evidence.own);
    if (cost !== undefined && !removesAnswered(group, removed))
      return [{ kind: 'free', group, ...removed, of, cost, ...families, zone }];
  }
  return [];
}

/** Without its zone a filter removes what another tenant has at the same address. */
function onlyZone({ zones: [first], entries }: Holdings): number | undefined {
  return first?.entries === entries ? first.zone : undefined;
}

/**
 * True if unanswered datagrams come from everywhere: conntrack(8) has no filter for them, so that it would remove
 * answered flows to that port too. In a full table these may find no room again.
 */
function removesAnswered({ protocol }: Group, { source }: Pick<ReleaseAdvice, 'source'>): boolean {
  return protocol === UDP && source === undefined;
}

type Cost = ReleaseAdvice['cost'] | { readonly why: Unproven };

function costOf(group: Group, holdings: Holdings, evidence: UseEvidence): Cost | undefined {
  const state = STATES[group.state] ?? '';
  // An answered flow may be in use, such as a tunnel or a call: nothing shows that it is idle.
  if (group.protocol === UDP) return group.assured ? undefined : 'datagrams';
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
  datagrams:
    'Answered flows of that source to that port are removed too. If it continues and there is room, it gets new entries; with NAT, perhaps other ports.',
};

function anyReleaseStep(advice: ReleaseAdvice | UnprovenAdvice, context: Context): Step {
  return advice.kind === 'free' ? releaseStep(advice, context) : unprovenStep(advice);
}

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
