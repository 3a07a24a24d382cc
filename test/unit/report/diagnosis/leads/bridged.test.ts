// Bridged traffic in the table: only without forwarding, and if most entries have both ends elsewhere.

import { expect, test } from 'vitest';
import { readBridged } from '../../../../../src/report/diagnosis/leads/bridged.ts';
import { type Flow, holdings, times } from '../../../support/entries.ts';
import { table } from '../../../support/observation.ts';
import { type Files, rootOf } from '../../../support/root.ts';

const BETWEEN_OTHERS = times(100, (at) => ({ source: `10.0.0.${at % 4}`, sourcePort: 1024 + at }));
const HOST: Files = {
  'proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
  'proc/sys/net/ipv4/ip_forward': '0\n',
  'proc/net/fib_trie': '  |-- 10.9.9.9\n     /32 host LOCAL\n',
  'proc/net/if_inet6': '',
  'proc/net/ipv6_route': '',
};

function share(flows: readonly Flow[], files: Files = {}): number | undefined {
  return readBridged({ ...rootOf({ ...HOST, ...files }), view: 'own' }, table(), holdings(flows))?.share;
}

test.each<[string, readonly Flow[], Files, number | undefined]>([
  ['between other hosts', BETWEEN_OTHERS, {}, 100],
  [
    'mostly between other hosts',
    [...BETWEEN_OTHERS, ...times(50, { source: '10.9.9.9' })],
    {},
    expect.closeTo(66.7, 1),
  ],
  ['mostly to this machine', [...BETWEEN_OTHERS, ...times(101, { destination: '10.9.9.9' })], {}, undefined],
  ['to multicast groups', times(100, { destination: '224.0.0.1' }), {}, undefined],
  ['from more sources than the list shows', times(100, (at) => ({ source: `10.9.0.${at}` })), {}, 99],
  [
    'between other hosts, with a whole local network',
    BETWEEN_OTHERS,
    { 'proc/net/fib_trie': `${HOST['proc/net/fib_trie']}  |-- 192.0.2.0\n     /24 host LOCAL\n` },
    undefined,
  ],
  ['on a router', BETWEEN_OTHERS, { 'proc/sys/net/ipv4/ip_forward': '1\n' }, undefined],
  ['without the setting', BETWEEN_OTHERS, { 'proc/sys/net/bridge/bridge-nf-call-iptables': '0\n' }, undefined],
  ['on a Docker host', BETWEEN_OTHERS, { 'run/docker.sock': '' }, undefined],
  ['on a Kubernetes node', BETWEEN_OTHERS, { 'var/lib/kubelet/config.yaml': '' }, undefined],
])('%s', (_, flows, files, expected) => expect(share(flows, files)).toEqual(expected));
