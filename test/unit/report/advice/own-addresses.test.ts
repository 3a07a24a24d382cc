import { expect, test } from 'vitest';
import {
  isOwnAddress,
  parseIpv6,
  parseListedIpv4,
  parseLocalIpv4,
  readOwnAddresses,
} from '../../../../src/report/advice/own-addresses.ts';
import { otherTable, table } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

test('IPv4: what the local table calls a host, not networks and broadcasts', () => {
  const text = [
    'Main:',
    '  +-- 0.0.0.0/0 3 0 5',
    '     |-- 10.0.0.0',
    '        /24 link UNICAST',
    '     |-- 192.0.2.7',
    '        /32 host LOCAL',
    '     |-- 10.200.100.250',
    '        /32 host LOCAL',
    '     |-- 192.0.2.255',
    '        /32 link BROADCAST',
    '     |-- 127.0.0.1',
    '        /32 host LOCAL',
  ].join('\n');
  expect(parseLocalIpv4(text)).toEqual([
    String((192 << 24) | (2 << 8) | 7),
    String((10 << 24) | (200 << 16) | (100 << 8) | 250),
    String(0x7f000001),
  ]);
});

test('IPv6', () => {
  const text =
    '00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000000000000000001 02 40 20 80     eth0\n';
  expect(parseIpv6(text)).toEqual(['0,0,0,1', `${0xfe800000 | 0},0,0,1`]);
});

test('a line that begins otherwise is none', () => {
  expect(parseIpv6('x00000000000000000000000000000001 01 80 10 80 lo\n')).toEqual([]);
});

test('of our own namespace, or of a process in another', () => {
  const host = '     |-- 0.0.0.1\n        /32 host LOCAL\n';
  const root = rootOf({
    'proc/net/fib_trie': host,
    'proc/net/if_inet6': '00000000000000000000000000000002 01 80 10 80 lo\n',
    'proc/7/net/fib_trie': host.replace('0.0.0.1', '0.0.0.3'),
  });
  expect(readOwnAddresses(root, table())).toEqual({ ipv4: new Set(['1']), ipv6: new Set(['0,0,0,2']) });
  expect(readOwnAddresses(root, otherTable({ pids: [7, 8] }))).toEqual({ ipv4: new Set(['3']), ipv6: undefined });
  expect(readOwnAddresses(root, otherTable({ pids: [] }))).toEqual({ ipv4: undefined, ipv6: undefined });
});

test('without a list of routes, or with one too long, they are unknown', () => {
  const long = `${'x'.repeat(1 << 22)}\n     |-- 0.0.0.1\n        /32 host LOCAL\n`;
  for (const text of ['', 'Main:\n', long])
    expect(readOwnAddresses(rootOf({ 'proc/net/fib_trie': text }), table()).ipv4).toBeUndefined();
});

test('as ip prints them', () => {
  const text = [
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
    '2: eth0@if7    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever',
    '3: tun0    inet 10.0.0.1 peer 10.0.0.2/32 scope global tun0',
  ].join('\n');
  expect(parseListedIpv4(text)).toEqual([
    String(0x7f000001),
    String((192 << 24) | (2 << 8) | 7),
    String((10 << 24) | 1),
  ]);
});

test('an address is the machine, or not, or that is unknown', () => {
  const own = { ipv4: new Set(['1']), ipv6: undefined };
  const of = (key: readonly number[]) => isOwnAddress(own, { key, ipv6: key.length > 1 });
  expect([[1], [2], [0x7f000009], [0, 0, 0, 1], [0, 0, 0, 2]].map(of)).toEqual([true, false, true, true, undefined]);
  expect(isOwnAddress({ ipv4: undefined, ipv6: new Set() }, { key: [1], ipv6: false })).toBeUndefined();
});
