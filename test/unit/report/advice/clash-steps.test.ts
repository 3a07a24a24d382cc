// Commands for packets lost to clashes.

import { expect, test } from 'vitest';
import { clashStep } from '../../../../src/report/advice/clash.ts';
import { natPortsStep } from '../../../../src/report/advice/more-nat-ports.ts';
import type { Place } from '../../../../src/report/advice/step.ts';
import type { NatUse } from '../../../../src/report/diagnosis/nat-ports.ts';
import { STATES } from '../../../../src/report/list/entry.ts';

/** Returns the namespace of a process, or our own. */
function inside(pid?: number): Place {
  const release = { ok: true, value: { major: 6, minor: 18 }, source: '' } as const;
  const subject = { isOwn: pid === undefined, mount: undefined, pids: pid === undefined ? [] : [pid] };
  return { observation: { machine: { release } }, subject };
}

const RANGE = { first: 1024, last: 2047 };
const USE: NatUse = {
  ipv6: false,
  protocol: 6,
  translated: [0x0a000001],
  destination: [(192 << 24) | (2 << 8) | 1],
  port: 443,
  used: 1024,
  mostly: { protocol: 6, state: STATES.indexOf('TIME_WAIT'), assured: true },
};

test('ports of ended connections are freed, and their timeout is shortened', () => {
  const timeout = { name: 'tcp_timeout_time_wait', seconds: 120, shorter: 30 };
  const shortage = { use: USE, range: RANGE };
  expect(natPortsStep({ kind: 'nat_ports', shortage, timeout, removes: true }, inside(7))).toMatchInlineSnapshot(`
    {
      "commands": [
        "nsenter -t 7 -n conntrack -D -p tcp -r 192.0.2.1 -q 10.0.0.1 --reply-port-src 443 --state TIME_WAIT >/dev/null",
        "nsenter -t 7 -n sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30",
      ],
      "files": [
        {
          "lines": [
            "net.netfilter.nf_conntrack_tcp_timeout_time_wait = 30",
          ],
          "where": "the configuration of that namespace or container",
        },
      ],
      "inNamespace": true,
      "instead": [],
      "looks": 0,
      "notes": [
        "The first command frees these ports at once: those of connections in state TIME_WAIT. It lasts until they are taken again.",
        "The second command frees the ports of new connections after 30 s without a packet, instead of 120.",
        "A permanent fix: a wider range of ports or more addresses in the rule that translates (nft list ruleset, or iptables -t nat -S), as in snat to 192.0.2.1-192.0.2.4:1024-65535; or fewer connections to that one destination.",
        "A higher limit of entries gives NAT no more ports.",
      ],
      "remains": "Removed entries cannot be restored.",
      "title": "Give NAT more ports: of 10.0.0.1 1,024 of the 1,024 from 1024 to 2047 are in use towards tcp 192.0.2.1 port 443.",
      "undo": [
        "nsenter -t 7 -n sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=120",
      ],
      "undoInstead": [],
    }
  `);
});

test('ports of IPv6 datagrams are freed, without a timeout to shorten', () => {
  const mostly = { protocol: 17, state: 0, assured: false };
  const addresses = { translated: [0x20010db8, 1, 0, 1], destination: [0x20010db8, 2, 0, 1] };
  const shortage = { use: { ...USE, ...addresses, protocol: 17, ipv6: true, mostly }, range: RANGE };
  const { commands, undo, notes } = natPortsStep(
    { kind: 'nat_ports', shortage, timeout: undefined, removes: true },
    inside(),
  );
  expect({ commands, undo }).toEqual({
    commands: ['conntrack -D -f ipv6 -p udp -r 2001:db8:0:2::1 -q 2001:db8:0:1::1 --reply-port-src 443 >/dev/null'],
    undo: [],
  });
  expect(notes[0]).toBe(
    'The first command frees these ports at once: a sender that continues gets another port with its next packet. It lasts until they are taken again.',
  );
});

test.each(['TIME_WAIT', 'CLOSE', 'LAST_ACK', 'FIN_WAIT', 'CLOSE_WAIT', 'SYN_SENT'] as const)(
  '%s entries get no more packets: only these are removed',
  (state) => {
    const mostly = { protocol: 6, state: STATES.indexOf(state), assured: false };
    const { commands } = natPortsStep(
      { kind: 'nat_ports', shortage: { use: { ...USE, mostly }, range: RANGE }, timeout: undefined, removes: true },
      inside(),
    );
    expect(commands[0]).toContain(` --state ${state} >`);
  },
);

test('entries that may be in use, or are in zones, are not removed by their addresses', () => {
  const timeout = { name: 'tcp_timeout_time_wait', seconds: 120, shorter: 30 };
  const advice = { kind: 'nat_ports', shortage: { use: USE, range: RANGE }, timeout, removes: false } as const;
  const { commands, notes } = natPortsStep(advice, inside());
  expect(commands).toEqual(['sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30']);
  expect(notes[0]).toBe('The command frees the ports of new connections after 30 s without a packet, instead of 120.');
});

test('no shortage of ports is known: counters are shown, and nothing is changed', () => {
  expect(clashStep({ kind: 'clash', isNatKnown: true }, inside(7))).toMatchInlineSnapshot(`
    {
      "commands": [
        "nsenter -t 7 -n conntrack -S",
      ],
      "files": [],
      "inNamespace": false,
      "instead": [],
      "looks": 1,
      "notes": [
        "Shows insert_failed and clash_resolve per CPU.",
        "No translated address visible here is short of ports.",
        "A likely cause, unless NAT is short of ports: two packets of one new flow at the same time, as from a resolver that asks for A and AAAA from one socket (options single-request-reopen in its resolv.conf); each one that is lost costs a retry.",
        "A higher limit of entries does not help.",
      ],
      "remains": "Changes nothing.",
      "title": "Find out which packets clash: the table has room for them.",
      "undo": [],
      "undoInstead": [],
    }
  `);
  expect(clashStep({ kind: 'clash', isNatKnown: false }, inside()).notes[1]).toBe(
    'A shortage of NAT ports is visible only to root: run this report as root.',
  );
});
