// Rules in a listing that drop invalid packets, and rules that only look like it.

import { describe, expect, test } from 'vitest';
import { hasForeignRules, parseNftRules, parseSavedRules } from '../../../../src/kernel/rules/drop-rules.ts';

const nft = (...lines: readonly string[]) => parseNftRules(lines.join('\n'));
const saved = (...lines: readonly string[]) => parseSavedRules(lines.join('\n'), 'iptables');
const inChain = (rule: string) => nft('table ip t {', '\tchain c {', `\t\t${rule}`, '\t}', '}');
const DROP = 'ct state invalid drop';

describe('nft', () => {
  test('returns the place of each rule', () => {
    expect(
      nft(
        'table ip a {',
        '\tchain b {',
        DROP,
        '\t}',
        '\tchain c {',
        DROP,
        '\t}',
        '}',
        'table inet d {',
        '\tchain e {',
        DROP,
      ),
    ).toMatchObject([
      { family: 'ip', table: 'a', chain: 'b' },
      { family: 'ip', table: 'a', chain: 'c' },
      { family: 'inet', table: 'd', chain: 'e' },
    ]);
  });

  test.each([
    ['a missing table', [DROP]],
    ['a missing chain', ['table ip a {', DROP]],
    ['a chain of another table', ['table ip a {', '\tchain b {', '\t}', '}', 'table ip c {', DROP]],
    ['a line that only ends like a table', ['xtable ip a {', '\tchain b {', DROP]],
    ['a line outside a chain', ['table ip a {', 'chain b {', DROP]],
    ['a line after a chain', ['table ip a {', '\tx chain b {', DROP]],
    ['a chain name that is not a word', ['table ip a {', `\tchain ${'x'.repeat(65)} {`, DROP]],
    ['a table name that is not a word', ['table ip a;b {', '\tchain b {', DROP]],
  ])('ignores %s', (_, lines) => expect(nft(...lines)).toEqual([]));

  test('returns everything that a command needs', () => {
    expect(nft('table inet my-table.1 {', '\t  chain my_chain {', `${DROP} # handle 12`)).toEqual([
      { tool: 'nft', family: 'inet', table: 'my-table.1', chain: 'my_chain', handle: 12, packets: undefined },
    ]);
  });

  test('accepts names of any allowed length', () => {
    expect(nft('table ip a {', `\tchain ${'x'.repeat(64)} {`, DROP)).toHaveLength(1);
  });

  test.each([
    'ct state invalid,new drop',
    'ct state new,invalid drop',
    'ct state { new, invalid } drop',
    'ct state {invalid} reject',
    'ct state invalid counter packets 0 bytes 0 reject with tcp reset',
    'ct state vmap { invalid : drop }',
    'ct state vmap { established : accept, invalid : drop, related : accept }',
    'ip saddr { 192.0.2.1, 192.0.2.2 } ct state invalid drop',
    `ip saddr { ${'192.0.2.1, '.repeat(50)}192.0.2.2 } ct state invalid drop`,
  ])('drops: %s', (rule) => expect(inChain(rule)).toHaveLength(1));

  test.each([
    'ct state invalidated drop',
    'ct state xinvalid drop',
    'ct state new drop comment invalid',
    'ct state { new } meta x { invalid } drop',
    'ct state vmap { invalid : accept, new : drop }',
    'ct state vmap { new : accept } ct x { invalid : drop }',
    'ct state vmap { xinvalid : drop }',
    'ct state vmap { invalid : dropped }',
    'drop ct state invalid accept',
    'iifname a drop ct state invalid accept',
    'ct state new ct state invalid drop',
    'ct state new ct state vmap { invalid : drop }',
    'ct state invalid dropped',
    'ct status invalid drop',
    'xct stateinvalid drop',
    'meta invalid drop',
    'ct state invalid jump drop-it',
    'ct state invalid goto reject.all',
  ])('does not drop: %s', (rule) => expect(inChain(rule)).toEqual([]));

  test.each([
    ['ct state invalid counter packets 12345 bytes 9 drop # handle 678', 678, 12345],
    ['ct state invalid counter packets x bytes 9 drop # handle x', undefined, undefined],
    ['ct state invalid drop # handle 6 x', undefined, undefined],
  ])('%s', (rule, handle, packets) => expect(inChain(rule)).toMatchObject([{ handle, packets }]));

  test('ignores the contents of any number of quotes', () => {
    expect(inChain('ct state invalid log prefix "a" comment "b" accept')).toEqual([]);
    expect(inChain('log prefix "x" ct state invalid comment " drop " accept')).toEqual([]);
    expect(inChain('log prefix "x" ct state invalid drop comment "y"')).toHaveLength(1);
  });

  test.each([
    ['xt match "conntrack"', true],
    ['xt match conntrack', true],
    ['xt match "state"', true],
    ['xt match state', true],
    ['xxt match "state"', false],
    ['xt match "comment"', false],
    ['xt target "CONNTRACK"', false],
  ])('iptables rules that it cannot translate: %s: %j', (rule, isForeign) =>
    expect(hasForeignRules(rule)).toBe(isForeign),
  );
});

describe('iptables-save', () => {
  const RULE = '-A INPUT -m conntrack --ctstate INVALID -j DROP';

  test('returns the table and the chain', () => {
    expect(saved('*filter', RULE, 'COMMIT', '*mangle ', RULE.replace('INPUT', 'my.chain-1'))).toMatchObject([
      { tool: 'iptables', family: '', table: 'filter', chain: 'INPUT' },
      { table: 'mangle', chain: 'my.chain-1' },
    ]);
  });

  test.each([
    ['[12345:720] ', 12345],
    ['[x:720] ', undefined],
  ])('counts %j', (counter, packets) => {
    const rules = saved('*filter', `${counter}${RULE}`);
    expect(rules.map((rule) => rule.packets)).toEqual(packets === undefined ? [] : [packets]);
  });

  test('counts nothing for figures in brackets after the rule', () => {
    expect(saved('*filter', '-A INPUT -m u32 [7:8] -m conntrack --ctstate INVALID -j DROP')).toMatchObject([
      { packets: undefined },
    ]);
  });

  test.each([
    '-A INPUT -m conntrack --ctstate A,B,C,D,E,F,G,H,INVALID -j REJECT',
    '-A INPUT -m comment --comment "x" -m state --state INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate RELATED,UNTRACKED,INVALID -j DROP',
  ])('drops: %s', (rule) => expect(saved('*filter', rule)).toHaveLength(1));

  test.each([
    '-A INPUT -m conntrack --ctstate INVALIDATED -j DROP',
    '-A INPUT -m conntrack --ctstate x INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate aB,INVALID -j DROP',
    '-A INPUT -m conntrack --xstate INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate INVALID -j DROPPED',
    '-A INPUT -m conntrack --ctstate INVALID -j DROP-LOG',
    '-A INPUT -m conntrack --ctstate INVALID -j REJECT.x',
    '-A INPUT -m conntrack --ctstate INVALID -g DROP',
    '-I INPUT -m conntrack --ctstate INVALID -j DROP',
    'x -A INPUT -m conntrack --ctstate INVALID -j DROP',
    '-A INPUT -m conntrack ! --ctstate INVALID -j DROP',
    '-A INPUT -m comment --comment "a" -m conntrack --ctstate NEW -m comment --comment "INVALID" -j DROP',
  ])('does not drop: %s', (rule) => expect(saved('*filter', rule)).toEqual([]));

  test('ignores a table name that is not a word, and limits the number of rules', () => {
    expect(saved(RULE)).toEqual([]);
    expect(saved('*a;b', RULE)).toEqual([]);
    expect(saved('*filter', ...Array<string>(30).fill(RULE))).toHaveLength(20);
  });
});

describe("rules in the tools' own output", () => {
  const chain = (...rules: readonly string[]) =>
    [
      'table inet filter { # handle 4',
      '\tchain input { # handle 1',
      '\t\ttype filter hook input priority filter; policy accept;',
      ...rules.map((rule) => `\t\t${rule}`),
      '\t}',
      '}',
      '',
    ].join('\n');
  const FOUND = { tool: 'nft', family: 'inet', table: 'filter', chain: 'input' };

  test.each<[string, number | undefined, number | undefined]>([
    ['ct state invalid drop # handle 5', 5, undefined],
    ['ct state invalid counter packets 340 bytes 13600 drop comment "drop me" # handle 2', 2, 340],
    ['ct state { invalid } drop # handle 11', 11, undefined],
    ['ct state invalid,untracked log prefix "x" drop # handle 6', 6, undefined],
    ['ct state { invalid, untracked } reject with icmpx admin-prohibited # handle 7', 7, undefined],
    ['iifname "eth0" meta l4proto tcp ct state invalid drop # handle 8', 8, undefined],
    ['ct state vmap { established : accept, related : accept, invalid : drop } # handle 9', 9, undefined],
    [
      'ct state vmap { invalid : drop, established : accept, related : accept } counter packets 9 bytes 9 # handle 10',
      10,
      undefined,
    ],
    ['ct state invalid drop', undefined, undefined],
    ['ct state invalid ip saddr { 192.0.2.1, 192.0.2.7 } counter packets 3 bytes 9 drop # handle 12', 12, 3],
  ])('nft: %s', (rule, handle, packets) => {
    expect(parseNftRules(chain(rule))).toEqual([{ ...FOUND, handle, packets }]);
  });

  test.each([
    'ct state != invalid accept # handle 5',
    'ct state established,related accept comment "not invalid, drop" # handle 5',
    'ct state invalid counter packets 1 bytes 1 # handle 5',
    'ct state invalid log prefix " drop " # handle 5',
    'ct state invalid accept # handle 5',
    'ct state new tcp dport 22 drop comment "ct state invalid drop" # handle 5',
    'ct state vmap { established : accept, invalid : jump strange } # handle 5',
  ])('nft does not drop it: %s', (rule) => expect(parseNftRules(chain(rule))).toEqual([]));

  test('returns each rule with its own place, and leaves out what a command cannot name', () => {
    const other =
      'table ip6 a-b {\n\tchain c.d {\n\t\tct state invalid drop # handle 1\n\t}\n\n\tchain "a;b" {\n\t\tct state invalid drop\n\t}\n}\n';
    expect(parseNftRules(chain('ct state invalid drop # handle 3') + other)).toMatchObject([
      { ...FOUND, handle: 3 },
      { family: 'ip6', table: 'a-b', chain: 'c.d', handle: 1 },
    ]);
  });

  test('iptables rules that nft cannot translate', () => {
    expect(hasForeignRules(chain('xt match "conntrack" counter packets 0 bytes 0 drop'))).toBe(true);
    expect(hasForeignRules(chain('ct state invalid drop'))).toBe(false);
  });

  const saved = (...rules: readonly string[]) => ['*filter', ':INPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n');
  test.each([
    ['[12:720] -A INPUT -m conntrack --ctstate INVALID -j DROP', 12],
    ['-A INPUT -m state --state INVALID -j DROP', undefined],
    ['[0:0] -A INPUT -m conntrack --ctstate INVALID,UNTRACKED -m nfacct --nfacct-name x -j DROP', 0],
    ['[1:2] -A INPUT -i eth0 -p tcp -m conntrack --ctstate NEW,INVALID -j REJECT --reject-with tcp-reset', 1],
  ])('iptables-save: %s', (rule, packets) => {
    expect(parseSavedRules(saved(rule), 'iptables')).toEqual([
      { tool: 'iptables', family: '', table: 'filter', chain: 'INPUT', handle: undefined, packets },
    ]);
  });

  test.each([
    '-A INPUT -m conntrack ! --ctstate INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate INVALID -j LOG --log-prefix "-j DROP"',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "INVALID -j DROP" -j ACCEPT',
    '-A INPUT -m conntrack --ctstate INVALID -j RETURN',
  ])('iptables does not drop it: %s', (rule) => expect(parseSavedRules(saved(rule), 'iptables')).toEqual([]));

  test('limits the number of rules, in time linear in their number', () => {
    expect(parseNftRules(chain(...Array.from({ length: 5000 }, () => 'ct state invalid drop'))).length).toBe(20);
    expect(parseNftRules(`ct state {${' invalid'.repeat(500_000)}`)).toEqual([]);
    expect(parseSavedRules(`-A X ${'--ctstate '.repeat(400_000)} INVALID`, 'iptables')).toEqual([]);
  });
});
