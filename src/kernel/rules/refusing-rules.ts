// Rules that refuse connections by their number or rate, and the tables that steps of a report make. Connections that
// they refuse have no entry.
//   nft -t -a list ruleset   table inet check_conntrack_source { ... ip saddr 192.0.2.7 counter packets 5 bytes 300 drop
//                            ct state new add @sources4 { ip saddr ct count over 100 } drop # handle 5
//   iptables-save -c         [5:300] -A PREROUTING -m connlimit --connlimit-above 100 --connlimit-mask 32 -j DROP

import type { IptablesTool } from '../../model/drop-rule.ts';
import type { RefusingRule } from '../../model/refusing-rule.ts';
import { hasIptablesTables } from './filter-chains.ts';

const OUR_RULES = 'check_conntrack';
const OURS_SAVED = new RegExp(` --comment "?${OUR_RULES}_`);
const CONNLIMIT = / --connlimit-above .* -j (?:DROP|REJECT)\b/;
const COUNTED = /\bcounter packets (\d+) /;
/** Names that commands may print: a shell takes them as they are. A container chooses the names of its own chains. */
const TYPED_NAME = /^\w[\w.-]{0,63}$/;

export function parseNftRefusing(text: string): readonly RefusingRule[] {
  return text.split(/^(?=table )/m).flatMap((part) => {
    const [, family = '', table = ''] = /^table (\w+) (\S+) \{/.exec(part) ?? [];
    if (!TYPED_NAME.test(table) || hasIptablesTables(part)) return [];
    if (!table.startsWith(`${OUR_RULES}_`))
      return chainsOf(part).flatMap((chain) => limitsIn(chain, { family, table }));
    const rules = part.split('\n').filter((line) => COUNTED.test(line));
    return [{ tool: 'nft', family, table, chain: '', isOurs: true, packets: packetsOf(rules) }];
  });
}

function chainsOf(table: string): readonly string[] {
  return table.split(/^(?=\tchain )/m).slice(1);
}

function limitsIn(text: string, place: Pick<RefusingRule, 'family' | 'table'>): readonly RefusingRule[] {
  const [, chain = ''] = /^\tchain (\S+) \{/.exec(text) ?? [];
  const rules = withoutComments(text)
    .split('\n')
    .filter((line) => /\bct count over \d+\b.*\b(?:drop|reject)\b/.test(line));
  if (!TYPED_NAME.test(chain) || rules.length === 0) return [];
  return [{ tool: 'nft', ...place, chain, isOurs: false, packets: packetsOf(rules) }];
}

/** Undefined if no rule counts. */
function packetsOf(rules: readonly string[]): number | undefined {
  const counts = rules.flatMap((rule) => COUNTED.exec(rule)?.[1] ?? []);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + Number(count), 0);
}

export function parseSavedRefusing(text: string, tool: IptablesTool): readonly RefusingRule[] {
  return text.split(/^\*/m).flatMap((part) => {
    const [table = ''] = part.split('\n', 1);
    if (!TYPED_NAME.test(table)) return [];
    const rules = Array.from(part.matchAll(/^(?:\[(\d+):\d+\] )?-A (\S+) (.*)$/gm));
    return rules.flatMap(([, packets, name = '', rule = '']): readonly RefusingRule[] => {
      const chain = TYPED_NAME.test(name) ? name : '';
      const isOurs = OURS_SAVED.test(rule);
      if (!isOurs && !CONNLIMIT.test(withoutComments(rule))) return [];
      return [{ tool, family: '', table, chain, isOurs, packets: packets === undefined ? undefined : Number(packets) }];
    });
  });
}

/** True if rules give entries timeouts of their own: `ct timeout set "short"`, `-j CT --timeout short`. */
export function hasTimeoutPolicy(text: string): boolean {
  return /\bct timeout\b|^.* -j CT .*--timeout\b/m.test(withoutComments(text));
}

function withoutComments(text: string): string {
  return text.replace(/"[^"\n]*"/g, '""');
}
