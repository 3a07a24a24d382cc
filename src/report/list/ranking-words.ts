// The rankings of a list as text.

import { grouped, indented } from '../../words/prose.ts';
import { addressWords, networkWords, protocolWords } from './address.ts';
import type { Arrivals } from './arrivals.ts';
import { bothTable } from './arrivals-words.ts';
import { type Column, NO_COLUMN, sideBySide } from './columns.ts';
import { type Holdings, isSourcePortTelling } from './holders.ts';
import { RANKING_NAMES, type Ranking, type RankingName } from './ranking.ts';

export function holderLines(holdings: Holdings): readonly string[] {
  return [
    ...sideBySide(rankingColumn(holdings, 'sources'), rankingColumn(holdings, 'destinations'), holdings.entries),
    ...sideBySide(rankingColumn(holdings, 'networks'), rankingColumn(holdings, 'ports'), holdings.entries),
  ];
}

/** Source ports, if they say more than destination ports: the service is the source of the entries. */
export function sourcePortLines(holdings: Holdings): readonly string[] {
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
export function bothLines(holdings: Holdings, arrivals: Arrivals): readonly string[] {
  return RANKING_NAMES.flatMap((name) => {
    const { title, notes } = rankingColumn(holdings, name);
    return bothTable(title, notes, arrivals, holdings, name, (row) => holderWords(name, row));
  });
}

const TITLES: Readonly<Record<RankingName, string>> = {
  sources: 'Sources',
  networks: 'Source networks',
  destinations: 'Destinations',
  ports: 'Destination ports',
};

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
function isWorthListing(count: number, { lacking }: Ranking, { entries }: Holdings): boolean {
  return count > lacking && count > LEAST_SHARE_LISTED * entries;
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
