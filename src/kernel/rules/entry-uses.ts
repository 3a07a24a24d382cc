// Rules that need the entries of connections: an untracked packet passes without translation, mark or helper.
//   nft list ruleset   masquerade, snat to, dnat to, redirect; ct mark; ct helper; xt target "MASQUERADE" of iptables
//   iptables-save      -j MASQUERADE, SNAT, DNAT, REDIRECT, NETMAP; -j CONNMARK, -m connmark; -j CT --helper

import type { EntryUse } from '../../model/entry-use.ts';

const USES: readonly (readonly [EntryUse, RegExp])[] = [
  ['nat', /(?:^|\s)(?:masquerade|snat|dnat|redirect)(?:\s|$)|\b(?:MASQUERADE|SNAT|DNAT|REDIRECT|NETMAP)\b/m],
  ['marks', /\bct mark\b|\bCONNMARK\b|-m connmark\b/],
  ['helpers', /\bct helper\b| --helper /],
];

/** The uses in a list of rules. Names of chains, comments and matches of what NAT has done are none. */
export function parseEntryUses(text: string): readonly EntryUse[] {
  const rules = text
    .replace(/^\tchain .*$|\b(?:jump|goto) \S+|\bct status (?:[!=]+ )?(?:\{[^{}]*\}|\S+)|^:.*$|^-N .*$/gm, '')
    .replace(/(?:--comment|--log-prefix|\bcomment|\bprefix) (?:"[^"]*"|(?!-)\S+)/g, '')
    .replace(/ -[Ajg] (?!MASQUERADE|SNAT|DNAT|REDIRECT|NETMAP|CONNMARK|CT\b)\S+/g, '');
  return USES.flatMap(([use, pattern]) => (pattern.test(rules) ? [use] : []));
}
