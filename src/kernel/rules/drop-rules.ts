// Rules that drop invalid packets, parsed from the output of nft(8) and iptables-save(8).
//   nft -a list ruleset   table inet filter { chain input { ct state invalid counter packets 0 bytes 0 drop # handle 5
//                         and the same in a map, `ct state vmap { established : accept, invalid : drop }`
//   iptables-save -c      *filter, [12:720] -A INPUT -m conntrack --ctstate INVALID -j DROP; `-m state --state` before 2.6.31

import type { DropRule, IptablesTool } from '../../model/drop-rule.ts';

const MOST_RULES = 20;
const NFT_STATE = 'ct state ';
/** No list of states is longer; whole rules, with all their addresses, may be. */
const LONGEST_STATE = 256;
const NFT_INVALID = /^ct state (?:\{[^{}]*\binvalid\b[^{}]*\}|[\w,]*\binvalid\b)/;
const NFT_MAP = /^ct state vmap \{[^{}]*\binvalid : drop\b/;
// A chain's name may begin like a verdict.
const NFT_DROP = / (?:drop|reject)(?!\S)/;
// A kernel or tool that cannot translate an iptables rule prints it in this form.
const NFT_FROM_IPTABLES = /\bxt match "?(?:conntrack|state)"?/;
const SAVED_INVALID = /(?<!! )--(?:ct)?state (?:[A-Z]+,){0,8}INVALID\b/;
const SAVED_DROP = / -j (?:DROP|REJECT)(?!\S)/;
const NFT_NAME = /^\w[\w.-]{0,63}$/;

export function parseNftRules(text: string): readonly DropRule[] {
  const rules: DropRule[] = [];
  let place = { family: '', table: '', chain: '' };
  for (const line of text.split('\n')) {
    place = placeAfter(place, line);
    if (line.includes('invalid')) rules.push(...parseNftRule(place, withoutQuotes(line)));
  }
  return completeRules(rules);
}

type RulePlace = Pick<DropRule, 'family' | 'table' | 'chain'>;

function placeAfter(place: RulePlace, line: string): RulePlace {
  const [, family = '', table] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
  if (table !== undefined) return { family, table, chain: '' };
  const [, chain] = /^\s+chain (\S+) \{/.exec(line) ?? [];
  return chain === undefined ? place : { ...place, chain };
}

function parseNftRule(place: RulePlace, line: string): readonly DropRule[] {
  const at = line.indexOf(NFT_STATE);
  const state = at === -1 ? '' : line.slice(at, at + LONGEST_STATE);
  const isMap = NFT_MAP.test(state);
  if (!isMap && !(NFT_INVALID.test(state) && NFT_DROP.test(line.slice(at)))) return [];
  // A map's counter counts every packet, not only the dropped ones.
  const packets = isMap ? undefined : figureIn(/ counter packets (\d+) /, line);
  return [{ tool: 'nft', ...place, handle: figureIn(/ # handle (\d+)$/, line), packets }];
}

/** True if nft shows iptables rules that it cannot translate. */
export function hasForeignRules(text: string): boolean {
  return NFT_FROM_IPTABLES.test(text);
}

export function parseSavedRules(text: string, tool: IptablesTool): readonly DropRule[] {
  const rules: DropRule[] = [];
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    const rule = withoutQuotes(line);
    const [, chain] = /^(?:\[[\d:]+\] )?-A (\S+) /.exec(rule) ?? [];
    if (chain !== undefined && SAVED_INVALID.test(rule) && SAVED_DROP.test(rule))
      rules.push({ tool, family: '', table, chain, handle: undefined, packets: figureIn(/^\[(\d+):/, rule) });
  }
  return completeRules(rules);
}

/** Comments and log prefixes may contain any of the keywords. */
function withoutQuotes(line: string): string {
  return line.replace(/"[^"]*"/g, '""');
}

function figureIn(pattern: RegExp, line: string): number | undefined {
  const [, digits] = pattern.exec(line) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Keeps only rules that a command can name, and at most MOST_RULES. */
function completeRules(rules: readonly DropRule[]): readonly DropRule[] {
  return rules.filter(({ table, chain }) => NFT_NAME.test(table) && NFT_NAME.test(chain)).slice(0, MOST_RULES);
}
