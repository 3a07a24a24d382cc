// Rules that accept a port before it is untracked, the chains they go into, and their undo.

import { describe, expect, test } from 'vitest';
import type { FilterChain } from '../../../../src/model/filter-chain.ts';
import { withStep } from '../../../../src/report/advice/advice-row.ts';
import type { NotrackAdvice } from '../../../../src/report/advice/notrack.ts';
import { notrackStep } from '../../../../src/report/advice/notrack.ts';
import type { Place } from '../../../../src/report/advice/step.ts';
import { adviceLines } from '../../../../src/report/advice/steps.ts';
import { PLAIN } from '../../../../src/report/palette.ts';
import { observation, ok, otherTable, table } from '../../support/observation.ts';

const INPUT: FilterChain = {
  tool: 'nft',
  family: 'inet',
  table: 'filter',
  chain: 'input',
  hook: 'input',
  isOwned: false,
};
const DNS: NotrackAdvice = {
  kind: 'notrack',
  protocol: 17,
  port: 53,
  entries: 900,
  of: 1000,
  adds: undefined,
  zoned: 0,
  ipv4: true,
  ipv6: false,
  reach: 'local',
  chains: [],
  uses: [],
};
const context = { observation: observation({ release: ok({ major: 6, minor: 18 }) }), subject: table() };
const step = (changes: Partial<NotrackAdvice>, where: Place = context) => notrackStep({ ...DNS, ...changes }, where);
const before = (lines: readonly string[], word: string) =>
  lines.slice(
    0,
    lines.findIndex((line) => line.includes(word)),
  );

test('the complete step, for the machine itself with a chain that drops', () => {
  const advice = { ...DNS, chains: [INPUT, { ...INPUT, tool: 'iptables', family: '', chain: 'INPUT' } as const] };
  const given = withStep<NotrackAdvice>(advice, notrackStep);
  expect(`\n${adviceLines([given], '', context, PLAIN).join('\n')}\n`).toMatchInlineSnapshot(`
    "
      1. Stop tracking udp port 53: it has 90.0% of the entries, none translated.
         Untracked packets match no rule with ct state new, established or related.
         The first commands accept udp port 53 in inet filter input and iptables
         filter INPUT, which would drop it. They match every address and, for
         replies, all packets from port 53 to port 1024 and above: add a match if
         the service is not for everyone.
           nft 'insert rule inet filter input udp dport 53 accept comment "check_conntrack_raw_udp_53"'
           nft 'insert rule inet filter input udp sport 53 udp dport 1024-65535 accept comment "check_conntrack_raw_udp_53"'
           iptables -t filter -I INPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           iptables -t filter -I INPUT -p udp --sport 53 --dport 1024:65535 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           nft add table inet check_conntrack_raw_udp_53
           nft 'add chain inet check_conntrack_raw_udp_53 prerouting { type filter hook prerouting priority -300; }'
           nft add rule inet check_conntrack_raw_udp_53 prerouting fib daddr type local udp dport 53 notrack
           nft add rule inet check_conntrack_raw_udp_53 prerouting fib daddr type local udp sport 53 notrack
           nft 'add chain inet check_conntrack_raw_udp_53 output { type filter hook output priority -300; }'
           nft add rule inet check_conntrack_raw_udp_53 output udp dport 53 notrack
           nft add rule inet check_conntrack_raw_udp_53 output udp sport 53 notrack
         Undo:
           nft delete table inet check_conntrack_raw_udp_53
           iptables -t filter -D INPUT -p udp --sport 53 --dport 1024:65535 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           iptables -t filter -D INPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           nft -a list chain inet filter input | sed -n 's/.*"check_conntrack_raw_udp_53" # handle/delete rule inet filter input handle/p' | nft -f -
         or, with iptables:
           nft 'insert rule inet filter input udp dport 53 accept comment "check_conntrack_raw_udp_53"'
           nft 'insert rule inet filter input udp sport 53 udp dport 1024-65535 accept comment "check_conntrack_raw_udp_53"'
           iptables -t filter -I INPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           iptables -t filter -I INPUT -p udp --sport 53 --dport 1024:65535 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           iptables -t raw -I PREROUTING -m addrtype --dst-type LOCAL -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -I PREROUTING -m addrtype --dst-type LOCAL -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -I OUTPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -I OUTPUT -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
         Undo:
           iptables -t raw -D OUTPUT -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -D OUTPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -D PREROUTING -m addrtype --dst-type LOCAL -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t raw -D PREROUTING -m addrtype --dst-type LOCAL -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
           iptables -t filter -D INPUT -p udp --sport 53 --dport 1024:65535 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           iptables -t filter -D INPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j ACCEPT
           nft -a list chain inet filter input | sed -n 's/.*"check_conntrack_raw_udp_53" # handle/delete rule inet filter input handle/p' | nft -f -
         New packets of that port create no entry; current entries end by their
         timeout.
         Cost: no memory. NAT and rules with a state no longer apply to that port.
         It lasts until the next boot. To make it permanent:
           the rules loaded at boot
         Undo: remove them from the rules loaded at boot.
    "
  `);
});

test('without a chain that drops, no accept rule is added', () => {
  const { preconditions, commands } = step({});
  expect(preconditions).toEqual([]);
  expect(commands[0]).toBe('nft add table inet check_conntrack_raw_udp_53');
});

test('unreadable rules: each tool only lists them', () => {
  const { preconditions, commands, instead, undo, notes } = step({ chains: undefined });
  expect(preconditions?.slice(-1)).toEqual([
    'Check first that your rules accept udp port 53 without a state, in both directions.',
  ]);
  expect({ commands, instead, undo }).toEqual({ commands: ['nft list ruleset'], instead: ['iptables-save'], undo: [] });
  expect(notes[0]).toContain('udp dport 53 notrack');
});

test("another program's chain cannot be changed: nothing is untracked", () => {
  const { preconditions, commands, undo } = step({ chains: [INPUT, { ...INPUT, table: 'firewalld', isOwned: true }] });
  expect(preconditions?.[0]).toBe(
    'Only the program that owns inet firewalld input can add a rule there: accept the port by its own command.',
  );
  expect([commands, undo]).toEqual([['nft list ruleset'], []]);
});

test.each([
  ['nat', 'The rules translate addresses (NAT), '],
  ['marks', 'The rules use marks of connections (ct mark): '],
  ['helpers', 'The rules use helpers (ct helper): '],
] as const)('rules that need entries for %s: nothing is untracked', (use, words) => {
  const { preconditions, commands, instead, undo } = step({ chains: [], uses: [use] });
  expect(preconditions?.[0]?.startsWith(words)).toBe(true);
  expect({ commands, instead, undo }).toEqual({ commands: ['nft list ruleset'], instead: ['iptables-save'], undo: [] });
});

test('a TCP packet that opens a connection is not accepted as a reply', () => {
  const chains = [INPUT, { ...INPUT, tool: 'iptables', family: '', table: 'filter', chain: 'INPUT' } as const];
  const { commands, instead } = step({ protocol: 6, port: 443, chains });
  const accepted = [
    `nft 'insert rule inet filter input tcp dport 443 accept comment "check_conntrack_raw_tcp_443"'`,
    `nft 'insert rule inet filter input tcp sport 443 tcp dport 1024-65535 tcp flags & (fin|syn|rst|ack) != syn accept comment "check_conntrack_raw_tcp_443"'`,
    'iptables -t filter -I INPUT -p tcp --dport 443 -m comment --comment check_conntrack_raw_tcp_443 -j ACCEPT',
    'iptables -t filter -I INPUT -p tcp --sport 443 --dport 1024:65535 ! --syn -m comment --comment check_conntrack_raw_tcp_443 -j ACCEPT',
  ];
  expect(before(commands, 'add table')).toEqual(accepted);
  expect(before(instead, ' raw ')).toEqual(accepted);
});

describe('only the intended traffic is untracked', () => {
  const rules = (reach: NotrackAdvice['reach']) => {
    const { commands, instead } = step({ reach });
    const words = (line: string) => line.replace(/^nft '?add rule inet check_conntrack_raw_udp_53 |'$/g, '');
    return {
      nft: commands.filter((line) => line.includes('add rule')).map(words),
      iptables: instead.map((line) =>
        line.replace(/^iptables -t raw -I | -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack$/g, ''),
      ),
    };
  };
  const OUTPUT = {
    nft: ['output udp dport 53 notrack', 'output udp sport 53 notrack'],
    iptables: ['OUTPUT -p udp --dport 53', 'OUTPUT -p udp --sport 53'],
  };

  test.each([
    ['local', 'fib daddr type local ', '-m addrtype --dst-type LOCAL ', true],
    ['forwarded', 'fib daddr type != local ', '-m addrtype ! --dst-type LOCAL ', false],
    ['both', '', '', true],
  ] as const)('%s', (reach, nft, iptables, isSent) => {
    expect(rules(reach)).toEqual({
      nft: [
        `prerouting ${nft}udp dport 53 notrack`,
        `prerouting ${nft}udp sport 53 notrack`,
        ...(isSent ? OUTPUT.nft : []),
      ],
      iptables: [
        `PREROUTING ${iptables}-p udp --dport 53`,
        `PREROUTING ${iptables}-p udp --sport 53`,
        ...(isSent ? OUTPUT.iptables : []),
      ],
    });
  });
});

test('each part of the undo runs in the other namespace', () => {
  const { undo } = step({ chains: [INPUT] }, { ...context, subject: otherTable({ pids: [5] }) });
  expect(undo).toEqual([
    'nsenter -t 5 -n nft delete table inet check_conntrack_raw_udp_53',
    `nsenter -t 5 -n nft -a list chain inet filter input | sed -n 's/.*"check_conntrack_raw_udp_53" # handle/delete rule inet filter input handle/p' | nsenter -t 5 -n nft -f -`,
  ]);
});
