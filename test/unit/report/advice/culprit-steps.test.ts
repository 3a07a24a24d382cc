import { describe, expect, test } from 'vitest';
import { culpritStep } from '../../../../src/report/advice/culprit-rows.ts';
import { type CulpritAdvice, culpritAdvice } from '../../../../src/report/advice/culprits.ts';
import { type ReleaseAdvice, releaseAdvice, releaseStep } from '../../../../src/report/advice/release.ts';
import type { Place, Step } from '../../../../src/report/advice/step.ts';
import type { Suspicion } from '../../../../src/report/advice/suspicion.ts';
import { arrivalsBody } from '../../../../src/report/list/arrivals-body.ts';
import { arrivalLines } from '../../../../src/report/list/arrivals-words.ts';
import { STATES } from '../../../../src/report/list/entry.ts';
import { listLines } from '../../../../src/report/list/listing.ts';
import { type Found, type Line, line, listed, NO_SSH, ownOf, times } from '../../support/listed.ts';

const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;

/** Entries from other networks, so that the one that adds most is not the only one. */
const OTHERS = times(60, (at) => ({ ...UDP, source: `10.${at}.0.1` }));

function place(major: number, minor: number): Place {
  const release = { ok: true, value: { major, minor }, source: '' } as const;
  return { observation: { machine: { release } }, subject: { isOwn: true, mount: undefined, pids: [] } };
}
const NEW = place(6, 18);

function advised({ holdings, arrivals }: Found, changes: Partial<Suspicion> = {}): readonly CulpritAdvice[] {
  const { release } = NEW.observation.machine;
  const machine = { generation: 'nf_conntrack', release } as const;
  return culpritAdvice(
    {
      arrivals,
      refused: 0,
      limit: 4000,
      machine,
      own: ownOf(),
      host: ownOf(),
      ssh: NO_SSH,
      chains: [],
      loose: 1,
      ...changes,
    },
    holdings,
  );
}

function step(
  lines: readonly string[],
  kind: CulpritAdvice['kind'],
  where = NEW,
  changes: Partial<Suspicion> = {},
): Step {
  const found = advised(listed(lines, lines), changes).find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return culpritStep(found, where);
}

const OPEN = { state: STATES.indexOf('ESTABLISHED'), port: 443, seconds: 2, both: 500, reset: 0, idle: 500 };

/** Returns the removals, given open connections without a packet between two samples. */
function freedBy(lines: readonly string[]): readonly ReleaseAdvice[] {
  const evidence = { ssh: NO_SSH, own: ownOf(), timers: 'sysctls', arrivals: { open: [OPEN] } } as const;
  return releaseAdvice(listed(lines).holdings, evidence).flatMap((one) => (one.kind === 'free' ? [one] : []));
}

/** Shows that replies pass. */
const ANSWERED = { state: 'SYN_RECV', flag: 'ASSURED', left: 59 } as const;

function forged(of: Line): readonly string[] {
  return times(1000, (at) => ({
    state: 'SYN_SENT',
    flag: 'UNREPLIED',
    left: 119,
    source: `${1 + (at % 199)}.${at >> 2}.1.1`,
    ...(at === 0 ? ANSWERED : {}),
    ...of,
  }));
}

describe('IPv6', () => {
  const network = [...OTHERS, ...times(500, (at) => ({ ...UDP, source: `2001:db8:0:7::${(at + 1).toString(16)}` }))];
  const source = times(500, () => ({ ...UDP, source: '2001:db8:0:7::9' }));

  test('a network', () => {
    expect(step(network, 'network').commands.slice(3)).toEqual([
      'nft add rule inet check_conntrack_net_d3f5ca40 prerouting ip6 saddr 2001:db8:0:7::/64 counter drop',
      'conntrack -D -f ipv6 -s 2001:db8:0:7::/64 >/dev/null',
    ]);
    expect(step(network, 'source_limit')).toMatchObject({
      title: 'Or limit each /64 network to 400 entries.',
      instead: [
        'ip6tables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 64 -m comment --comment check_conntrack_limit_00da40dd -j DROP',
        'conntrack -D -f ipv6 -s 2001:db8:0:7::/64 >/dev/null',
      ],
    });
    expect(step(network, 'source_limit').commands[3]).toBe(
      "nft 'add rule inet check_conntrack_limit_00da40dd limited ct state new add @networks6 { ip6 saddr and ffff:ffff:ffff:ffff:: ct count over 400 } counter drop'",
    );
  });

  test('a source', () => {
    expect(step(source, 'source').instead).toEqual([
      'conntrack -L -f ipv6 -s 2001:db8:0:7::9 | head -n 20',
      'ip6tables -t raw -I PREROUTING -s 2001:db8:0:7::9 -m comment --comment check_conntrack_source_2fb2826b -j DROP',
      'conntrack -D -f ipv6 -s 2001:db8:0:7::9 >/dev/null',
    ]);
    expect(step(source, 'source_limit').commands[3]).toContain(
      'add @sources6 { ip6 saddr ct count over 400 } counter drop',
    );
  });

  test('the target of a SYN flood', () => {
    const flood = times(1000, (at) => ({
      state: 'SYN_SENT',
      flag: 'UNREPLIED',
      left: 119,
      source: `2001:${at.toString(16)}::1`,
      ...(at === 0 ? ANSWERED : {}),
    }));
    expect(step(flood, 'rate_limit').commands[2]).toBe(
      "nft 'add rule inet check_conntrack_rate_7d1d8993 limited ip6 daddr 2001:db8::1 tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn ct state new limit rate over 16/second counter drop'",
    );
    expect(
      step(flood, 'synproxy')
        .instead.slice(2)
        .every((one) => one.startsWith('ip6tables ')),
    ).toBe(true);
  });
});

describe('older kernels', () => {
  const flooder = times(500, () => ({ ...UDP, source: '203.0.113.9' }));
  const network = [...OTHERS, ...times(500, (at) => ({ ...UDP, source: `198.51.100.${at & 255}` }))];

  test.each([
    [2, 6, 'iptables ', 0],
    [4, 17, 'iptables ', 0],
    [4, 18, 'nft ', 2],
  ])('Linux %i.%i limits each source with %s', (major, minor, tool, instead) => {
    const found = step(flooder, 'source_limit', place(major, minor));
    expect(found.commands[0]?.startsWith(tool)).toBe(true);
    expect(found.instead).toHaveLength(instead);
  });

  test.each([
    [4, 18, 'iptables -t raw '],
    [5, 3, 'nft add table '],
  ])('Linux %i.%i answers SYNs with %s', (major, minor, tool) => {
    expect(step(forged({}), 'synproxy', place(major, minor)).commands[2]?.startsWith(tool)).toBe(true);
  });

  test('the entries of a whole network cannot be removed with one command', () => {
    expect(step(network, 'network', place(2, 6)).commands).toEqual([
      'iptables -t raw -I PREROUTING -s 198.51.100.0/24 -m comment --comment check_conntrack_net_c6336400 -j DROP',
    ]);
  });
});

test('a SYN flood from many sources to many addresses: rules without addresses, for both families', () => {
  const spread = forged({}).map((text, at) => text.split('192.0.2.1').join(`192.0.2.${at % 9}`));
  const found = step(spread, 'rate_limit');
  expect(found.title).toMatch(/^Or admit at most 16 new connections\/s to port 443 /);
  expect(found.commands[2]).toContain('limited tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn ct state new');
  expect(found.instead.map((one) => one.split(' ')[0])).toEqual(['iptables', 'ip6tables']);
});

test('a SYN flood through the machine is answered in the forward hook, one to the machine in the input hook', () => {
  const own = ownOf(String((192 << 24) | (2 << 8) | 1));
  expect(step(forged({}), 'synproxy').commands.join()).toContain('hook forward');
  expect(step(forged({}), 'synproxy', NEW, { own }).commands.join()).toContain('hook input');
});

test('a flood without any reply: the replies may take another route', () => {
  const [, ...sent] = forged({});
  expect(step(sent, 'rate_limit').preconditions).toEqual([
    'No entry of port 443 has a reply. Make sure that the replies pass here: if they take another route, these may be genuine clients, and must not be limited.',
  ]);
  expect(step(forged({}), 'rate_limit').preconditions).toEqual([]);
});

test('entries are removed per address family in the table', () => {
  const of = (source: string) => times(500, () => ({ state: 'TIME_WAIT', left: 60, source }));
  const steps = (lines: readonly string[]) => freedBy(lines).map((one) => releaseStep(one, NEW).commands);
  expect(steps([...of('10.0.0.1'), ...of('2001:db8::9')])).toEqual([
    [
      'conntrack -D -f ipv4 -p tcp --state TIME_WAIT --dport 443 >/dev/null',
      'conntrack -D -f ipv6 -p tcp --state TIME_WAIT --dport 443 >/dev/null',
    ],
  ]);
  expect(steps(of('10.0.0.1'))).toEqual([['conntrack -D -p tcp --state TIME_WAIT --dport 443 -s 10.0.0.1 >/dev/null']]);
});

describe('new entries in the list', () => {
  const idle = times(300, () => ({ port: 5432 }));
  const flooder = times(100, () => ({ ...UDP, source: '2001:0db8:0123:4567:89ab:cdef:0123:4567' }));
  const shown = ({ holdings, arrivals }: Found) =>
    listLines({ kind: 'list', source: '/proc/net/nf_conntrack', holdings, arrivals, cut: undefined });

  test('both columns fit in 80 characters', () => {
    const lines = shown(listed([...idle, ...flooder], flooder));
    for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
    expect(lines).toContain('    2001:db8:123:4567:89ab:cdef:123:4567          100  25.0%       100 100.0%');
    expect(lines).toContain('    10.0.0.1                                      300  75.0%         0   0.0%');
    expect(lines).toContain('  New: 100 entries that were not there 1 s before.');
  });

  test('sources with less than one percent each are summed up in one line', () => {
    const crowd = times(500, (at) => ({ ...UDP, source: `198.51.${at >> 8}.${at & 255}` }));
    const lines = shown(listed(crowd, crowd));
    const at = lines.findIndex((one) => one.startsWith('  Sources (500)'));
    expect(lines[at + 1]).toBe('    at most 1 each');
  });

  test('sources that appeared after the list was read do not raise that figure', () => {
    const crowd = times(500, (at) => ({ ...UDP, source: `198.51.${at >> 8}.${at & 255}` }));
    const later = times(60, (at) => ({ ...UDP, source: `203.0.113.${at}` }));
    const lines = shown(listed(crowd, later));
    const at = lines.findIndex((one) => one.startsWith('  Sources (500)'));
    expect(lines[at + 1]).toBe('    at most 1 each');
  });

  test('without enough new entries, the columns are sources and destinations', () => {
    const lines = shown(listed(idle, [line({})]));
    expect(lines).toContain('  New: 1 entry that was not there 1 s before.');
    expect(lines.join('\n')).toMatch(/\n {2}Sources \(1\) +Destinations \(1\)\n/);
    expect(shown(listed(idle)).join('\n')).not.toMatch(/New|Fresh/);
  });

  test('a count of part of the entries is projected, with its accuracy', () => {
    const { arrivals } = listed([...idle, ...flooder], flooder);
    const part = { ...arrivals, counted: 25, read: 100 };
    expect(arrivalLines(part).join(' ').replace(/\s+/g, ' ')).toContain(
      'New: 25 entries that were not there 1 s before, among 100 that were read twice: of all about 100, shares accurate to 20 percentage points',
    );
  });

  test('as JSON', () => {
    const { arrivals } = listed([...idle, ...flooder], flooder);
    expect(arrivalsBody(arrivals)).toMatchObject({
      kind: 'new',
      counted: 100,
      lines: 400,
      telling: true,
      added: 100,
      networks: [
        { address: '2001:db8:123:4567::/64', entries: 100, added: 100 },
        { address: '10.0.0.0/24', entries: 300, added: 0 },
      ],
      ports: [
        { protocol: 17, port: 53, entries: 100, added: 100 },
        { protocol: 6, port: 5432, entries: 300, added: 0 },
      ],
      kinds: [{ protocol: 17, name: 'udp', state: null, offloaded: false, added: 100 }],
    });
  });
});

describe('the complete step', () => {
  const THERE: Place = {
    ...NEW,
    subject: { isOwn: false, mount: { number: 7, path: '/run/netns/web' }, pids: [] },
  };
  const flooder = times(500, () => ({ ...UDP, source: '203.0.113.9' }));
  const network = [...OTHERS, ...times(500, (at) => ({ ...UDP, source: `198.51.100.${at & 255}` }))];

  /** Returns title, commands and undo, both again with iptables, notes and files. */
  function whole(step: Step): string {
    const { title, commands, undo, instead, undoInstead, remains = '', notes, inNamespace, files } = step;
    const last = [
      ...files.map(({ where, lines }) => [where, ...lines].join(': ')),
      ...(inNamespace ? ['gone with it'] : []),
    ];
    const parts = [commands, undo, instead, undoInstead, [remains], notes, last];
    return [title, ...parts.flatMap((lines) => ['--', ...lines]), ''].join('\n');
  }

  test('a source, here and in a namespace', () => {
    expect(whole(step(flooder, 'source'))).toMatchInlineSnapshot(`
      "Find out what 203.0.113.9 does: it has 100.0% of the entries and 100.0% of the new ones.
      --
      conntrack -L -s 203.0.113.9 | head -n 20
      nft add table inet check_conntrack_source_cb007109
      nft 'add chain inet check_conntrack_source_cb007109 prerouting { type filter hook prerouting priority -300; }'
      nft add rule inet check_conntrack_source_cb007109 prerouting ip saddr 203.0.113.9 counter drop
      conntrack -D -s 203.0.113.9 >/dev/null
      --
      nft delete table inet check_conntrack_source_cb007109
      --
      conntrack -L -s 203.0.113.9 | head -n 20
      iptables -t raw -I PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
      conntrack -D -s 203.0.113.9 >/dev/null
      --
      iptables -t raw -D PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
      --
      Removed entries cannot be restored.
      --
      Its packets are dropped before they are tracked, and its entries are removed. Cost: all connections of 203.0.113.9.
      --
      the rules loaded at boot
      "
    `);
    expect(whole(step(flooder, 'source', THERE))).toMatchInlineSnapshot(`
      "Find out what 203.0.113.9 does: it has 100.0% of the entries and 100.0% of the new ones.
      --
      ip netns exec web conntrack -L -s 203.0.113.9 | head -n 20
      ip netns exec web nft add table inet check_conntrack_source_cb007109
      ip netns exec web nft 'add chain inet check_conntrack_source_cb007109 prerouting { type filter hook prerouting priority -300; }'
      ip netns exec web nft add rule inet check_conntrack_source_cb007109 prerouting ip saddr 203.0.113.9 counter drop
      ip netns exec web conntrack -D -s 203.0.113.9 >/dev/null
      --
      ip netns exec web nft delete table inet check_conntrack_source_cb007109
      --
      ip netns exec web conntrack -L -s 203.0.113.9 | head -n 20
      ip netns exec web iptables -t raw -I PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
      ip netns exec web conntrack -D -s 203.0.113.9 >/dev/null
      --
      ip netns exec web iptables -t raw -D PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
      --
      Removed entries cannot be restored.
      --
      Its packets are dropped before they are tracked, and its entries are removed. Cost: all connections of 203.0.113.9.
      --
      the configuration of that namespace or container
      gone with it
      "
    `);
    const own = ownOf(String((203 << 24) | (113 << 8) | 9));
    expect(whole(step(flooder, 'source', NEW, { own }))).toMatchInlineSnapshot(`
      "Find the process on this machine that sends from 203.0.113.9: it has 100.0% of the entries and 100.0% of the new ones.
      --
      ss -tunap
      --
      --
      --
      --
      Changes nothing.
      --
      Lists the sockets and their processes. If there is none, each is closed at once: go on with the next step.
      --
      "
    `);
    expect(step(flooder, 'source', THERE, { own }).commands).toEqual(['ip netns exec web ss -tunap']);
  });

  test('a limit per source', () => {
    expect(whole(step(flooder, 'source_limit'))).toMatchInlineSnapshot(`
      "Or limit each source to 400 entries.
      --
      nft add table inet check_conntrack_limit_41c5023d
      nft 'add chain inet check_conntrack_limit_41c5023d limited { type filter hook prerouting priority -150; }'
      nft 'add set inet check_conntrack_limit_41c5023d sources4 { type ipv4_addr; size 65535; flags dynamic; }'
      nft 'add rule inet check_conntrack_limit_41c5023d limited ct state new add @sources4 { ip saddr ct count over 400 } counter drop'
      conntrack -D -s 203.0.113.9 >/dev/null
      --
      nft delete table inet check_conntrack_limit_41c5023d
      --
      iptables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 32 -m comment --comment check_conntrack_limit_41c5023d -j DROP
      conntrack -D -s 203.0.113.9 >/dev/null
      --
      iptables -t mangle -D PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 32 -m comment --comment check_conntrack_limit_41c5023d -j DROP
      --
      Removed entries cannot be restored.
      --
      New connections of a source at the limit are dropped; the current entries of 203.0.113.9 are removed. Cost: its open connections, once, and one lookup per new connection; clients behind one NAT address share the limit.
      --
      the rules loaded at boot
      "
    `);
    expect(
      whole(step(flooder, 'source_limit', { ...THERE, ...place(3, 13), subject: THERE.subject })),
    ).toMatchInlineSnapshot(`
      "Or limit each source to 400 entries.
      --
      ip netns exec web iptables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 32 -m comment --comment check_conntrack_limit_41c5023d -j DROP
      ip netns exec web conntrack -D -s 203.0.113.9 >/dev/null
      --
      ip netns exec web iptables -t mangle -D PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 32 -m comment --comment check_conntrack_limit_41c5023d -j DROP
      --
      --
      --
      Removed entries cannot be restored.
      --
      New connections of a source at the limit are dropped; the current entries of 203.0.113.9 are removed. Cost: its open connections, once, and one lookup per new connection; clients behind one NAT address share the limit.
      --
      the configuration of that namespace or container
      gone with it
      "
    `);
    const six = times(500, () => ({ ...UDP, source: '2001:db8:0:7::9' }));
    expect(whole(step(six, 'source_limit'))).toMatchInlineSnapshot(`
      "Or limit each source to 400 entries.
      --
      nft add table inet check_conntrack_limit_8036ed9d
      nft 'add chain inet check_conntrack_limit_8036ed9d limited { type filter hook prerouting priority -150; }'
      nft 'add set inet check_conntrack_limit_8036ed9d sources6 { type ipv6_addr; size 65535; flags dynamic; }'
      nft 'add rule inet check_conntrack_limit_8036ed9d limited ct state new add @sources6 { ip6 saddr ct count over 400 } counter drop'
      conntrack -D -f ipv6 -s 2001:db8:0:7::9 >/dev/null
      --
      nft delete table inet check_conntrack_limit_8036ed9d
      --
      ip6tables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 128 -m comment --comment check_conntrack_limit_8036ed9d -j DROP
      conntrack -D -f ipv6 -s 2001:db8:0:7::9 >/dev/null
      --
      ip6tables -t mangle -D PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 128 -m comment --comment check_conntrack_limit_8036ed9d -j DROP
      --
      Removed entries cannot be restored.
      --
      New connections of a source at the limit are dropped; the current entries of 2001:db8:0:7::9 are removed. Cost: its open connections, once, and one lookup per new connection; clients behind one NAT address share the limit.
      --
      the rules loaded at boot
      "
    `);
  });

  test('a network', () => {
    expect(whole(step(network, 'network'))).toMatchInlineSnapshot(`
      "Find out which hosts are in 198.51.100.0/24: it has 89.3% of the entries and 89.3% of the new ones, and no single address has half of them.
      --
      conntrack -L -s 198.51.100.0/24 | head -n 20
      nft add table inet check_conntrack_net_c6336400
      nft 'add chain inet check_conntrack_net_c6336400 prerouting { type filter hook prerouting priority -300; }'
      nft add rule inet check_conntrack_net_c6336400 prerouting ip saddr 198.51.100.0/24 counter drop
      conntrack -D -s 198.51.100.0/24 >/dev/null
      --
      nft delete table inet check_conntrack_net_c6336400
      --
      conntrack -L -s 198.51.100.0/24 | head -n 20
      iptables -t raw -I PREROUTING -s 198.51.100.0/24 -m comment --comment check_conntrack_net_c6336400 -j DROP
      conntrack -D -s 198.51.100.0/24 >/dev/null
      --
      iptables -t raw -D PREROUTING -s 198.51.100.0/24 -m comment --comment check_conntrack_net_c6336400 -j DROP
      --
      Removed entries cannot be restored.
      --
      Its packets are dropped before they are tracked, and its entries are removed. Cost: all connections of every address in it.
      --
      the rules loaded at boot
      "
    `);
    expect(whole(step(network, 'source_limit'))).toMatchInlineSnapshot(`
      "Or limit each /24 network to 400 entries.
      --
      nft add table inet check_conntrack_limit_31b2f455
      nft 'add chain inet check_conntrack_limit_31b2f455 limited { type filter hook prerouting priority -150; }'
      nft 'add set inet check_conntrack_limit_31b2f455 networks4 { type ipv4_addr; size 65535; flags dynamic; }'
      nft 'add rule inet check_conntrack_limit_31b2f455 limited ct state new add @networks4 { ip saddr and 255.255.255.0 ct count over 400 } counter drop'
      conntrack -D -s 198.51.100.0/24 >/dev/null
      --
      nft delete table inet check_conntrack_limit_31b2f455
      --
      iptables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 24 -m comment --comment check_conntrack_limit_31b2f455 -j DROP
      conntrack -D -s 198.51.100.0/24 >/dev/null
      --
      iptables -t mangle -D PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 400 --connlimit-mask 24 -m comment --comment check_conntrack_limit_31b2f455 -j DROP
      --
      Removed entries cannot be restored.
      --
      New connections of a /24 network at the limit are dropped; the current entries of 198.51.100.0/24 are removed. Cost: its open connections, once, and one lookup per new connection; clients behind one NAT address share the limit.
      --
      the rules loaded at boot
      "
    `);
    expect(step(network, 'network', place(3, 10)).commands).toEqual([
      'conntrack -L -s 198.51.100.0/24 | head -n 20',
      'iptables -t raw -I PREROUTING -s 198.51.100.0/24 -m comment --comment check_conntrack_net_c6336400 -j DROP',
      'conntrack -D -s 198.51.100.0/24 >/dev/null',
    ]);
  });

  test('a SYN flood', () => {
    expect(whole(step(forged({}), 'synproxy'))).toMatchInlineSnapshot(`
      "Give entries only to completed connections to port 443 of 192.0.2.1: likely a SYN flood with forged sources.
      --
      conntrack -L -p tcp --state ESTABLISHED --dport 22
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      nft add table inet check_conntrack_syn_5b66d695
      nft 'add chain inet check_conntrack_syn_5b66d695 prerouting { type filter hook prerouting priority -300; }'
      nft 'add rule inet check_conntrack_syn_5b66d695 prerouting ip daddr 192.0.2.1 tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn notrack'
      nft 'add chain inet check_conntrack_syn_5b66d695 forward { type filter hook forward priority -10; }'
      nft add rule inet check_conntrack_syn_5b66d695 forward ip daddr 192.0.2.1 tcp dport 443 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
      nft add rule inet check_conntrack_syn_5b66d695 forward ip daddr 192.0.2.1 tcp dport 443 ct state invalid drop
      --
      nft delete table inet check_conntrack_syn_5b66d695
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --
      conntrack -L -p tcp --state ESTABLISHED --dport 22
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      iptables -t raw -I PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_5b66d695 -j CT --notrack
      iptables -t filter -I FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_5b66d695 -j DROP
      iptables -t filter -I FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_5b66d695 -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      --
      iptables -t filter -D FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_5b66d695 -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      iptables -t filter -D FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_5b66d695 -j DROP
      iptables -t raw -D PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_5b66d695 -j CT --notrack
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --

      --
      100.0% of the new ones are not completed, and no source has more than 1 of them: blocking addresses would not end it. (Or the server is not answering genuine clients: check it first.)
      SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options must be those of the server's own SYN-ACK. Established connections without an entry are no longer picked up (tcp_loose=0).
      --
      the rules loaded at boot, and /etc/sysctl.conf: net.netfilter.nf_conntrack_tcp_loose = 0
      "
    `);
    expect(whole(step(forged({}), 'rate_limit'))).toMatchInlineSnapshot(`
      "Or admit at most 16 new connections/s to port 443 of 192.0.2.1 (100.0% of the new ones are not completed).
      --
      nft add table inet check_conntrack_rate_5b66d695
      nft 'add chain inet check_conntrack_rate_5b66d695 limited { type filter hook prerouting priority -150; }'
      nft 'add rule inet check_conntrack_rate_5b66d695 limited ip daddr 192.0.2.1 tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn ct state new limit rate over 16/second counter drop'
      --
      nft delete table inet check_conntrack_rate_5b66d695
      --
      iptables -t mangle -I PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m conntrack --ctstate NEW -m hashlimit --hashlimit-name check_conntrack --hashlimit-mode dstip,dstport --hashlimit-above 16/second -m comment --comment check_conntrack_rate_5b66d695 -j DROP
      --
      iptables -t mangle -D PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m conntrack --ctstate NEW -m hashlimit --hashlimit-name check_conntrack --hashlimit-mode dstip,dstport --hashlimit-above 16/second -m comment --comment check_conntrack_rate_5b66d695 -j DROP
      --

      --
      At this rate, with entries of up to 120 s each, they take at most half of the table; current entries stay until they end or are removed. Cost: other clients of that port lose the same share of their new connections as the flood.
      --
      the rules loaded at boot
      "
    `);
    expect(whole(step(forged({}), 'synproxy', THERE))).toMatchInlineSnapshot(`
      "Give entries only to completed connections to port 443 of 192.0.2.1: likely a SYN flood with forged sources.
      --
      ip netns exec web conntrack -L -p tcp --state ESTABLISHED --dport 22
      ip netns exec web sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      ip netns exec web nft add table inet check_conntrack_syn_5b66d695
      ip netns exec web nft 'add chain inet check_conntrack_syn_5b66d695 prerouting { type filter hook prerouting priority -300; }'
      ip netns exec web nft 'add rule inet check_conntrack_syn_5b66d695 prerouting ip daddr 192.0.2.1 tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn notrack'
      ip netns exec web nft 'add chain inet check_conntrack_syn_5b66d695 forward { type filter hook forward priority -10; }'
      ip netns exec web nft add rule inet check_conntrack_syn_5b66d695 forward ip daddr 192.0.2.1 tcp dport 443 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
      ip netns exec web nft add rule inet check_conntrack_syn_5b66d695 forward ip daddr 192.0.2.1 tcp dport 443 ct state invalid drop
      --
      ip netns exec web nft delete table inet check_conntrack_syn_5b66d695
      ip netns exec web sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --
      ip netns exec web conntrack -L -p tcp --state ESTABLISHED --dport 22
      ip netns exec web sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      ip netns exec web iptables -t raw -I PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_5b66d695 -j CT --notrack
      ip netns exec web iptables -t filter -I FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_5b66d695 -j DROP
      ip netns exec web iptables -t filter -I FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_5b66d695 -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      --
      ip netns exec web iptables -t filter -D FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_5b66d695 -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      ip netns exec web iptables -t filter -D FORWARD -d 192.0.2.1 -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_5b66d695 -j DROP
      ip netns exec web iptables -t raw -D PREROUTING -d 192.0.2.1 -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_5b66d695 -j CT --notrack
      ip netns exec web sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --

      --
      100.0% of the new ones are not completed, and no source has more than 1 of them: blocking addresses would not end it. (Or the server is not answering genuine clients: check it first.)
      SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options must be those of the server's own SYN-ACK. Established connections without an entry are no longer picked up (tcp_loose=0).
      --
      the configuration of that namespace or container: net.netfilter.nf_conntrack_tcp_loose = 0
      gone with it
      "
    `);
    expect(step(forged({}), 'rate_limit', THERE).commands[2]).toMatch(/^ip netns exec web nft 'add rule /);
    const spread = forged({}).map((text, at) => text.split('192.0.2.1').join(`192.0.2.${at % 9}`));
    expect(whole(step(spread, 'synproxy'))).toMatchInlineSnapshot(`
      "Give entries only to completed connections to port 443: likely a SYN flood with forged sources.
      --
      conntrack -L -p tcp --state ESTABLISHED --dport 22
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      nft add table inet check_conntrack_syn_000001bb
      nft 'add chain inet check_conntrack_syn_000001bb prerouting { type filter hook prerouting priority -300; }'
      nft 'add rule inet check_conntrack_syn_000001bb prerouting tcp dport 443 tcp flags & (fin|syn|rst|ack) == syn notrack'
      nft 'add chain inet check_conntrack_syn_000001bb input { type filter hook input priority -10; }'
      nft add rule inet check_conntrack_syn_000001bb input tcp dport 443 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
      nft add rule inet check_conntrack_syn_000001bb input tcp dport 443 ct state invalid drop
      nft 'add chain inet check_conntrack_syn_000001bb forward { type filter hook forward priority -10; }'
      nft add rule inet check_conntrack_syn_000001bb forward tcp dport 443 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
      nft add rule inet check_conntrack_syn_000001bb forward tcp dport 443 ct state invalid drop
      --
      nft delete table inet check_conntrack_syn_000001bb
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --
      conntrack -L -p tcp --state ESTABLISHED --dport 22
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=0
      iptables -t raw -I PREROUTING -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_000001bb -j CT --notrack
      ip6tables -t raw -I PREROUTING -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_000001bb -j CT --notrack
      iptables -t filter -I INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      ip6tables -t filter -I INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      iptables -t filter -I INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      ip6tables -t filter -I INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      iptables -t filter -I FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      ip6tables -t filter -I FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      iptables -t filter -I FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      ip6tables -t filter -I FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      --
      ip6tables -t filter -D FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      iptables -t filter -D FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      ip6tables -t filter -D FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      iptables -t filter -D FORWARD -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      ip6tables -t filter -D INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      iptables -t filter -D INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID,UNTRACKED -m comment --comment check_conntrack_syn_000001bb -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
      ip6tables -t filter -D INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      iptables -t filter -D INPUT -p tcp --dport 443 -m conntrack --ctstate INVALID -m comment --comment check_conntrack_syn_000001bb -j DROP
      ip6tables -t raw -D PREROUTING -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_000001bb -j CT --notrack
      iptables -t raw -D PREROUTING -p tcp --dport 443 --syn -m comment --comment check_conntrack_syn_000001bb -j CT --notrack
      sysctl -w net.netfilter.nf_conntrack_tcp_loose=1
      --

      --
      100.0% of the new ones are not completed, and no source has more than 1 of them: blocking addresses would not end it. (Or the server is not answering genuine clients: check it first.)
      SYNs are answered for the server, and an entry is created when the client answers. Cost: little CPU. The options must be those of the server's own SYN-ACK. Established connections without an entry are no longer picked up (tcp_loose=0).
      --
      the rules loaded at boot, and /etc/sysctl.conf: net.netfilter.nf_conntrack_tcp_loose = 0
      "
    `);
  });

  test.each([
    [4, 2, 'iptables'],
    [4, 3, 'nft'],
  ])('Linux %i.%i limits the rate with %s', (major, minor, tool) => {
    expect(step(forged({}), 'rate_limit', place(major, minor)).commands[0]?.split(' ')[0]).toBe(tool);
  });

  test('an untracked port, and one in a zone', () => {
    expect(whole(step(flooder, 'notrack'))).toMatchInlineSnapshot(`
      "Stop tracking udp port 53: it has 100.0% of the entries and 100.0% of the new ones, none translated.
      --
      nft add table inet check_conntrack_raw_udp_53
      nft 'add chain inet check_conntrack_raw_udp_53 prerouting { type filter hook prerouting priority -300; }'
      nft 'add rule inet check_conntrack_raw_udp_53 prerouting fib daddr type != local udp dport 53 notrack'
      nft 'add rule inet check_conntrack_raw_udp_53 prerouting fib daddr type != local udp sport 53 notrack'
      --
      nft delete table inet check_conntrack_raw_udp_53
      --
      iptables -t raw -I PREROUTING -m addrtype ! --dst-type LOCAL -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
      iptables -t raw -I PREROUTING -m addrtype ! --dst-type LOCAL -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
      --
      iptables -t raw -D PREROUTING -m addrtype ! --dst-type LOCAL -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
      iptables -t raw -D PREROUTING -m addrtype ! --dst-type LOCAL -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j CT --notrack
      --

      --
      New packets of that port create no entry; current entries end by their timeout.
      Cost: no memory. NAT and rules with a state no longer apply to that port.
      --
      the rules loaded at boot
      "
    `);
    const zoned = times(500, () => ({ ...UDP, source: '203.0.113.9', zone: 7 }));
    expect(whole(step(zoned, 'notrack', THERE))).toMatchInlineSnapshot(`
      "Stop tracking udp port 53: it has 100.0% of the entries and 100.0% of the new ones, none translated.
      --
      --
      --
      --
      --

      --
      500 of 500 entries are in a zone. With "ct zone set" in the rules, a separate rule with notrack has no effect, before or after it: see ip netns exec web nft -a list ruleset.
      Put it into the chain that sets the zone, before that rule: udp dport 53 notrack accept (and the same with sport, for the replies). First accept udp port 53 without a state in every chain that drops.
      --
      the configuration of that namespace or container
      gone with it
      "
    `);
  });

  test('removed entries, with the cost of each kind', () => {
    const freed = (of: Line, where = NEW) =>
      freedBy(times(500, (at) => ({ source: `10.0.${at & 1}.${at >> 1}`, ...of })))
        .map((one) => whole(releaseStep(one, where)))
        .join();
    expect(freed({ state: 'SYN_SENT', flag: 'UNREPLIED', left: 119 })).toMatchInlineSnapshot(`
      "Make room at once: remove the tcp SYN_SENT entries to port 443, 100.0%.
      --
      conntrack -D -p tcp --state SYN_SENT --dport 443 >/dev/null
      --
      --
      --
      --
      Removed entries cannot be restored.
      --
      500 entries, and those that began since. Connections that are being set up are retried; no other connection ends.
      This helps once: the entries come back while their source keeps sending.
      --
      "
    `);
    expect(freed({ state: 'TIME_WAIT', left: 60, source: '2001:db8::9' }, THERE)).toMatchInlineSnapshot(`
      "Make room at once: remove the tcp TIME_WAIT entries from 2001:db8::9 to port 443, 100.0%.
      --
      ip netns exec web conntrack -D -f ipv6 -p tcp --state TIME_WAIT --dport 443 -s 2001:db8::9 >/dev/null
      --
      --
      --
      --
      Removed entries cannot be restored.
      --
      500 entries, and those that began since. These connections have ended; a late packet finds no entry.
      This helps once: the entries come back while their source keeps sending.
      --
      "
    `);
    expect(freed({ left: 200_000 })).toMatchInlineSnapshot(`
      "Make room at once: remove the tcp ESTABLISHED entries to port 443, 100.0%.
      --
      conntrack -D -p tcp --state ESTABLISHED --dport 443 >/dev/null
      --
      --
      --
      --
      Removed entries cannot be restored.
      --
      500 entries, and those that began since. Nearly all of them have been idle for long, and hardly any had a packet between two readings. Connections still in use end, or, without NAT and with tcp_loose 1, are picked up again at their next packet.
      This helps once: the entries come back while their source keeps sending.
      --
      "
    `);
    expect(freed({ ...UDP, source: '203.0.113.9' })).toMatchInlineSnapshot(`
      "Make room at once: remove the udp entries from 203.0.113.9 to port 53, 100.0%.
      --
      conntrack -D -p udp --dport 53 -s 203.0.113.9 >/dev/null
      --
      --
      --
      --
      Removed entries cannot be restored.
      --
      500 entries, and those that began since. Answered flows of that source to that port are removed too. If it continues and there is room, it gets new entries; with NAT, perhaps other ports.
      This helps once: the entries come back while their source keeps sending.
      --
      "
    `);
  });
});
