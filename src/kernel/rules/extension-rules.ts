// Rules that make the kernel add an extension block to entries. Measured on 6.18: a rule about labels is enough for every
// entry; a helper, a timeout policy, SYNPROXY and MASQUERADE add to those that they match, and other translation to none.

import type { RuleBlocks } from '../../model/table.ts';

// In capitals those of iptables, which nft shows as they are.
const ADDING = /\bmasquerade\b|\bct (?:helper|timeout) set\b|\bsynproxy\b|\b(?:CT|MASQUERADE|SYNPROXY)\b/;

// Comments, and the names of chains, tables and sets, are no rules.
const NAMES_AND_COMMENTS =
  /\b(?:comment|prefix) "[^"\n]*"|\b(?:jump|goto) \S+|@\S+|^\s*(?:chain|set|map|table \w+) \S+/gm;

export function parseRuleset(text: string): RuleBlocks {
  const rules = text.replace(NAMES_AND_COMMENTS, '');
  if (/\bct label\b|\bconnlabel\b/.test(rules)) return 'all';
  return ADDING.test(rules) ? 'some' : 'none';
}

/** The counters in front of a rule may be there or not. */
export function parseSaved(text: string): RuleBlocks {
  const rules = text.split('\n').filter((line) => /^(?:\[[\d:]+\] )?-A/.test(line));
  if (rules.some((rule) => / -m connlabel /.test(rule))) return 'all';
  const adds = (rule: string) => / -j (?:MASQUERADE|SYNPROXY|CT)(?!\S)/.test(rule) && !/ --notrack\b/.test(rule);
  return rules.some(adds) ? 'some' : 'none';
}
