// Chains that drop packets which no rule accepts, in the rule sets of common firewalls.

import { describe, expect, test } from 'vitest';
import { hasIptablesTables, parseNftChains, parseSavedChains } from '../../../../src/kernel/rules/filter-chains.ts';
import { readFilterChains } from '../../../../src/kernel/rules/rules.ts';
import type { FilterChain } from '../../../../src/model/filter-chain.ts';
import { table } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';
import { type Tools, withTools } from '../../support/tools.ts';

function names(chains: readonly FilterChain[]): readonly string[] {
  return chains.map(({ family, table: name, chain, hook }) => [family, name, chain, hook].filter(Boolean).join(' '));
}

/** An nft table with one base chain of these rules, and others. */
function ruleset(rules: readonly string[], policy = 'accept', others = ''): string {
  const lines = rules.map((rule, at) => `\t\t${rule} # handle ${at + 2}\n`).join('');
  return `table inet filter { # handle 1\n\tchain in { # handle 1\n\t\ttype filter hook input priority filter; policy ${policy};\n${lines}\t}\n${others}}\n`;
}

const STATES = 'ct state established,related accept';
const SSH = 'tcp dport 22 ct state new accept';

describe('nft', () => {
  test.each<[string, readonly string[], string]>([
    ['its policy', [STATES, SSH], 'drop'],
    ['a rule without a match', [STATES, 'drop'], 'accept'],
    ['a rule with a counter', [STATES, 'counter packets 5 bytes 300 drop'], 'accept'],
    [
      'a rule that logs and rejects',
      [STATES, 'log prefix "no: " level info reject with icmpx admin-prohibited'],
      'accept',
    ],
    ['a rule with a comment', ['drop comment "the rest"'], 'accept'],
    ['a state other than the given one', ['ct state != established,related drop'], 'accept'],
    ['a state other than several', ['ct state != { established, related } counter packets 1 bytes 1 drop'], 'accept'],
    ['untracked packets', ['ct state invalid,untracked drop'], 'accept'],
    ['untracked packets, by a map', ['ct state vmap { established : accept, untracked : drop }'], 'accept'],
  ])('drops by %s', (_, rules, policy) => {
    expect(names(parseNftChains(ruleset(rules, policy)))).toEqual(['inet filter in input']);
  });

  test.each<[string, readonly string[]]>([
    ['nothing', []],
    ['invalid packets', ['ct state invalid drop']],
    ['invalid packets, by a map', ['ct state vmap { established : accept, related : accept, invalid : drop }']],
    ['an address', ['ip saddr 192.0.2.1 drop']],
    ['packets neither established nor untracked', ['ct state != established,untracked drop']],
    ['the text of a comment', ['accept comment "drop"', 'log prefix " drop " accept']],
  ])('does not drop by %s', (_, rules) => expect(parseNftChains(ruleset(rules))).toEqual([]));

  const END = '\tchain end { # handle 9\n\t\tcounter packets 1 bytes 1 drop # handle 10\n\t}\n';
  const MIDDLE = '\tchain middle { # handle 7\n\t\tjump end # handle 8\n\t\tjump middle # handle 9\n\t}\n';
  test.each<[string, readonly string[], string, number]>([
    ['a chain that it jumps to', ['iifname "eth0" jump end'], END, 1],
    ['one after another', ['goto middle'], MIDDLE + END, 1],
    ['a chain of a map', ['iifname vmap { "lo" : accept, "eth0" : jump end }'], END, 1],
    ['any chain, by a named map', ['iifname vmap @zones'], END, 1],
    ['no chain that it jumps to', ['jump middle'], MIDDLE, 0],
    ['no chain of its own table', ['jump other'], END, 0],
  ])('chains: %s', (_, rules, others, expected) => {
    expect(parseNftChains(ruleset(rules, 'accept', others))).toHaveLength(expected);
  });

  test("returns every hook, and no chains of NAT, of a bridge, or of iptables' own tables", () => {
    const chain = (type: string, hook: string) =>
      `\tchain ${hook} { # handle 1\n\t\ttype ${type} hook ${hook} priority 0; policy drop;\n\t}\n`;
    const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
    const inet = `table inet all {\n${hooks.map((hook) => chain('filter', hook)).join('\n')}}\n`;
    const nat = `table inet nat {\n${chain('nat', 'postrouting')}}\ntable bridge b {\n${chain('filter', 'input')}}\n`;
    const iptables = `table ip filter { # handle 3\n${chain('filter', 'forward').replace('chain forward', 'chain FORWARD')}}\n`;
    expect(names(parseNftChains(inet + nat + iptables))).toEqual(hooks.map((hook) => `inet all ${hook} ${hook}`));
    expect([inet, nat, iptables].map(hasIptablesTables)).toEqual([false, false, true]);
    // A table of another tool may have the same name.
    expect(names(parseNftChains(`table ip filter {\n${chain('filter', 'input')}}\n`))).toEqual([
      'ip filter input input',
    ]);
  });

  test('ignores names that no command can have, and marks a table with an owner', () => {
    const owned = ruleset([], 'drop').replace(
      '{ # handle 1\n',
      '{ # progname firewalld # handle 1\n\tflags owner,persist\n',
    );
    expect(parseNftChains(owned)).toMatchObject([{ isOwned: true }]);
    expect(parseNftChains(ruleset([], 'drop'))).toMatchObject([{ isOwned: false }]);
    expect(parseNftChains(ruleset([], 'drop').replace('chain in ', 'chain i;n '))).toEqual([]);
    expect(parseNftChains('table inet filter')).toEqual([]);
  });
});

describe('iptables', () => {
  const saved = (policy: string, ...rules: readonly string[]) =>
    `# Generated\n*filter\n:INPUT ${policy} [5:300]\n:OUTPUT ACCEPT [0:0]\n:own - [0:0]\n${rules.map((rule) => `[1:60] ${rule}\n`).join('')}COMMIT\n`;
  const inputs = (text: string) => names(parseSavedChains(text, 'iptables'));

  test.each<[string, string]>([
    ['its policy', saved('DROP', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')],
    ['a rule without a match', saved('ACCEPT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited')],
    ['a rule with a comment', saved('ACCEPT', '-A INPUT -m comment --comment "the rest" -j DROP')],
    ['a chain that it jumps to', saved('ACCEPT', '-A INPUT -i eth0 -j own', '-A own -j DROP')],
    ['a chain that it goes to', saved('ACCEPT', '-A INPUT -g own', '-A own -j DROP')],
    ['untracked packets', saved('ACCEPT', '-A INPUT -m conntrack --ctstate INVALID,UNTRACKED -j DROP')],
    ['packets that are not established', saved('ACCEPT', '-A INPUT -m state ! --state RELATED,ESTABLISHED -j DROP')],
  ])('drops by %s', (_, text) => expect(inputs(text)).toEqual(['filter INPUT input']));

  test.each<[string, string]>([
    ['nothing', saved('ACCEPT')],
    ['invalid packets', saved('ACCEPT', '-A INPUT -m conntrack --ctstate INVALID -j DROP')],
    ['an address', saved('ACCEPT', '-A INPUT -s 192.0.2.1/32 -j DROP')],
    ['a chain that no rule jumps to', saved('ACCEPT', '-A own -j DROP')],
    ['NAT, which sees no untracked packets', '*nat\n:INPUT DROP [0:0]\nCOMMIT\n'],
    ['raw, which comes before notrack', '*raw\n:PREROUTING DROP [0:0]\nCOMMIT\n'],
  ])('does not drop by %s', (_, text) => expect(inputs(text)).toEqual([]));
});

test("Docker's policy drops forwarded packets; kube-proxy's rules drop only invalid ones", () => {
  const docker = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`;
  const kube = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`;
  expect(names(parseSavedChains(docker, 'iptables'))).toEqual(['filter FORWARD forward']);
  expect(parseSavedChains(kube, 'iptables')).toEqual([]);
});

describe('chains of a namespace', () => {
  const NFT = '/usr/sbin/nft';
  const own = (tools: Tools, modules = '') => {
    withTools(tools);
    const root = rootOf({
      'proc/modules': `nf_conntrack 1 0 - Live 0x0\n${modules}`,
      'proc/net/ip_tables_names': 'filter\n',
    });
    return readFilterChains({ ...root, view: 'own' }, table());
  };
  const LOADED = 'nf_tables 1 0 - Live 0x0\nnft_compat 1 0 - Live 0x0\n';
  const SAVED = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n';

  test('returns those of both tools', () => {
    const expected = own(
      { [NFT]: ruleset([], 'drop'), '/usr/sbin/iptables-legacy-save': SAVED, '/usr/sbin/ip6tables-legacy-save': '' },
      LOADED,
    );
    expect(expected?.map(({ tool, chain }) => `${tool} ${chain}`)).toEqual(['nft in', 'iptables-legacy INPUT']);
  });

  test('lets iptables change its tables in nf_tables', () => {
    const shown = ruleset([], 'drop').replace('inet filter', 'ip filter').replace('chain in ', 'chain INPUT ');
    const saves = { '/usr/sbin/iptables-nft-save': SAVED, '/usr/sbin/ip6tables-nft-save': '' };
    const expected = own(
      { [NFT]: shown, '/usr/sbin/iptables-legacy-save': '', '/usr/sbin/ip6tables-legacy-save': '', ...saves },
      LOADED,
    );
    expect(expected?.map(({ tool, table: name, chain }) => `${tool} ${name} ${chain}`)).toEqual([
      'iptables-nft filter INPUT',
    ]);
  });

  test('is unknown for iptables tables that only nft shows', () => {
    const shown = ruleset([], 'drop').replace('inet filter', 'ip filter').replace('chain in ', 'chain INPUT ');
    const legacy = { '/usr/sbin/iptables-legacy-save': '', '/usr/sbin/ip6tables-legacy-save': '' };
    expect(own({ [NFT]: shown, ...legacy }, LOADED.replace('nft_compat', 'nft_limit'))).toBeUndefined();
  });

  test('none, or unknown', () => {
    expect(
      own({ [NFT]: '', '/usr/sbin/iptables-legacy-save': '', '/usr/sbin/ip6tables-legacy-save': '' }, LOADED),
    ).toEqual([]);
    expect(own({ [NFT]: { status: 1 } }, LOADED)).toBeUndefined();
    expect(own({}, LOADED)).toBeUndefined();
    withTools({}, 1000);
    expect(readFilterChains({ ...rootOf({}), view: 'own' }, table())).toBeUndefined();
  });
});
