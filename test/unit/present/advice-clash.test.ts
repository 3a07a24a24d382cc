// What to type where packets are lost to clashes.

import { expect, test } from 'vitest';
import type { NatUse } from '../../../src/evaluate/nat-ports.ts';
import { STATES } from '../../../src/observation/entry.ts';
import { clashStep, natPortsStep } from '../../../src/present/advice-clash.ts';

const RANGE = { first: 1024, last: 2047 };
const USE: NatUse = {
  ipv6: false,
  protocol: 6,
  translated: [0x0a000001],
  destination: [(192 << 24) | (2 << 8) | 1],
  port: 443,
  used: 1024,
  lowest: 1024,
  highest: 2047,
  mostly: { protocol: 6, state: STATES.indexOf('TIME_WAIT'), assured: true },
};

test('ports that connections have which are over', () => {
  const timeout = { name: 'tcp_timeout_time_wait', seconds: 120, shorter: 30 };
  const shortage = { use: USE, range: RANGE };
  expect(natPortsStep({ kind: 'nat_ports', shortage, timeout }, 'nsenter -t 7 -n ')).toMatchInlineSnapshot(`
    {
      "commands": [
        "nsenter -t 7 -n conntrack -D -p tcp -r 192.0.2.1 -q 10.0.0.1 --reply-port-src 443 --state TIME_WAIT >/dev/null",
        "nsenter -t 7 -n sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30",
      ],
      "instead": [],
      "notes": [
        "The first one frees these ports at once: of connections that are over. It lasts until they are taken again.",
        "The other one gives new ones back after 30 s of silence, not 120.",
        "What holds: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.",
        "A higher limit of entries does not help: the table has room.",
      ],
      "title": "Give NAT more ports: of 10.0.0.1 1,024 of the 1,024 from 1024 to 2047 are in use towards tcp 192.0.2.1 port 443.",
    }
  `);
});

test('ports that connections have which live, of IPv6, and no timeout to shorten', () => {
  const mostly = { protocol: 6, state: STATES.indexOf('ESTABLISHED'), assured: true };
  const addresses = { translated: [0x20010db8, 1, 0, 1], destination: [0x20010db8, 2, 0, 1] };
  const shortage = { use: { ...USE, ...addresses, ipv6: true, mostly }, range: RANGE };
  expect(natPortsStep({ kind: 'nat_ports', shortage, timeout: undefined }, '')).toMatchInlineSnapshot(`
    {
      "commands": [
        "conntrack -D -f ipv6 -p tcp -r 2001:db8:0:2::1 -q 2001:db8:0:1::1 --reply-port-src 443 >/dev/null",
      ],
      "instead": [],
      "notes": [
        "The first one frees these ports at once: the connections that have them end, or must be set up again. It lasts until they are taken again.",
        "What holds: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.",
        "A higher limit of entries does not help: the table has room.",
      ],
      "title": "Give NAT more ports: of 2001:db8:0:1::1 1,024 of the 1,024 from 1024 to 2047 are in use towards tcp 2001:db8:0:2::1 port 443.",
    }
  `);
});

test.each(['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT', 'CLOSE_WAIT', 'SYN_SENT'] as const)(
  'in %s nothing comes any more: those alone are removed',
  (state) => {
    const mostly = { protocol: 6, state: STATES.indexOf(state), assured: false };
    const { commands } = natPortsStep(
      { kind: 'nat_ports', shortage: { use: { ...USE, mostly }, range: RANGE }, timeout: undefined },
      '',
    );
    expect(commands[0]).toContain(` --state ${state} >`);
  },
);

test('no port is lacking, or nobody may know', () => {
  expect(clashStep({ kind: 'clash', isNatKnown: true }, 'nsenter -t 7 -n ')).toMatchInlineSnapshot(`
    {
      "commands": [
        "nsenter -t 7 -n conntrack -S",
      ],
      "instead": [],
      "notes": [
        "It shows insert_failed and clash_resolve for each CPU.",
        "No translated address that could be seen is short of ports.",
        "Likely, where NAT has ports: two packets of one new flow at the same time, as of a resolver that asks for A and AAAA from one socket (options single-request-reopen in its resolv.conf); each one that is lost costs a retry.",
        "A higher limit of entries does not help.",
      ],
      "title": "Find out whose packets clash: the table has room for them.",
    }
  `);
  expect(clashStep({ kind: 'clash', isNatKnown: false }, '').notes[1]).toBe(
    'Whether NAT has run out of ports could not be seen: as root this report tells.',
  );
});
