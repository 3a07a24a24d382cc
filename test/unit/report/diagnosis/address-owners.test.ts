// Network namespaces by their local addresses.

import { expect, test } from 'vitest';
import { readAddressOwners } from '../../../../src/report/diagnosis/address-owners.ts';
import { addressWords } from '../../../../src/report/list/address.ts';
import { holdings } from '../../support/entries.ts';
import { otherTable, table } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

const local = (...addresses: readonly string[]) =>
  addresses.map((address) => `           |-- ${address}\n              /32 host LOCAL\n`).join('');
const FILES = {
  'proc/net/fib_trie': local('127.0.0.1', '192.0.2.1'),
  'proc/7/net/fib_trie': local('127.0.0.1', '10.0.0.7'),
  'proc/8/net/fib_trie': local('127.0.0.1', '10.0.0.8', '10.0.0.9'),
  'proc/9/net/fib_trie': local('127.0.0.1', '10.0.0.9'),
  'proc/7/net/if_inet6': '20010db8000000000000000000000007 02 40 00 80 eth0\n',
  'proc/7/net/ipv6_route': '',
};
const TABLES = [table(), ...[7, 8, 9].map((pid) => otherTable({ key: `net:${pid}`, pids: [pid] }))];
const FLOWS = ['10.0.0.7', '10.0.0.8', '10.0.0.9', '127.0.0.1', '10.9.9.9'].map((source) => ({ source }));
const SIX = { source: '2001:db8:0:0:0:0:0:7', destination: '2001:db8:0:0:0:0:0:8' };

test('an address names its namespace, unless several namespaces or none have it', () => {
  const root = { ...rootOf(FILES), view: 'own' as const };
  const found = readAddressOwners(root, TABLES, holdings([...FLOWS, SIX]));
  expect(found.map(({ address, ipv6, table: { key } }) => `${addressWords(address, ipv6)} ${key}`).sort()).toEqual([
    '10.0.0.7 net:7',
    '10.0.0.8 net:8',
    '192.0.2.1 own',
    '2001:db8::7 net:7',
  ]);
});

test('a captured tree shows no other namespace', () => {
  expect(readAddressOwners(rootOf(FILES), TABLES, holdings(FLOWS))).toEqual([]);
});
