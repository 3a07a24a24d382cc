// What tells of losses beside a full table, as the kernel and the tools print it.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRoot, type Root } from '../../../../../src/kernel/root.ts';
import { hasForeignRules, parseNftRules, parseSavedRules } from '../../../../../src/kernel/rules/drop-rules.ts';
import type { Table } from '../../../../../src/model/table.ts';
import { lineOf } from '../../../../../src/report/diagnosis/kernel-log.ts';
import { enaInterfaces, parseAllowance } from '../../../../../src/report/diagnosis/leads/allowances.ts';
import { parseNeighbourStatistics } from '../../../../../src/report/diagnosis/leads/neighbours.ts';
import { readElsewhere } from '../../../../../src/report/diagnosis/leads/read-other-limits.ts';
import { parseLine, parsePairs } from '../../../../../src/report/diagnosis/leads/stack-counters.ts';
import { parseZoneLimits, readZoneLimits } from '../../../../../src/report/diagnosis/leads/zone-limits.ts';
import { scratch } from '../../../../e2e/support/scratch.ts';

const NO_END = { left: () => Number.POSITIVE_INFINITY, elapsed: () => 0 };

function rootAt(dir: string): Root {
  const opened = openRoot(dir, NO_END);
  if ('fault' in opened) throw new Error(opened.fault.kind);
  return opened.root;
}

describe('counters of the stack, by name', () => {
  const NETSTAT = [
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPBacklogDrop',
    'TcpExt: 0 7 9 18446744073709551615',
    'IpExt: InNoRoutes ListenDrops',
    'IpExt: 0 1',
    '',
  ].join('\n');

  test('of their group alone', () => {
    const pairs = parsePairs(NETSTAT, 'TcpExt');
    expect(pairs.get('ListenOverflows')).toBe(7);
    expect(pairs.get('ListenDrops')).toBe(9);
    expect(pairs.get('TCPBacklogDrop')).toBe(2 ** 64);
    expect(pairs.get('InNoRoutes')).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['names alone', 'TcpExt: ListenDrops\n'],
    ['more names than figures', 'TcpExt: A ListenDrops\nTcpExt: 1\n'],
    ['no figure', 'TcpExt: ListenDrops\nTcpExt: x\n'],
    ['another group with the same beginning', 'TcpExt2: ListenDrops\nTcpExt2: 1\n'],
  ])('%s is none', (_, text) => {
    expect(parsePairs(text, 'TcpExt').get('ListenDrops')).toBeUndefined();
  });

  test('packets of IPv6', () => {
    const text = 'Ip6InReceives                   \t46\nIp6InHdrErrors                  \t0\n';
    expect(parseLine(text, 'Ip6InReceives')).toBe(46);
    expect(parseLine(text, 'InReceives')).toBe(0);
    expect(parseLine('', 'Ip6InReceives')).toBe(0);
  });
});

describe('neighbour tables', () => {
  const HEAD = 'entries  allocs   destroys hash_grows lookups  hits     res_failed table_fulls';
  const ROW = (entries: string, fulls: string) =>
    `${entries} 0000000a 00000008 00000000   0000016e 00000000 00000000   ${fulls}`;

  test('as this kernel prints them, a line for each CPU', () => {
    const text = [HEAD, ROW('00000400', '00000001'), ROW('00000400', 'ffffffff'), ''].join('\n');
    expect(parseNeighbourStatistics(text)).toEqual({
      ok: true,
      value: { entries: 1024, tableFulls: [1, 2 ** 32 - 1] },
    });
  });

  test.each([
    ['without the column (before 4.3)', `entries  allocs\n00000002 0000000a\n`],
    ['without a CPU', `${HEAD}\n`],
    ['what is no figure', `${HEAD}\n${ROW('00000002', '0000000g')}\n`],
    ['nothing', ''],
  ])('%s is broken', (_, text) => expect(parseNeighbourStatistics(text).ok).toBe(false));
});

describe('the allowance of an ena interface', () => {
  const HEAD =
    'NIC statistics:\n     tx_timeout: 0\n     bw_in_allowance_exceeded: 3\n     pps_allowance_exceeded: 946\n';
  const EXCEEDED = '     conntrack_allowance_exceeded: 12\n';

  test('with and without what is left of it', () => {
    const text = `${HEAD}${EXCEEDED}     conntrack_allowance_available: 136812\n     queue_0_tx_cnt: 5170\n`;
    expect(parseAllowance(text)).toEqual({ ok: true, value: { exceeded: 12, available: 136_812 } });
    expect(parseAllowance(HEAD + EXCEEDED)).toEqual({ ok: true, value: { exceeded: 12, available: undefined } });
  });

  test('drivers without it tell nothing', () => {
    expect(parseAllowance(HEAD).ok).toBe(false);
    expect(parseAllowance('NIC statistics:\n     peer_ifindex: 5\n     rx_queue_0_xdp_packets: 0\n').ok).toBe(false);
  });

  test('only interfaces with that driver are asked, and none with a name that looks like an option', () => {
    const dir = scratch();
    const drivers = { ens5: 'ena', eth0: 'virtio_net', ens6: 'ena', '-S': 'ena', xena: 'hyena' };
    for (const [name, driver] of Object.entries(drivers)) {
      const link = join(dir, 'sys/class/net', name, 'device/driver');
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(`../../../../bus/pci/drivers/${driver}`, link);
    }
    // What has no device: lo, bridges, tunnels.
    mkdirSync(join(dir, 'sys/class/net/lo'));
    expect(enaInterfaces(rootAt(dir))).toEqual(['ens5', 'ens6']);
    expect(enaInterfaces(rootAt(scratch()))).toEqual([]);
  });
});

describe('zones of Open vSwitch', () => {
  test('as ovs-appctl 3.1.0 prints them', () => {
    expect(parseZoneLimits('default limit=0\nzone=5,limit=3,count=3\nzone=65535,limit=4294967295,count=0\n')).toEqual([
      { zone: 5, limit: 3, entries: 3 },
      { zone: 65535, limit: 4_294_967_295, entries: 0 },
    ]);
    expect(parseZoneLimits('default limit=0\n')).toEqual([]);
    expect(parseZoneLimits('')).toEqual([]);
  });

  test('a captured tree is not asked, whatever it holds', () => {
    const dir = scratch();
    mkdirSync(join(dir, 'run/openvswitch'), { recursive: true });
    writeFileSync(join(dir, 'run/openvswitch/ovs-vswitchd.pid'), '1\n');
    const root = rootAt(dir);
    expect(readZoneLimits(root)).toEqual([]);
    expect(root.attempts).toEqual([]);
  });
});

describe('rules that drop what is invalid', () => {
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

  test('each in its own place; what cannot be named in a command is left out', () => {
    const other =
      'table ip6 a-b {\n\tchain c.d {\n\t\tct state invalid drop # handle 1\n\t}\n\n\tchain "a;b" {\n\t\tct state invalid drop\n\t}\n}\n';
    expect(parseNftRules(chain('ct state invalid drop # handle 3') + other)).toMatchObject([
      { ...FOUND, handle: 3 },
      { family: 'ip6', table: 'a-b', chain: 'c.d', handle: 1 },
    ]);
  });

  test('rules of iptables that nft has no words for', () => {
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

  test('no more than anybody reads, in time linear in their number', () => {
    expect(parseNftRules(chain(...Array.from({ length: 5000 }, () => 'ct state invalid drop'))).length).toBe(20);
    expect(parseNftRules(`ct state {${' invalid'.repeat(500_000)}`)).toEqual([]);
    expect(parseSavedRules(`-A X ${'--ctstate '.repeat(400_000)} INVALID`, 'iptables')).toEqual([]);
  });
});

describe('lines of the log about other tables', () => {
  test.each([
    ['nf_conntrack: expectation table full', 'expectations'],
    ['neighbour: arp_cache: neighbor table overflow!', 'neighbours'],
    ['neighbour: ndisc_cache: neighbor table overflow!', 'neighbours'],
    ['Neighbour table overflow.', 'neighbours'],
    ['ipv6: Neighbour table overflow.', 'neighbours'],
  ])('%s', (text, of) => expect(lineOf(`4,1,2,-;${text}`, 5)).toEqual([{ at: 5, namespace: undefined, of }]));

  test('a full table of connections is none of them', () => {
    expect(lineOf('nf_conntrack: nf_conntrack: table full, dropping packet', 5)).toEqual([
      { at: 5, namespace: undefined },
    ]);
    expect(lineOf('nf_conntrack: table full in netns 7, dropping packet', 5)).toEqual([{ at: 5, namespace: 7 }]);
    expect(lineOf('some other table is full', 5)).toEqual([]);
    expect(lineOf('nf_conntrack: expectation table full', Number.NaN)).toEqual([]);
  });
});

describe('a captured tree', () => {
  const NOT_ASKED = { ok: false, fault: { kind: 'not-asked', source: 'it' } } as const;
  const OWN: Table = {
    key: 'own',
    isOwn: true,
    isInitial: true,
    pids: [],
    number: undefined,
    mount: undefined,
    entries: 1,
    entriesSource: 'x',
    limit: 10,
    limitSource: 'x',
    statistics: NOT_ASKED,
    extensions: { acct: NOT_ASKED, timestamp: NOT_ASKED, events: NOT_ASKED, listener: NOT_ASKED },
  };

  test('tells what of it needs one look only: expected connections', () => {
    const dir = scratch();
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    };
    const line = '299 l3proto = 2 proto=17 src=127.0.0.1 dst=127.0.0.1 sport=0 dport=10001 tftp\n';
    put('proc/net/nf_conntrack_expect', line.repeat(3));
    put('proc/net/netstat', 'TcpExt: ListenDrops\nTcpExt: 7\n');
    put('proc/net/stat/arp_cache', 'entries  table_fulls\n00000001 00000001\n');
    const root = rootAt(dir);
    expect(readElsewhere(root, [OWN], 'all')).toEqual({
      stacks: new Map(),
      neighbours: [],
      allowances: [],
      zones: [],
      expectations: new Map([['own', 3]]),
    });
    expect(root.attempts.map(({ source }) => source)).toEqual([`${dir}/proc/net/nf_conntrack_expect`]);
    expect(readElsewhere(root, [OWN], 'counters').expectations.size).toBe(0);
  });
});
