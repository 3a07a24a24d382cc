// The ports that rules give to NAT, in the tools' own output.

import { describe, expect, test } from 'vitest';
import { hasForeignNat, parseNatRanges } from '../../../../src/kernel/rules/nat-ranges.ts';
import { readNatRanges } from '../../../../src/kernel/rules/rules.ts';
import { fault, ok, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { withTools } from '../../support/tools.ts';

const RANGE = { first: 1024, last: 2047 };

describe('a rule', () => {
  test.each([
    '\t\toifname "eth0" snat to 192.0.2.1:1024-2047',
    'oifname "eth0" snat ip to 192.0.2.1-192.0.2.9:1024-2047 fully-random',
    'snat ip6 to [2001:db8::1]:1024-2047',
    'snat ip6 to [2001:db8::1]-[2001:db8::9]:1024-2047',
    'ip daddr 192.0.2.7 tcp dport 80 masquerade to :1024-2047 persistent',
    '-A POSTROUTING -o eth0 -p tcp -j SNAT --to-source 192.0.2.1:1024-2047 --random',
    '-A POSTROUTING -o eth0 -p tcp -j SNAT --to-source :1024-2047',
    '-A POSTROUTING -p tcp -j SNAT --to-source [2001:db8::1-2001:db8::9]:1024-2047',
    '-A POSTROUTING -o eth0 -p tcp -j MASQUERADE --to-ports 1024-2047',
    '-A POSTROUTING -o br:7 -m mac --mac-source 00:11:22:33:44:55 -p tcp -j MASQUERADE --to-ports 1024-2047',
  ])('%s', (line) => expect(parseNatRanges(`x\n${line}\ny\n`)).toEqual([RANGE]));

  test.each([
    ['snat to 192.0.2.1:1024', 1024],
    ['-A POSTROUTING -j MASQUERADE --to-ports 61000', 61_000],
  ])('reads a single port: %s', (line, port) => expect(parseNatRanges(line)).toEqual([{ first: port, last: port }]));

  test.each([
    'snat to 192.0.2.1',
    'masquerade',
    'ether saddr 00:11:22:33:44:55 masquerade',
    'ip6 saddr 2001:db8::5 masquerade random',
    'snat ip6 to 2001:db8::1',
    'snat ip6 to ::1',
    'dnat to 192.0.2.1:1024-2047',
    'redirect to :1024-2047',
    '-A PREROUTING -p tcp -j REDIRECT --to-ports 1024-2047',
    '-A POSTROUTING -j SNAT --to-source 2001:db8::1',
    ':MASQUERADED - [0:0]',
  ])('has no range: %s', (line) => expect(parseNatRanges(line)).toEqual([]));

  test('returns the range of each rule', () => {
    const lines = ['snat to 192.0.2.1:1-2', 'masquerade to :3-4'];
    expect(parseNatRanges(lines.join('\n'))).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 4 },
    ]);
  });
});

test.each([
  ['meta l4proto tcp counter packets 0 bytes 0 xt target "MASQUERADE"', true],
  ['counter packets 0 bytes 0 xt target SNAT', true],
  ['counter packets 0 bytes 0 # xt_MASQUERADE', true],
  ['xt target "LOG"', false],
  ['masquerade to :1024-2047', false],
  ['jump MASQUERADE', false],
])('NAT that nft cannot translate: %s: %j', (line, isForeign) => expect(hasForeignNat(`x\n${line}\n`)).toBe(isForeign));

describe('the programs that list them', () => {
  const NAT = 'nf_conntrack 1 2 - Live 0x0\nnf_nat 1 0 - Live 0x0\nnf_tables 1 0\nnft_compat 1 0\n';
  const NFT = 'masquerade to :1024-2047\n';
  const FOREIGN = 'xt target "MASQUERADE"\n';
  const SAVED = '[0:0] -A POSTROUTING -j MASQUERADE --to-ports 1-9\n';
  const SAVED_RANGE = { first: 1, last: 9 };
  const SOURCE = 'nft list ruleset';
  const TABLES = { 'proc/net/ip_tables_names': 'nat\n' };
  const [LINE, LEGACY] = ['/usr/sbin/nft -t -a list ruleset', '/sbin/iptables-legacy-save -c'];
  const of = (files: Files = {}, namespace = table()) =>
    readNatRanges({ ...rootOf({ 'proc/modules': NAT, ...files }), view: 'own' }, namespace);

  test('nft, and iptables if it has tables of its own', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT, '/sbin/iptables-legacy-save': SAVED });
    expect(of(TABLES)).toEqual(ok([RANGE, SAVED_RANGE], SOURCE));
    expect(lines).toEqual([LINE, LEGACY]);
    expect(of()).toEqual(ok([RANGE], SOURCE));
    expect(lines).toEqual([LINE, LEGACY, LINE]);
  });

  test.each([
    ['cannot translate them', FOREIGN, 1],
    ['fails', { stdout: NFT, status: 1 }, 1],
    ['shows them all', 'masquerade\n', 0],
  ])('lists iptables rules in nf_tables if nft %s', (_, listing, runs) => {
    const lines = withTools({ '/usr/sbin/nft': listing, '/sbin/iptables-nft-save': SAVED }, 0, {
      '/sbin/iptables-nft-save': '/usr/sbin/xtables-nft-multi',
    });
    expect(of()).toEqual(ok(Array(runs).fill(SAVED_RANGE), SOURCE));
    expect(lines).toHaveLength(1 + runs);
  });

  test('none', () => {
    withTools({});
    expect(of()).toEqual(fault('tool-missing', SOURCE));
  });

  test('ignores a program that fails', () => {
    withTools({ '/usr/sbin/nft': { stdout: NFT, status: 1 } });
    expect(of()).toEqual({ ok: false, fault: { kind: 'io', source: SOURCE, detail: 'exit status 1' } });
  });

  test('needs root, and no captured tree', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT }, 1000);
    expect(of()).toEqual(fault('denied', SOURCE));
    expect(lines).toEqual([]);
  });

  test('none for a captured tree', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT });
    expect(readNatRanges(rootOf({ 'proc/modules': NAT }), table())).toEqual(fault('denied', SOURCE));
    expect(lines).toEqual([]);
  });

  const TOOLS = { '/usr/sbin/nft': NFT, '/sbin/iptables-legacy-save': SAVED, '/sbin/ip6tables-legacy-save': SAVED };

  test.each<[string, string, Files, number]>([
    ['without NAT', 'nf_conntrack 1 0\nnf_tables 1 0\nx 1 0 nf_nat 0x0\n', TABLES, 0],
    ['by nft, with iptables tables only', 'nf_conntrack 1 0\nnf_nat 1 0\nip_tables 1 0\n', TABLES, 1],
    ['by iptables, with nft tables only', 'nf_conntrack 1 0\nnf_nat 1 0\nnf_tables 1 0\n', {}, 1],
    ['by either, without any table', 'nf_conntrack 1 0\nnf_nat 1 0\n', {}, 0],
  ])('does not list %s, which would load a module', (_, modules, files, programs) => {
    const lines = withTools(TOOLS);
    const reading = of({ ...files, 'proc/modules': modules });
    expect(reading).toMatchObject({ ok: true, value: { length: programs } });
    expect(lines).toHaveLength(programs);
  });

  test('lists them if the absence of NAT is not certain', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT });
    expect(readNatRanges({ ...rootOf({}), view: 'own' }, table())).toEqual(ok([RANGE], SOURCE));
    expect(lines).toEqual([LINE]);
  });
});
