import { describe, expect, test } from 'vitest';
import { parseListedRoutes, parseLocalIpv4, parseLocalIpv6 } from '../../../../src/kernel/namespaces/local-routes.ts';
import { hasLocalNetwork, isOwnAddress, readOwnAddresses } from '../../../../src/kernel/namespaces/own-addresses.ts';
import { addressKey } from '../../../../src/kernel/namespaces/ssh-sessions.ts';
import { otherTable, table } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

const wordsOf = (address: string) => (addressKey(address) ?? '').split(',').map(Number);
const route = (address: string, prefix: number) => ({ key: wordsOf(address), prefix });
const holder = (address: string) => ({ key: wordsOf(address), ipv6: address.includes(':') });

describe('IPv4', () => {
  const text = [
    'Main:',
    '  +-- 0.0.0.0/0 3 0 5',
    '     |-- 10.0.0.0',
    '        /24 link UNICAST',
    '     |-- 192.0.2.7',
    '        /32 host LOCAL',
    '     |-- 10.200.100.250',
    '        /32 link BROADCAST',
    '        /32 host LOCAL tos =8',
    '     |-- 192.0.2.255',
    '        /32 link BROADCAST',
    '     |-- 127.0.0.1',
    '        /32 host LOCAL',
    '     |-- 198.51.100.0',
    '        /24 host LOCAL',
    '        /22 link UNICAST',
  ].join('\n');
  const routes = [
    route('192.0.2.7', 32),
    route('10.200.100.250', 32),
    route('127.0.0.1', 32),
    route('198.51.100.0', 24),
  ];

  test('addresses and networks of type local, without other networks and broadcasts', () => {
    expect(parseLocalIpv4(text)).toEqual(routes);
  });

  test('without the table of a transparent proxy, which has all addresses', () => {
    const proxy = 'Id 100:\n  |-- 0.0.0.0\n     /0 host LOCAL\n';
    expect(parseLocalIpv4(`${proxy}${text}`)).toEqual(routes);
  });
});

describe('IPv6', () => {
  const line = (digits: string, prefix: string, flags: string) =>
    `${digits} ${prefix} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 ${flags}       lo\n`;

  test('addresses and networks of type local', () => {
    const text = [
      line('0'.repeat(32), '00', '00200200'),
      line('00000000000000000000000000000001', '80', '80200001'),
      line('20010db8000700000000000000000000', '30', '80000001'),
      line('20010db8000800000000000000000000', '40', '00000001'),
    ].join('');
    expect(parseLocalIpv6(text)).toEqual([route('::1', 128), route('2001:db8:7::', 48)]);
  });

  test('without the route of a transparent proxy, which has all addresses', () => {
    expect(parseLocalIpv6(line('0'.repeat(32), '00', '80000001'))).toEqual([]);
  });
});

test('routes as ip prints them', () => {
  const text = [
    'local 192.0.2.7 dev eth0 proto kernel scope host src 192.0.2.7 ',
    'broadcast 192.0.2.255 dev eth0 proto kernel scope link src 192.0.2.7 ',
    'local 198.51.100.0/24 dev lo scope host ',
    'local 2001:db8:7::/48 dev lo metric 1024 pref medium',
    'anycast 2001:db8:: dev eth0 proto kernel metric 0 pref medium',
    'local fe80::1 dev eth0 proto kernel metric 0 pref medium',
  ].join('\n');
  expect(parseListedRoutes(text)).toEqual([
    route('192.0.2.7', 32),
    route('198.51.100.0', 24),
    route('2001:db8:7::', 48),
    route('fe80::1', 128),
  ]);
});

test('addresses of our own namespace, or of another through one of its processes', () => {
  const host = '     |-- 0.0.0.1\n        /32 host LOCAL\n';
  const root = rootOf({
    'proc/net/fib_trie': `${host}     |-- 10.0.0.0\n        /8 host LOCAL\n`,
    'proc/net/if_inet6':
      '00000000000000000000000000000002 01 80 10 80 lo\nx0000000000000000000000000000003 01 80 10 80 lo\n',
    'proc/net/ipv6_route': '',
    'proc/7/net/fib_trie': host.replace('0.0.0.1', '0.0.0.3'),
    'proc/7/net/if_inet6': '',
  });
  expect(readOwnAddresses(root, table())).toEqual({
    ipv4: new Set(['1']),
    ipv6: new Set(['0,0,0,2']),
    networks: [route('10.0.0.0', 8)],
  });
  // The captured tree lacks the IPv6 routes.
  const other = { ipv4: new Set(['3']), ipv6: undefined, networks: [] };
  expect(readOwnAddresses(root, otherTable({ pids: [7, 8] }))).toEqual(other);
  const unknown = { ipv4: undefined, ipv6: undefined, networks: [] };
  expect(readOwnAddresses(root, otherTable({ pids: [] }))).toEqual(unknown);
});

test('addresses are unknown without a list of routes, or with one that is too long', () => {
  const long = `${'x'.repeat(1 << 22)}\n     |-- 0.0.0.1\n        /32 host LOCAL\n`;
  for (const text of ['', 'Main:\n', long])
    expect(readOwnAddresses(rootOf({ 'proc/net/fib_trie': text }), table()).ipv4).toBeUndefined();
});

test('an address belongs to the machine, does not, or is unknown', () => {
  const own = { ipv4: new Set(['1']), ipv6: undefined };
  const of = (key: readonly number[]) => isOwnAddress(own, { key, ipv6: key.length > 1 });
  expect([[1], [2], [0x7f000009], [0, 0, 0, 1], [0, 0, 0, 2]].map(of)).toEqual([true, false, true, true, undefined]);
  expect(isOwnAddress({ ipv4: undefined, ipv6: new Set() }, { key: [1], ipv6: false })).toBeUndefined();
});

test('every address in a local network belongs to the machine, and so does a network that contains some', () => {
  const networks = [route('192.0.2.0', 24), route('198.51.100.64', 26), route('2001:db8:7::', 48)];
  const own = { ipv4: new Set<string>(), ipv6: new Set<string>(), networks };
  const of = (address: string) => isOwnAddress(own, holder(address));
  expect(['192.0.2.0', '192.0.2.255', '198.51.100.127', '2001:db8:7:ffff::9'].map(of)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['192.0.3.1', '198.51.100.63', '198.51.100.128', '2001:db8:8::9'].map(of)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  const has = (address: string, prefix: number) => hasLocalNetwork(own, holder(address), prefix);
  expect([has('192.0.2.0', 24), has('198.51.100.0', 24), has('2001:db8:7:5::', 64)]).toEqual([true, true, true]);
  expect([has('192.0.3.0', 24), has('198.51.101.0', 24), has('2001:db8:8:5::', 64)]).toEqual([false, false, false]);
});
