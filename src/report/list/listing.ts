// The holders of a list's entries, in tables of two columns if they fit.

import type { TimeoutPolicy } from '../../kernel/rules/timeout-policies.ts';
import type { Fault } from '../../model/fault.ts';
import { faultWords } from '../../words/faults.ts';
import { grouped, indented } from '../../words/prose.ts';
import { durationWords, foreignPath, percentWords } from '../../words/words.ts';
import { addressWords, networkWords, protocolWords } from './address.ts';
import type { Arrivals } from './arrivals.ts';
import { arrivalLines, bothTable } from './arrivals-words.ts';
import {
  entriesInSample,
  type Holdings,
  isSourcePortTelling,
  type Kind,
  natCountsOf,
  oneWayService,
  RANKING_NAMES,
  type Ranking,
  type RankingName,
  type Sampled,
  samplingError,
} from './holders.ts';
import { fullGroups, sizeOf } from './nat-groups.ts';
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

function holderLines(holdings: Holdings): readonly string[] {
  return [
    ...sideBySide(rankingColumn(holdings, 'sources'), rankingColumn(holdings, 'destinations'), holdings.entries),
    ...sideBySide(rankingColumn(holdings, 'networks'), rankingColumn(holdings, 'ports'), holdings.entries),
  ];
}

/** Source ports, if they say more than destination ports: the service is the source of the entries. */
function sourcePortLines(holdings: Holdings): readonly string[] {
  if (!isSourcePortTelling(holdings)) return [];
  const { sourcePorts, unreplied, entries, kinds } = holdings;
  const rows = sourcePorts.holders
    .filter((holder) => isWorthListing(holder.entries, sourcePorts, holdings))
    .map((holder) => [holderWords('ports', holder), holder.entries] as const);
  const passesOneWay = unreplied >= ONE_WAY_SHARE * entries && kinds[0]?.state !== 'SYN_SENT';
  return [
    ...sideBySide({ title: 'Source ports', rows, notes: lackingLines(sourcePorts, rows.length) }, NO_COLUMN, entries),
    ...(passesOneWay ? indented(ONE_WAY, '    ') : []),
  ];
}

const ONE_WAY_SHARE = 0.9;
const ONE_WAY =
  'These entries have no reply. If that port is a service, only its replies are tracked, and each creates an entry: the requests take another path, or a notrack rule exempts them and not the replies (nft list ruleset | grep notrack).';

/** The same with new entries. */
function bothLines(holdings: Holdings, arrivals: Arrivals): readonly string[] {
  return RANKING_NAMES.flatMap((name) => {
    const { title, notes } = rankingColumn(holdings, name);
    return bothTable(title, notes, arrivals, holdings, name, (row) => holderWords(name, row));
  });
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

function countedWords(some: number, one: string, more: string): string {
  return `${grouped(some)} ${some === 1 ? one : more}`;
}

const TITLES: Readonly<Record<RankingName, string>> = {
  sources: 'Sources',
  networks: 'Source networks',
  destinations: 'Destinations',
  ports: 'Destination ports',
};

/** How many entries each of some has. */
interface Column {
  readonly title: string;
  readonly rows: readonly (readonly [string, number])[];
  readonly notes: readonly string[];
}

const NO_COLUMN: Column = { title: '', rows: [], notes: [] };

function rankingColumn(holdings: Holdings, name: RankingName): Column {
  const ranking = holdings.rankings[name];
  if (ranking.holders.length === 0) return NO_COLUMN;
  const shown = ranking.holders.filter((holder) => isWorthListing(holder.entries, ranking, holdings));
  return {
    title: `${TITLES[name]} (${differentWords(ranking)})`,
    rows: shown.map((holder) => [holderWords(name, holder), holder.entries]),
    notes: lackingLines(ranking, shown.length),
  };
}

// Hides a crowd in which none has much.
const LEAST_SHARE_LISTED = 0.001;

/** Hides counts that may be no higher than the others'. */
function isWorthListing(some: number, { lacking }: Ranking, { entries }: Holdings): boolean {
  return some > lacking && some > LEAST_SHARE_LISTED * entries;
}

function differentWords({ different, differentAtLeast }: Ranking): string {
  return differentAtLeast ? `at least ${grouped(different)}` : grouped(different);
}

function lackingLines({ lacking, holders }: Ranking, shown: number): readonly string[] {
  if (shown === 0) return [`  at most ${grouped((holders[0]?.entries ?? 0) + lacking)} each`];
  return lacking === 0 ? [] : [`  each may have up to ${grouped(lacking)} more`];
}

function holderWords(name: RankingName, { key, ipv6 }: Ranking['holders'][number]): string {
  const [first = 0] = key;
  if (name === 'ports') return `${protocolWords(first >>> 16)} ${first & 0xffff}`;
  return name === 'networks' ? networkWords(key, ipv6) : addressWords(key, ipv6);
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
  const rows = shares.filter(([, some]) => some > 0);
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
  let told = 0;
  const left = lives.flatMap(({ below, entries: some }) => {
    told += some;
    const share = percentWords((100 * told) / entries);
    return below === undefined || some === 0 ? [] : [`${share} in ${durationWords(below)}`];
  });
  return left.length === 0 ? [] : indented(`Entries that end without another packet: ${left.join(', ')}.`, '    ');
}

const GAP = 2;
const NAMES_WIDTH = 18;
const COUNTS_WIDTH = 10;
const LISTING_WIDTH = 2 + NAMES_WIDTH + COUNTS_WIDTH + 7;

function shareOf(some: number, all: number): string {
  return percentWords((100 * some) / all).padStart(7);
}

// One below the other where a name is too wide, as IPv6 addresses are.
function sideBySide(left: Column, right: Column, all: number): readonly string[] {
  const names = [...left.rows, ...right.rows].map(([words]) => words.length);
  const widest = Math.max(NAMES_WIDTH, ...names);
  const [one, other] = [left, right].map((column) => columnLines(column, widest, all));
  const lines = widest > NAMES_WIDTH ? [...(one ?? []), ...(other ?? [])] : zipped(one ?? [], other ?? []);
  return lines.map((line) => `  ${line}`.trimEnd());
}

function columnLines({ title, rows, notes }: Column, width: number, all: number): readonly string[] {
  const row = ([words, some]: Column['rows'][number]) =>
    `  ${words.padEnd(width)}${grouped(some).padStart(COUNTS_WIDTH)}${shareOf(some, all)}`;
  return title === '' ? [] : [title, ...rows.map(row), ...notes];
}

function zipped(left: readonly string[], right: readonly string[]): readonly string[] {
  return Array.from(
    { length: Math.max(left.length, right.length) },
    (_, at) => `${(left[at] ?? '').padEnd(LISTING_WIDTH + GAP)}${right[at] ?? ''}`,
  );
}
