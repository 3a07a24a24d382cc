// A limit on the entries of each source or network.
//   When    it adds most, may be kept out, and has more than twice of what any other has, and than a tenth of the table
//   Cost    clients that share one address share the limit
//   Undo    a table of its own; removed entries cannot be restored

import { nftChain, nftRule, nftSet, nftTable, stepName } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { addressWords, networkWords } from '../list/address.ts';
import type { Both } from '../list/arrivals.ts';
import type { Holder } from '../list/ranking.ts';
import { addressRemoval, sessionsWith, unknownSessions } from './keep-out.ts';
import type { Extent } from './spared.ts';
import { lastingRules, type Place, type Step, withEitherTool } from './step.ts';
import type { Suspicion } from './suspicion.ts';

/** No single source or network may have more than `each` entries. */
export interface SourceLimitAdvice {
  readonly kind: 'source_limit';
  readonly each: number;
  readonly whole: Extent;
  /** The one that it is for. */
  readonly holder: Holder;
  /** Undefined if not all ssh sessions are known: they are to be looked for among its entries. */
  readonly hasSsh: false | undefined;
}

const LEAST_LIMIT = 100;
/** A source with a smaller share of the table is no culprit. */
const SANE_SHARE = 0.1;

// Twice the entries of any other source, so that it affects no other. Kernels before 2.6.23 cannot count by source.
export function sourceLimitAdvice(
  { machine: { generation }, limit }: Suspicion,
  culprit: Both,
  rows: readonly Both[],
  whole: Extent,
  hasSsh: SourceLimitAdvice['hasSsh'],
): readonly SourceLimitAdvice[] {
  const others = rows.filter((row) => row !== culprit).map(({ entries }) => entries);
  const each = Math.max(LEAST_LIMIT, rounded(Math.max(SANE_SHARE * limit, 2 * Math.max(0, ...others))));
  const isLimit = generation === 'nf_conntrack' && each < culprit.entries;
  return isLimit ? [{ kind: 'source_limit', each, whole, holder: culprit, hasSsh }] : [];
}

/** Up, to a number of one digit and zeros. */
function rounded(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))));
  return Math.ceil(count / unit) * unit;
}

interface LimitUnit {
  readonly mask: number;
  readonly name: string;
  /** The match on that part of an address, for nft(8). */
  readonly and: string;
}

function unitOf(whole: Extent, ipv6: boolean): LimitUnit {
  if (whole === 'source') return { mask: ipv6 ? 128 : 32, name: 'source', and: '' };
  return ipv6
    ? { mask: 64, name: '/64 network', and: ' and ffff:ffff:ffff:ffff::' }
    : { mask: 24, name: '/24 network', and: ' and 255.255.255.0' };
}

/** After tracking, so that a packet is known to be new, and before its entry is kept. */
export function sourceLimitStep({ each, whole, holder, hasSsh }: SourceLimitAdvice, context: Place): Step {
  const { key, ipv6 } = holder;
  const from = whole === 'network' ? networkWords(key, ipv6) : addressWords(key, ipv6);
  const remove = addressRemoval(from, ipv6, context);
  const looks = hasSsh === undefined && remove.length > 0 ? [sessionsWith(from)] : [];
  const { mask, name, and } = unitOf(whole, ipv6);
  const set = `${whole}s${ipv6 ? '6' : '4'}`;
  const step = stepName('limit', mask, each);
  const count = `${ipv6 ? 'ip6' : 'ip'} saddr${and} ct count over ${each}`;
  const nft = nftTable(
    step,
    nftChain('limited', 'prerouting', -150),
    nftSet(set, ipv6 ? 'ipv6_addr' : 'ipv4_addr'),
    nftRule('limited', `ct state new add @${set} { ${count} } counter drop`),
  );
  const iptables = {
    kind: 'iptables rule',
    step,
    tool: ipv6 ? 'ip6tables' : 'iptables',
    table: 'mangle',
    chain: 'PREROUTING',
    rule: `-m conntrack --ctstate NEW -m connlimit --connlimit-above ${each} --connlimit-mask ${mask} -j DROP`,
  } as const;
  const removed = remove.length > 0 ? `; the current entries of ${from} are removed` : '';
  return {
    title: `Or limit each ${name} to ${grouped(each)} entries.`,
    // nft(8) counts connections since 4.18.
    ...withEitherTool(context, [...looks, nft, ...remove], [...looks, iptables, ...remove], [4, 18]),
    preconditions: looks.length === 0 ? [] : [unknownSessions(from)],
    notes: [
      `New connections of a ${name} at the limit are dropped${removed}. Cost: ${remove.length > 0 ? 'its open connections, once, and ' : ''}one lookup per new connection; clients behind one NAT address share the limit.`,
    ],
    ...lastingRules(context),
  };
}
