// A SYN flood with forged sources: the rate of new connections is limited.
//   When    it is known how long a half-open connection stays, and nothing is in a zone
//   Cost    other clients of that port lose the same share of their new connections as the flood
//   Undo    a table of its own

import { atLeast } from '../../evaluate/kernel-version.ts';
import type { Machine } from '../../model/machine.ts';
import { nftChain, nftRule, nftTable } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { durationWords } from '../../words/words.ts';
import type { Holdings } from '../list/holders.ts';
import { lastingRules, type Place, type Step, withEitherTool } from './step.ts';
import { HALF_STATES, type Suspicion, shareOfNew } from './suspicion.ts';
import type { SynFlood } from './syn-flood.ts';
import { iptablesRules, matchOf, nftMatch, targetStep, targetWords } from './target.ts';

/** Admits at most `perSecond` new connections per second. */
export interface RateLimitAdvice extends SynFlood {
  readonly kind: 'rate_limit';
  readonly perSecond: number;
  readonly seconds: number;
}

// At that rate, half-open connections take at most half of the table.
export function rateLimitAdvice(
  { limit, machine }: Suspicion,
  { timeouts, zoned }: Holdings,
  flood: SynFlood,
): readonly RateLimitAdvice[] {
  const kept = timeouts.filter(({ name }) => HALF_STATES.some((state) => name.endsWith(state.toLowerCase())));
  const seconds = Math.max(0, ...kept.map(({ seconds: given = 0 }) => given));
  const wish = Math.floor(limit / 2 / seconds);
  if (machine.generation !== 'nf_conntrack' || seconds === 0 || wish === 0 || zoned > 0) return [];
  return [{ kind: 'rate_limit', ...flood, perSecond: expressible(wish, machine), seconds }];
}

// Parts of a second that hashlimit of iptables(8) counts in: a rate is kept as a whole number of them for each packet,
// so that 7,000 becomes 10,000 with the coarser ones (parse_rate() of libxt_hashlimit.c). The finer ones: 4.9, iptables
// 1.6.1.
const SCALE = 1_000_000;
const SCALE_BEFORE_4_9 = 10_000;

/** The largest rate, not above `perSecond`, that hashlimit takes and keeps to within one per second. */
function expressible(perSecond: number, { release }: Pick<Machine, 'release'>): number {
  const scale = release.ok && atLeast(release.value, 4, 9) ? SCALE : SCALE_BEFORE_4_9;
  const isKept = scale / Math.floor(scale / perSecond) < perSecond + 1;
  return isKept ? perSecond : Math.floor(scale / Math.ceil(scale / perSecond));
}

/** A connection that lost its entry is new to the kernel, too: only a SYN begins one. */
const BEGINS = 'tcp flags & (fin|syn|rst|ack) == syn';

export function rateLimitStep(advice: RateLimitAdvice, context: Place): Step {
  const { target, perSecond, seconds, half, isSsh, isAnswered } = advice;
  const step = targetStep('rate', target);
  const nft = nftTable(
    step,
    nftChain('limited', 'prerouting', -150),
    nftRule('limited', `${nftMatch(target)} ${BEGINS} ct state new limit rate over ${perSecond}/second counter drop`),
  );
  // A name of at most 15 characters.
  const match =
    '-m conntrack --ctstate NEW -m hashlimit --hashlimit-name check_conntrack --hashlimit-mode dstip,dstport';
  const iptables = iptablesRules(
    step,
    target,
    'mangle',
    'PREROUTING',
    `${matchOf(target)} --syn ${match} --hashlimit-above ${perSecond}/second -j DROP`,
  );
  return {
    title: `Or admit at most ${grouped(perSecond)} new connections/s to ${targetWords(target)} (${shareOfNew(half)} are not completed).`,
    ...withEitherTool(context, [nft], iptables, [4, 3]),
    preconditions: [
      ...(isSsh ? ['Keep an ssh session open: a new one shares the rate with the flood.'] : []),
      ...(isAnswered
        ? []
        : [
            `No entry of port ${target.port} has a reply. Make sure that the replies pass here: if they take another route, these may be genuine clients, and must not be limited.`,
          ]),
    ],
    notes: [
      `At this rate, with entries of up to ${durationWords(seconds)} each, they take at most half of the table; current entries stay until they end or are removed. Cost: other clients of that port lose the same share of their new connections as the flood.`,
    ],
    ...lastingRules(context),
  };
}
