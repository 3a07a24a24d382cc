// A list of entries as text.

import type { TimeoutPolicy } from '../../kernel/rules/timeout-policies.ts';
import type { Fault } from '../../model/fault.ts';
import { faultWords } from '../../words/faults.ts';
import { grouped, indented } from '../../words/prose.ts';
import { durationWords, foreignPath, percentWords } from '../../words/words.ts';
import { addressWords, protocolWords } from './address.ts';
import type { Arrivals } from './arrivals.ts';
import { arrivalLines } from './arrivals-words.ts';
import { type Column, NO_COLUMN, sideBySide } from './columns.ts';
import {
  entriesInSample,
  type Holdings,
  type Kind,
  natCountsOf,
  oneWayService,
  type Sampled,
  samplingError,
} from './holders.ts';
import { fullGroups, sizeOf } from './nat-groups.ts';
import { bothLines, holderLines, sourcePortLines } from './ranking-words.ts';
import { timeoutLines } from './timeout-words.ts';

/** The holders of the entries of one namespace, or why these are unknown. */
export type Listed =
  | {
      readonly kind: 'list';
      readonly source: string;
      readonly holdings: Holdings;
      readonly arrivals: Arrivals;
      readonly cut: 'stopped' | Fault | undefined;
    }
  | { readonly kind: 'none'; readonly fault: Fault };

/** A list by itself; `policies` are those of its rules, as far as they are known. */
export function listLines(
  { source, holdings, arrivals, cut }: Extract<Listed, { kind: 'list' }>,
  policies: readonly TimeoutPolicy[] = [],
): readonly string[] {
  const { entries, sample, unknown } = holdings;
  const notes = [
    ...(sample === undefined ? [] : [sampleWords(holdings, sample)]),
    ...(unknown > 0 ? [`${countedWords(unknown, 'line is not an entry', 'lines are not entries')}`] : []),
    ...(cut === 'stopped' && sample?.read === undefined ? ['stopped before the end'] : []),
    ...(cut !== undefined && cut !== 'stopped' ? [`cut off: ${faultWords(cut)}`] : []),
  ];
  const of = `${entriesWords(holdings)} of ${foreignPath(source)}`;
  const lines = indented(`${[of, ...notes].join(', ')}.`, '    ');
  if (entries === 0) return lines;
  return [
    ...lines,
    ...arrivalLines(arrivals),
    ...(arrivals.telling ? bothLines(holdings, arrivals) : holderLines(holdings)),
    ...sourcePortLines(holdings),
    ...sideBySide(kindColumn(holdings), shareColumn(holdings), entries),
    ...oneWayLines(holdings),
    ...zoneLines(holdings),
    ...natLines(holdings),
    ...timeoutLines(holdings, policies),
    ...lifeLines(holdings),
  ];
}

export function entriesWords({ entries, sample, unknown }: Holdings): string {
  const about = sample !== undefined && unknown > 0 ? 'about ' : '';
  return `${about}${countedWords(entries, 'entry', 'entries')}`;
}

function sampleWords(holdings: Holdings, sample: Sampled): string {
  const error = samplingError(entriesInSample(holdings, sample));
  const read = sample.read === undefined ? '' : `the ${readShare(sample, sample.read)} that there was time to read, `;
  const lines = `from ${read}an even random sample of ${grouped(sample.held)} lines`;
  return `${lines}: shares are accurate to ${error.toFixed(1)} percentage points (95% confidence)`;
}

function readShare({ lines }: Sampled, read: number): string {
  return percentWords((100 * read) / lines);
}

function countedWords(count: number, singular: string, plural: string): string {
  return `${grouped(count)} ${count === 1 ? singular : plural}`;
}

const MOST_KINDS = 8;

function kindColumn({ kinds }: Holdings): Column {
  const words = ({ protocol, state, offloaded }: Kind) =>
    [protocolWords(protocol), offloaded ? 'offloaded' : state].filter(Boolean).join(' ');
  const rows = kinds.slice(0, MOST_KINDS).map((kind) => [words(kind), kind.entries] as const);
  return { title: 'Protocol and state', rows, notes: [] };
}

function shareColumn({ unreplied, assured, offloaded, sourceNat, destinationNat, zoned, ipv6 }: Holdings): Column {
  const shares: readonly (readonly [string, number])[] = [
    ['UNREPLIED', unreplied],
    ['ASSURED', assured],
    ['offloaded', offloaded],
    ['source NAT', sourceNat],
    ['destination NAT', destinationNat],
    ['in a zone', zoned],
    ['IPv6', ipv6],
  ];
  const rows = shares.filter(([, count]) => count > 0);
  return rows.length === 0 ? NO_COLUMN : { title: 'Flags', rows, notes: [] };
}

function oneWayLines(holdings: Holdings): readonly string[] {
  const oneWay = oneWayService(holdings);
  if (oneWay === undefined) return [];
  const { entries } = holdings;
  const from = `${protocolWords(oneWay.protocol)} source port ${oneWay.port}`;
  return indented(
    `${percentWords((100 * oneWay.entries) / entries)} are ESTABLISHED without a reply, from ${from}: likely replies of a service whose requests take another path (asymmetric routing), or a flood of ACKs from that port. Such an entry lives for tcp_timeout_established.`,
    '    ',
  );
}

const MOST_ZONES_SHOWN = 5;

function zoneLines({ zones, zoned }: Holdings): readonly string[] {
  const shown = zones.slice(0, MOST_ZONES_SHOWN);
  const rest = zoned - shown.reduce((sum, { entries }) => sum + entries, 0);
  const words = [
    ...shown.map(({ zone, entries }) => `zone ${zone} has ${grouped(entries)}`),
    ...(rest > 0 ? [`others have ${grouped(rest)}`] : []),
  ];
  return words.length === 0 ? [] : indented(`Zones: ${words.join(', ')}.`, '    ');
}

const MOST_FULL_GROUPS = 3;

/** Groups whose NAT has used up the ports that the kernel chooses from without a range of the rule. */
function natLines(holdings: Holdings): readonly string[] {
  const about = holdings.sample === undefined ? '' : 'about ';
  return fullGroups(natCountsOf(holdings).counts)
    .slice(0, MOST_FULL_GROUPS)
    .flatMap(({ group, range, used }) => {
      const { translated, destination, protocol, port, ipv6 } = group;
      const taken = `${about}${grouped(used)} of its ${grouped(sizeOf(range))} ports from ${range.first} to ${range.last}`;
      const towards = `${protocolWords(protocol)} ${addressWords(destination, ipv6)} port ${port}`;
      return indented(`NAT: ${addressWords(translated, ipv6)} has ${taken} in use towards ${towards}.`, '    ');
    });
}

function lifeLines({ lives, entries }: Holdings): readonly string[] {
  let ended = 0;
  const left = lives.flatMap(({ below, entries: count }) => {
    ended += count;
    const share = percentWords((100 * ended) / entries);
    return below === undefined || count === 0 ? [] : [`${share} in ${durationWords(below)}`];
  });
  return left.length === 0 ? [] : indented(`Entries that end without another packet: ${left.join(', ')}.`, '    ');
}
