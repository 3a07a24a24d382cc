// The ports that rules give to NAT, as the tools print them.

import { describe, expect, test } from 'vitest';
import { parseNatRanges, readNatRanges } from '../../../src/kernel/nat-ranges.ts';
import { fault, ok, otherTable, table } from '../support/observation.ts';
import { type Files, rootOf } from '../support/root.ts';
import { withTools } from '../support/tools.ts';

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
  ])('of one port: %s', (line, port) => expect(parseNatRanges(line)).toEqual([{ first: port, last: port }]));

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
  ])('without a range: %s', (line) => expect(parseNatRanges(line)).toEqual([]));

  test('each of them', () => {
    const lines = ['snat to 192.0.2.1:1-2', 'masquerade to :3-4'];
    expect(parseNatRanges(lines.join('\n'))).toEqual([
      { first: 1, last: 2 },
      { first: 3, last: 4 },
    ]);
  });
});

describe('who lists them', () => {
  const NAT = 'nf_conntrack 1 2 - Live 0x0\nnf_nat 1 0 - Live 0x0\n';
  const NFT = 'masquerade to :1024-2047\n';
  const SAVED = '-A POSTROUTING -j MASQUERADE --to-ports 1-9\n';
  const SOURCE = 'nft list ruleset';
  const of = (files: Files = { 'proc/modules': NAT }, namespace = table()) =>
    readNatRanges({ ...rootOf(files), view: 'own' }, namespace);

  test('nft and iptables-save, both where both are there', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT, '/sbin/iptables-save': SAVED });
    expect(of()).toEqual(ok([RANGE, { first: 1, last: 9 }], SOURCE));
    expect(lines).toEqual([
      '/usr/sbin/nft list ruleset',
      '/sbin/nft list ruleset',
      '/usr/sbin/iptables-save -t nat',
      '/sbin/iptables-save -t nat',
    ]);
  });

  test.each([
    ['/sbin/nft', NFT],
    ['/usr/sbin/iptables-save', NFT],
  ])('%s alone', (place, said) => {
    withTools({ [place]: said });
    expect(of()).toEqual(ok([RANGE], SOURCE));
  });

  test('nobody', () => {
    withTools({});
    expect(of()).toEqual(fault('tool-missing', '/usr/sbin/nft list ruleset'));
  });

  test('who fails tells nothing', () => {
    withTools({ '/usr/sbin/nft': { stdout: NFT, status: 1 } });
    expect(of()).toEqual({
      ok: false,
      fault: { kind: 'io', source: '/usr/sbin/nft list ruleset', detail: 'exit status 1' },
    });
  });

  test('only root may, and of no tree', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT }, 1000);
    expect(of()).toEqual(fault('denied', SOURCE));
    expect(lines).toEqual([]);
  });

  test('none of a captured tree', () => {
    const lines = withTools({ '/usr/sbin/nft': NFT });
    expect(readNatRanges(rootOf({ 'proc/modules': NAT }), table())).toEqual(fault('denied', SOURCE));
    expect(lines).toEqual([]);
  });

  test.each<[string, Files, boolean]>([
    ['where there is no NAT, which it would load', { 'proc/modules': 'nf_conntrack 1 0\nx 1 0 nf_nat 0x0\n' }, false],
    ['the same of CentOS 5', { 'proc/modules': 'ip_conntrack 1 0\nx 1 0 ip_nat 0x0\n' }, false],
    ['where CentOS 5 has NAT', { 'proc/modules': 'ip_nat 1 0\nip_conntrack 1 1 ip_nat\n' }, true],
    ['where all is built in', { 'proc/modules': 'x 1 0\nnf_conntrack_ftp 1 0\ny 1 1 nf_conntrack 0x0\n' }, true],
    ['where nobody can tell', {}, true],
  ])('%s: asked %j', (_, files, asked) => {
    const lines = withTools({ '/usr/sbin/nft': NFT });
    expect(of(files)).toEqual(ok(asked ? [RANGE] : [], SOURCE));
    expect(lines.length > 0).toBe(asked);
  });

  describe('in which namespace', () => {
    const TOOLS = { '/bin/nsenter': '', '/usr/sbin/nft': NFT };
    const mount = { number: 8, path: '/run/netns/blue' };
    const entered = (view: 'own' | 'host', namespace: ReturnType<typeof table>) => {
      const lines = withTools(TOOLS);
      const root = rootOf({ 'proc/modules': NAT });
      const found = readNatRanges({ ...root, view }, namespace);
      return { found, first: lines[0]?.replace(root.locate(''), '') };
    };

    test.each([
      ['our own', 'own' as const, table(), '/usr/sbin/nft list ruleset'],
      ["the host's", 'host' as const, table(), '/bin/nsenter --net=/proc/1/ns/net /usr/sbin/nft list ruleset'],
      [
        'that of a process',
        'own' as const,
        otherTable({ mount }),
        '/bin/nsenter --net=/proc/7/ns/net /usr/sbin/nft list ruleset',
      ],
      [
        'that of a mount',
        'own' as const,
        otherTable({ pids: [], mount }),
        '/bin/nsenter --net=/run/netns/blue /usr/sbin/nft list ruleset',
      ],
    ])('%s', (_, view, namespace, line) => {
      expect(entered(view, namespace)).toEqual({ found: ok([RANGE], SOURCE), first: line });
    });

    test('none that nothing leads to', () => {
      const nowhere = entered('own', otherTable({ pids: [] }));
      expect(nowhere).toEqual({ found: fault('tool-missing', 'nsenter'), first: undefined });
    });

    test('none without nsenter(1)', () => {
      withTools({ '/usr/sbin/nft': NFT });
      expect(of({ 'proc/modules': NAT }, otherTable())).toEqual(fault('tool-missing', 'nsenter'));
    });
  });
});
