// Rules that make the kernel add an extension block to entries. Measured on 6.18: one rule about labels adds it to
// every entry. A helper, a timeout policy, SYNPROXY and MASQUERADE add it to the entries that they match; other
// translation adds none.

import type { RuleBlocks } from '../../model/table.ts';

// The upper-case words are targets of iptables, which nft prints unchanged.
const ADDING = /\bmasquerade\b|\bct (?:helper|timeout) set\b|\bsynproxy\b|\b(?:CT|MASQUERADE|SYNPROXY)\b/;

// Comments, and the names of chains, tables and sets, are not rules.
const NAMES_AND_COMMENTS =
  /\b(?:comment|prefix) "[^"\n]*"|\b(?:jump|goto) \S+|@\S+|^\s*(?:chain|set|map|table \w+) \S+/gm;

export function parseRuleset(text: string): RuleBlocks {
  const rules = text.replace(NAMES_AND_COMMENTS, '');
  if (/\bct label\b|\bconnlabel\b/.test(rules)) return 'all';
  return ADDING.test(rules) ? 'some' : 'none';
}

/** Rules may or may not be preceded by counters. */
export function parseSaved(text: string): RuleBlocks {
  const rules = text.split('\n').filter((line) => /^(?:\[[\d:]+\] )?-A/.test(line));
  if (rules.some((rule) => / -m connlabel /.test(rule))) return 'all';
  const adds = (rule: string) => / -j (?:MASQUERADE|SYNPROXY|CT)(?!\S)/.test(rule) && !/ --notrack\b/.test(rule);
  return rules.some(adds) ? 'some' : 'none';
}
