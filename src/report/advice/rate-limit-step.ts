// A SYN flood with forged sources: so many new connections a second are admitted, and not more.

import { nftChain, nftRule, nftTable } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { durationWords } from '../../words/words.ts';
import type { Advice } from './advice.ts';
import { shareOfNew } from './culprit-words.ts';
import { lastingRules, type Place, type Step, withEitherTool } from './step.ts';
import { iptablesRules, matchOf, nftMatch, targetWords } from './target.ts';

/** A connection that lost its entry is new to the kernel, too: only a SYN begins one. */
const SYN = 'tcp flags & (fin|syn|rst|ack) == syn';

export function rateLimitStep(
  { target, perSecond, seconds, half, isSsh }: Extract<Advice, { kind: 'rate_limit' }>,
  context: Place,
): Step {
  const nft = nftTable(
    'rate_limit',
    nftChain('limited', 'prerouting', -150),
    nftRule('limited', `${nftMatch(target)} ${SYN} ct state new limit rate over ${perSecond}/second drop`),
  );
  // A name of at most 15 characters.
  const match =
    '-m conntrack --ctstate NEW -m hashlimit --hashlimit-name check_conntrack --hashlimit-mode dstip,dstport';
  const iptables = iptablesRules(
    target,
    'mangle',
    'PREROUTING',
    `${matchOf(target)} --syn ${match} --hashlimit-above ${perSecond}/second -j DROP`,
  );
  return {
    title: `Or admit at most ${grouped(perSecond)} new connections/s to ${targetWords(target)} (${shareOfNew(half)} are not completed).`,
    ...withEitherTool(context, [nft], iptables, [4, 3]),
    ...(isSsh ? { preconditions: ['Keep an ssh session open: a new one shares the rate with the flood.'] } : {}),
    notes: [
      `That many, each for up to ${durationWords(seconds)}, take at most half of the table; present entries stay until they end or are removed. Cost: other clients of that port lose the same share of their new connections as the flood.`,
    ],
    ...lastingRules(context),
  };
}
