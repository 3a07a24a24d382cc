// Base chains that drop an untracked packet unless a rule accepts it: by their policy, by a rule without a match at
// their
// end, or in a chain that they jump to.
//   nft -t -a list ruleset   table inet filter { # handle 1
//                              chain input { # handle 1
//                                type filter hook input priority filter; policy drop;
//   iptables-save -c         *filter, :INPUT DROP [0:0], [0:0] -A INPUT -j REJECT --reject-with icmp-port-unreachable

import type { IptablesTool } from '../../model/drop-rule.ts';
import type { FilterChain, FilterHook } from '../../model/filter-chain.ts';

interface Chain {
  /** Undefined for a chain that is only jumped to. */
  readonly hook: FilterHook | undefined;
  readonly drops: boolean;
  /** Names of the chains that it may jump to; `undefined` stands for any chain of the table. */
  readonly jumps: readonly (string | undefined)[];
}

interface RuleTable {
  readonly family: string;
  readonly name: string;
  readonly isOwned: boolean;
  readonly chains: ReadonlyMap<string, Chain>;
}

const HOOKS: Readonly<Record<string, FilterHook>> = {
  prerouting: 'prerouting',
  input: 'input',
  forward: 'forward',
  output: 'output',
  postrouting: 'postrouting',
};
const NFT_FAMILIES = ['inet', 'ip', 'ip6'];
const CHAIN_NAME = /^\w[\w.-]{0,63}$/;
/** Tables of iptables that packets traverse after notrack; nat does not see untracked packets. */
const SAVED_TABLES = ['mangle', 'filter', 'security'];

export function parseNftChains(text: string): readonly FilterChain[] {
  const tables = text.split(/^(?=table )/m).flatMap((part) => parseNftTable(part) ?? []);
  return tables.filter((table) => !isOfIptables(table)).flatMap((table) => dropping(table, 'nft'));
}

/** True if nft shows tables that iptables keeps in nf_tables: only iptables may change them. */
export function hasIptablesTables(text: string): boolean {
  return text.split(/^(?=table )/m).some((part) => {
    const table = parseNftTable(part);
    return table !== undefined && isOfIptables(table);
  });
}

function isOfIptables({ family, name, chains }: RuleTable): boolean {
  const builtIn = Array.from(chains).filter(([, { hook }]) => hook !== undefined);
  const isPlain = builtIn.length > 0 && builtIn.every(([chain, { hook }]) => chain === hook?.toUpperCase());
  return (family === 'ip' || family === 'ip6') && ['raw', ...SAVED_TABLES].includes(name) && isPlain;
}

function parseNftTable(text: string): RuleTable | undefined {
  const [, family = '', name = ''] = /^table (\S+) (\S+) \{/.exec(text) ?? [];
  if (!NFT_FAMILIES.includes(family) || !CHAIN_NAME.test(name)) return undefined;
  const chains = text.split(/^(?=\tchain )/m).slice(1);
  return {
    family,
    name,
    isOwned: /^\tflags [^\n]*\bowner\b/m.test(text),
    chains: new Map(chains.flatMap((part) => parseNftChain(part) ?? [])),
  };
}

function parseNftChain(text: string): readonly [readonly [string, Chain]] | undefined {
  const [, name = ''] = /^\tchain (\S+) \{/.exec(text) ?? [];
  if (!CHAIN_NAME.test(name)) return undefined;
  const [, hook = '', policy] = /^\t\ttype (?:filter|route) hook (\w+) [^\n]*?(?:policy (\w+);)?$/m.exec(text) ?? [];
  const rules = text.split('\n').map(bareRule);
  const jumps = rules.flatMap((rule) => [
    ...Array.from(rule.matchAll(/\b(?:jump|goto) ([\w.-]+)/g), ([, target]) => target),
    ...(/\bvmap @/.test(rule) ? [undefined] : []),
  ]);
  const isNat = /^\t\ttype nat /m.test(text);
  const drops = !isNat && (policy === 'drop' || rules.some(dropsUntracked));
  return [[name, { hook: isNat ? undefined : HOOKS[hook], drops, jumps }]];
}

/** Removes the parts of a rule that neither match nor decide. */
function bareRule(line: string): string {
  return line
    .trim()
    .replace(/"[^"]*"/g, '""')
    .replace(/ # handle \d+$/, '')
    .replace(/\bcounter(?: packets \d+ bytes \d+)? ?/, '')
    .replace(/\blog(?: (?:prefix|level|group|flags|snaplen|queue-threshold) \S+)* ?/, '')
    .replace(/ ?\bcomment ""/, '');
}

function dropsUntracked(rule: string): boolean {
  if (/^(?:drop|reject\b.*)$/.test(rule)) return true;
  const [, states = ''] = /\bct state ((?:!= |vmap )?(?:\{[^{}]*\}|\S+)).*/.exec(rule) ?? [];
  if (states.startsWith('vmap')) return /\buntracked : (?:drop|jump|goto)\b/.test(states);
  const isMatched = states.startsWith('!= ') ? !states.includes('untracked') : states.includes('untracked');
  return states !== '' && isMatched && /(?:^| )(?:drop|reject)(?!\S)/.test(rule);
}

export function parseSavedChains(text: string, tool: IptablesTool): readonly FilterChain[] {
  const tables = text.split(/^\*/m).slice(1).flatMap(savedTable);
  return tables.flatMap((table) => dropping(table, tool));
}

function savedTable(text: string): readonly RuleTable[] {
  const [name = ''] = text.split('\n', 1);
  if (!SAVED_TABLES.includes(name)) return [];
  const rules = text.split('\n').map((line) => line.replace(/"[^"]*"/g, '""').replace(/^\[[\d:]+\] /, ''));
  const chains = Array.from(text.matchAll(/^:(\S+) (\S+)/gm), ([, chain = '', policy]) => {
    const own = rules.filter((rule) => rule.startsWith(`-A ${chain} `)).map((rule) => rule.slice(chain.length + 4));
    const jumps = own.flatMap((rule) => /-[jg] (\S+)/.exec(rule)?.[1] ?? []);
    const hook = HOOKS[chain.toLowerCase()];
    return [
      chain,
      {
        hook: chain === hook?.toUpperCase() ? hook : undefined,
        drops: policy === 'DROP' || own.some(savedDrop),
        jumps,
      },
    ] as const;
  });
  return [{ family: '', name, isOwned: false, chains: new Map(chains) }];
}

function savedDrop(rule: string): boolean {
  const bare = rule.replace(/-m comment --comment \S+ ?/g, '').replace(/-m (?:conntrack|state) /, '');
  if (/^-j (?:DROP|REJECT(?: .*)?)$/.test(bare)) return true;
  const [, not, states = ''] = /^(! )?--(?:ct)?state (\S+) -j (?:DROP|REJECT)\b/.exec(bare) ?? [];
  return states !== '' && states.includes('UNTRACKED') === (not === undefined);
}

function dropping(table: RuleTable, tool: FilterChain['tool']): readonly FilterChain[] {
  const { family, name, isOwned, chains } = table;
  return Array.from(chains).flatMap(([chain, { hook }]) => {
    if (hook === undefined || !reachesDrop(table, chain, new Set())) return [];
    return [{ tool, family, table: name, chain, hook, isOwned }];
  });
}

function reachesDrop(table: RuleTable, name: string, seen: Set<string>): boolean {
  const chain = table.chains.get(name);
  if (chain === undefined || seen.has(name)) return false;
  seen.add(name);
  const targets = chain.jumps.flatMap((target) => (target === undefined ? othersIn(table) : [target]));
  return chain.drops || targets.some((target) => reachesDrop(table, target, seen));
}

/** Returns the chains that rules may jump to. */
function othersIn({ chains }: RuleTable): readonly string[] {
  return Array.from(chains).flatMap(([name, { hook }]) => (hook === undefined ? [name] : []));
}
