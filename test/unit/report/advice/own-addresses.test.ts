import { expect, test } from 'vitest';
import { parseIpv6, parseLocalIpv4, readOwnAddresses } from '../../../../src/report/advice/own-addresses.ts';
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
  expect([...readOwnAddresses(root, table())]).toEqual(['1', '0,0,0,2']);
  expect([...readOwnAddresses(root, otherTable({ pids: [7, 8] }))]).toEqual(['3']);
  expect([...readOwnAddresses(root, otherTable({ pids: [] }))]).toEqual([]);
});
