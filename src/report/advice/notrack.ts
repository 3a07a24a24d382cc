// A port that need not be tracked: a service with one packet per request. Never a port of ssh, and never against a scan
// or an unanswered flood, which would only come in faster. Rules accept tracked packets by their state: before the port
// is untracked, every chain that drops the rest has to accept it without a state.
//   When    half of the entries, or of what is added, go to one port, and nothing is translated
//   Cost    NAT and rules with a state no longer apply to that port
//   Undo    a table of its own, and accepting rules with its name

import { atLeast } from '../../evaluate/kernel-version.ts';
import { isOwnAddress } from '../../kernel/namespaces/own-addresses.ts';
import type { EntryUse } from '../../model/entry-use.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { Action } from '../../words/action.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { protocolWords } from '../list/address.ts';
import type { Arrivals, Both } from '../list/arrivals.ts';
import type { Holdings } from '../list/holders.ts';
import type { Holder } from '../list/ranking.ts';
import { lastingRules, PASSING, type Place, type Step, type Typed, typedStep, withEitherTool } from './step.ts';
import {
  type Adds,
  addsOf,
  addsWords,
  DOMINANT,
  halfOpen,
  maybeSsh,
  mostAdded,
  type Suspicion,
  TCP,
  UDP,
  WORTHWHILE,
} from './suspicion.ts';
import {
  acceptingWords,
  acceptUntracked,
  ownedChainWords,
  portWords,
  type UntrackedPort,
  untracked,
  untrackedByIptables,
} from './untracked-rules.ts';

export interface NotrackAdvice extends UntrackedPort {
  readonly kind: 'notrack';
  readonly entries: number;
  readonly of: number;
  readonly adds: Adds | undefined;
  /** Entries in a zone, for which it has no effect as it is. */
  readonly zoned: number;
  /** Chains that would drop them untracked; undefined if the rules could not be read. */
  readonly chains: readonly FilterChain[] | undefined;
  /** The uses that the rules make of entries: with any, no command untracks. */
  readonly uses: readonly EntryUse[];
}

/** Clients use ports from here on: a rule for such a port would match their connections too. */
const FIRST_OF_CLIENTS = 32_768;

// A translated port needs its entries. If anything is translated, the next connection to any port may be.
export function notrackAdvice(
  suspicion: Suspicion,
  holdings: Holdings,
  adders: Arrivals | undefined,
): readonly NotrackAdvice[] {
  const { rankings, entries, ipv6, nat, zoned } = holdings;
  const top = adders === undefined ? topPort(rankings.ports.holders[0]) : mostAdded(adders.both.ports);
  const [key = 0] = top?.key ?? [];
  const [protocol, port] = [key >>> 16, key & 0xffff];
  if (top === undefined || nat > 0 || !isReason(top, suspicion, holdings, adders)) return [];
  if (protocol !== UDP && !isServed(protocol, top, suspicion, holdings, adders)) return [];
  const adds = adders === undefined ? undefined : addsOf(top, adders);
  const families = { ipv4: entries > ipv6, ipv6: ipv6 > 0 };
  const reach = reachOf(suspicion, holdings);
  const chains = suspicion.chains?.filter(({ hook }) => isPassed(hook, reach));
  const { uses = [] } = suspicion;
  const shares = { entries: top.entries, of: entries, adds, zoned };
  return [{ kind: 'notrack', protocol, port, ...shares, ...families, reach, chains, uses }];
}

function topPort(holder: Holder | undefined): Both | undefined {
  return holder === undefined ? undefined : { ...holder, added: 0 };
}

// A port with idle connections only is not the reason for the trouble.
function isReason(
  { key: [key = 0], entries: held, added }: Both,
  { arrivals }: Suspicion,
  { entries }: Holdings,
  adders: Arrivals | undefined,
): boolean {
  // A single reading does not show when answered datagrams began; an entry that is idle for half a minute is gone.
  const isShown = arrivals === undefined || (arrivals.kind === 'fresh' && key >>> 16 === UDP);
  if (adders === undefined) return isShown && held >= DOMINANT * entries;
  // Fresh entries may be retries of old connections.
  const least = adders.kind === 'new' ? WORTHWHILE : DOMINANT;
  return added >= DOMINANT * adders.added.entries && held >= least * entries;
}

/** A TCP service whose clients complete their connections. */
function isServed(
  protocol: number,
  { key: [key = 0], entries }: Both,
  { ssh }: Suspicion,
  { groups }: Holdings,
  adders: Arrivals | undefined,
): boolean {
  const port = key & 0xffff;
  if (protocol !== TCP || port >= FIRST_OF_CLIENTS || maybeSsh(ssh, port)) return false;
  const completed = groups
    .filter((group) => group.protocol === TCP && group.port === port && group.assured)
    .reduce((sum, group) => sum + group.entries, 0);
  const isScan = adders !== undefined && halfOpen(adders) >= DOMINANT * adders.added.entries;
  return completed >= DOMINANT * entries && !isScan;
}

// iptables(8) of older kernels has no match for it that is the same in all of them.
function reachOf({ own, machine: { release } }: Suspicion, { rankings, entries }: Holdings): NotrackAdvice['reach'] {
  const ends = [...rankings.sources.holders, ...rankings.destinations.holders];
  const areKnown = ends.every((holder) => isOwnAddress(own, holder) !== undefined);
  if (!areKnown || !release.ok || !atLeast(release.value, 3, 0)) return 'both';
  const local = ends.reduce((sum, holder) => sum + (isOwnAddress(own, holder) ? holder.entries : 0), 0);
  if (local === 0) return 'forwarded';
  return local >= DOMINANT * entries ? 'local' : 'both';
}

function isPassed(hook: FilterChain['hook'], reach: NotrackAdvice['reach']): boolean {
  if (reach === 'local') return hook !== 'forward';
  return reach === 'both' || (hook !== 'input' && hook !== 'output');
}

// ---- Words ----

export function notrackStep(advice: NotrackAdvice, context: Place): Step {
  const title = `Stop tracking ${portWords(advice)}: it has ${percentWords((100 * advice.entries) / advice.of)} of the entries${addsWords(advice.adds)}, none translated.`;
  return advice.zoned > 0 ? zoneStep(title, advice, context) : { title, ...rules(advice, context) };
}

function rules(advice: NotrackAdvice, context: Place): Omit<Step, 'title'> {
  const { chains, uses } = advice;
  const effects = [
    'New packets of that port create no entry; current entries end by their timeout.',
    'Cost: no memory. NAT and rules with a state no longer apply to that port.',
  ];
  const owned = chains?.filter(({ isOwned }) => isOwned) ?? [];
  if (chains === undefined || uses.length > 0 || owned.length > 0) {
    const reasons = [...uses.map((use) => USE_WORDS[use]), ...(owned.length > 0 ? [ownedChainWords(owned)] : [])];
    const preconditions = [...reasons, ...acceptingWords(advice, undefined)];
    return { ...looksAtRules(context), preconditions, notes: [untrackWords(advice), ...effects], ...PASSING };
  }
  const first = chains.map((chain) => acceptUntracked(chain, advice));
  const [nft, iptables] = [untracked(advice), untrackedByIptables(advice, context)];
  // nft(8) has notrack since 4.9, and the type of an address since 4.10.
  return {
    ...withEitherTool(context, [...first, nft], [...first, ...iptables], [4, 10]),
    preconditions: acceptingWords(advice, chains),
    notes: effects,
    ...lastingRules(context),
  };
}

const USE_WORDS: Readonly<Record<EntryUse, string>> = {
  nat: 'The rules translate addresses (NAT), though no entry in the list is translated: untracked, a packet that has to be translated is lost.',
  marks: 'The rules use marks of connections (ct mark): an untracked packet has none, and may take another route.',
  helpers: 'The rules use helpers (ct helper): untracked, a service that needs one gets no data connections.',
};

/** The rules may drop untracked packets, or need tracked ones: they are only shown. */
function looksAtRules(context: Place): Typed {
  const list = (line: string): readonly Action[] => [{ kind: 'look', line }];
  return withEitherTool(context, list('nft list ruleset'), list('iptables-save'), [4, 10]);
}

function untrackWords(advice: NotrackAdvice): string {
  const name = protocolWords(advice.protocol);
  const ends = `${name} dport ${advice.port} notrack, and the same with sport`;
  return `Then, before tracking (nft: priority -300 of prerouting and output; iptables: table raw): ${ends}. A report as root on the running machine prints the commands if it can read the rules, and they need no entries.`;
}

// A rule that sets a zone puts an untracked packet back into tracking, and a packet with a zone is not untracked:
// notrack has no effect before or after that rule.
function zoneStep(title: string, advice: NotrackAdvice, context: Place): Step {
  const { protocol, port, zoned, of } = advice;
  const end = `${protocolWords(protocol)} dport ${port}`;
  return {
    title,
    ...typedStep(inNamespace(context), []),
    notes: [
      `${grouped(zoned)} of ${grouped(of)} entries are in a zone. With "ct zone set" in the rules, a separate rule with notrack has no effect, before or after it: see ${inNamespace(context)}nft -a list ruleset.`,
      `Put it into the chain that sets the zone, before that rule: ${end} notrack accept (and the same with sport, for the replies). First accept ${portWords(advice)} without a state in every chain that drops.`,
    ],
    ...lastingRules(context),
  };
}
