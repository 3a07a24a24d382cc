import { describe, expect, test } from 'vitest';
import { adviceLines } from '../../../src/report/advice/steps.ts';
import { verdictText } from '../../../src/report/diagnosis/verdict.ts';
import { addressWords, networkWords, protocolWords } from '../../../src/report/list/address.ts';
import { listLines } from '../../../src/report/list/listing.ts';
import { type Palette, PLAIN } from '../../../src/report/palette.ts';
import { reportBody } from '../../../src/report/report-body.ts';
import type { ReportFindings } from '../../../src/report/report-findings.ts';
import { reportText } from '../../../src/report/report-text.ts';
import { inNamespace } from '../../../src/words/in-namespace.ts';
import { holdings, noArrivals, times } from '../support/entries.ts';
import { type Changes, counted, EVIDENCE, fault, ok, unreadTable } from '../support/observation.ts';
import { envoy, findingsOf, type Incident, wanted } from '../support/reports.ts';

const OLD = ok({ major: 2, minor: 6 });

describe('addresses', () => {
  test.each<[readonly number[], string]>([
    [[0, 0, 0, 0], '::'],
    [[0, 0, 0, 1], '::1'],
    [[0x20010db8, 0, 0, 1], '2001:db8::1'],
    [[0x20010db8, 0x00000001, 0, 2], '2001:db8:0:1::2'],
    // Only the first of equal runs is shortened, and never a single group (RFC 5952).
    [[0x20010000, 0x00000001, 0, 0x00010001], '2001::1:0:0:1:1'],
    [[0x20010db8, 0x00000001, 0x00010001, 0x00010001], '2001:db8:0:1:1:1:1:1'],
    [[0x00010002, 0x00030004, 0x00050006, 0x00070000], '1:2:3:4:5:6:7:0'],
    [[-1, -1, -1, -1], 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%j', (words, expected) => expect(addressWords(words, true)).toBe(expected));

  test('IPv4, networks, protocols', () => {
    expect(addressWords([0x0a0000ff], false)).toBe('10.0.0.255');
    expect(addressWords([-1], false)).toBe('255.255.255.255');
    expect(networkWords([0x0a000000], false)).toBe('10.0.0.0/24');
    expect(networkWords([0x20010db8, 0x00010002], true)).toBe('2001:db8:1:2::/64');
    expect([protocolWords(6), protocolWords(99)]).toEqual(['tcp', 'protocol 99']);
  });
});

function textOf(incident: Incident, palette: Palette = PLAIN): string {
  return reportText(findingsOf(incident), palette).join('\n');
}

const SPRAY = holdings(times(1000, (at) => ({ protocol: 17, port: at, flag: 'unreplied', seconds: 30 })));
const FULL = envoy({ entries: 1000 });
const LOST = envoy({ entries: 1000, statistics: counted({ drop: 1500, early_drop: 200 }) });
const LAST_FULL = { lines: 1, first: 'a', last: 'a', seconds: 0, ago: 30, times: 1, began: 30, allLines: 1 };
const LOSING: Incident = {
  first: { entries: 12, others: [FULL] },
  last: { others: [LOST] },
  holdings: SPRAY,
  log: ok(
    { lines: 20, first: '2026-11-23 03:01:44', last: '2026-11-23 03:02:10', ago: 4, namespaces: [7], records: [] },
    '/dev/kmsg',
  ),
};

describe('the first step', () => {
  const first = (incident: Incident) => {
    const text = textOf(incident);
    const [, lines = ''] = /\n\n(Do this first: [\s\S]*?)\n\nWhere\n/.exec(text) ?? [];
    return lines;
  };

  test('is printed after the verdict: find the source before the limit is raised', () => {
    expect(first(LOSING)).toBe(`Do this first: Find out what 10.0.0.1 does: it has 100.0% of the entries.
    nsenter -t 4711 -n conntrack -L -s 10.0.0.1 | head -n 20
  Step 1 below has the rest, its cost and its undo.`);
  });

  test('is a complete step if it takes effect at once', () => {
    expect(first({ first: { entries: 1000, buckets: ok(1024) } })).toBe(`Do this first: Raise the limit to 2,048.
    sysctl -w net.netfilter.nf_conntrack_max=2048`);
  });

  test('is omitted without a command', () => {
    expect(first({ first: { entries: 30 } })).toBe('');
    expect(first({ first: { entries: 1000, memTotal: ok(100_000) } })).toBe('');
  });

  test('is followed by three full steps and the names of the rest, or all with --all', () => {
    const advice: Incident = {
      first: { entries: 1000 },
      last: { statistics: counted({ drop: 100 }) },
      holdings: holdings(
        times(1000, (at) => ({ source: `10.${at >> 8}.${at & 255}.1`, port: 443, state: 'SYN_SENT', seconds: 119 })),
      ),
      refusing: [{ tool: 'nft', family: 'inet', table: 'check_conntrack_x', chain: '', isOurs: true, packets: 7 }],
      shortage: 'none',
    };
    const found = findingsOf(advice);
    expect(found.advice.map(({ kind }) => kind)).toEqual(['raise', 'timeout', 'free', 'in_force']);
    const more = { ...found, advice: [...found.advice.slice(0, 1), ...found.advice] };
    const [few, all] = [false, true].map((isAll) => reportText(more, PLAIN, isAll).join('\n'));
    expect(few).toContain(
      '\n  4. Make room at once: remove the tcp SYN_SENT entries to port 443.\n  5. Rules refuse connections here: inet check_conntrack_x (7 packets).',
    );
    expect(few).toContain('\n  report --all prints every step in full.');
    expect(few).not.toContain('conntrack -D ');
    expect(all).toContain('conntrack -D ');
    expect(all).not.toContain('report --all');
  });
});

describe('the text of a report', () => {
  test('shows an incident', () => {
    const text = textOf(LOSING);
    expect(text).toContain('[##################################################] 100.0% of 1,000\n');
    expect(text).toContain('       1,000  100.0%     1,500       1,500   envoy (pid 4711)\n');
    expect(text).toContain('          12    1.2%         0           0   the host\n');
    expect(text).toMatch(/\n {2}drop {10}dropped: the table was full, or a clash {6}1,500\/s {7}1,500\n/);
    expect(text).toContain('20 "table full" lines from 2026-11-23 03:01:44 to 2026-11-23 03:02:10,');
    expect(text).toMatch(/\n {4}10\.0\.0\.1 {15}1,000 100\.0% {4}192\.0\.2\.1 {14}1,000 100\.0%\n/);
    expect(text).toContain('    udp_timeout (30 s)                            1,000 100.0%, 30 s left\n');
    expect(text).toContain('  2. Raise the limit to 92,160, and the buckets with it.\n       echo 23040 > ');
    expect(text).toContain(
      '\n       nft add table inet check_conntrack'.replace('       ', '       nsenter -t 4711 -n '),
    );
  });

  test('fits 80 columns except commands', () => {
    for (const line of textOf(LOSING)
      .split('\n')
      .filter((one) => !one.startsWith('       ')))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('has no colour without a terminal, and otherwise colours whole parts', () => {
    const style = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
    const coloured = textOf(LOSING, {
      title: style('title'),
      ok: style('ok'),
      warning: style('warning'),
      critical: style('critical'),
      unknown: style('unknown'),
      command: style('command'),
    });
    expect(coloured).toContain('<critical>[#####');
    expect(coloured).toContain('<title>What to do</title>');
    expect(coloured).toMatch(/<critical> {2}drop .*<\/critical>\n {2}early_drop/);
    expect(coloured).toContain('       <command>sysctl -w net.netfilter.nf_conntrack_max=92160</command>\n');
    expect(coloured.replace(/<\/?\w+>/g, '')).toBe(textOf(LOSING));
  });

  test('names the command that lists the table in trouble if another one is listed', () => {
    const found = findingsOf({ ...LOSING, first: { entries: 1200, others: [FULL] } });
    const note = '  This is not the table in trouble: report --pid 4711 lists that one.';
    expect(reportText(found, PLAIN)).toContain(note);
    expect(reportText({ ...found, subject: LOST }, PLAIN)).not.toContain(note);
    const calm = findingsOf({ first: { entries: 5, others: [envoy({ entries: 4 })] }, holdings: SPRAY });
    expect(reportText(calm, PLAIN)).not.toContain(note);
  });

  test('names the namespaces that own listed addresses', () => {
    const owners = [{ address: [0x0a000001], ipv6: false, table: envoy({}) }];
    const lines = reportText({ ...findingsOf({ holdings: SPRAY }), owners }, PLAIN);
    expect(lines).toContain('  10.0.0.1 is namespace of envoy (pid 4711).');
    expect(reportBody({ ...findingsOf({ holdings: SPRAY }), owners }).report?.list.owners).toMatchObject([
      { address: '10.0.0.1', namespace: { pid: 4711, command: 'envoy' } },
    ]);
  });

  test('advises nothing if nothing is wrong', () => {
    const text = textOf({ holdings: holdings([]) });
    expect(text).toContain('No "table full" in the kernel log (/dev/kmsg).');
    expect(text).toContain('  0 entries of /proc/net/nf_conntrack.\n');
    expect(text).toContain('What to do\n  Nothing here: look elsewhere.');
  });

  test('says so if it has no advice', () => {
    const text = textOf({ first: { unread: [unreadTable()] } });
    expect(text).toContain('No advice: the current figures do not point to a fix.');
  });

  test('advises only to make the limit permanent if the incident is over', () => {
    const over: Incident = {
      log: ok({ lines: 1, first: 'a', last: 'a', ago: 30, namespaces: [], records: [] }),
      spells: {
        ofTables: new Map([['own', LAST_FULL]]),
        ofOthers: undefined,
      },
    };
    const text = textOf({ ...over, first: { statistics: counted({ drop: 5000, early_drop: 7 }) } });
    expect(text).toContain('One "table full" line at a, the last 30 s ago');
    expect(text).toContain('What to do\n  Nothing now: it is over.');
    const again = new Map([['own', { ...LAST_FULL, times: 3, began: 240 }]]);
    expect(textOf({ ...over, spells: { ofTables: again, ofOthers: undefined } })).toContain(
      'What to do\n  Nothing now, but it may happen again. Run this again while connections fail,',
    );
    expect(textOf({ ...over, first: { entries: 500 } })).toContain('it may happen again');
    const gone = { spell: LAST_FULL, number: 7, isNamed: true };
    expect(textOf({ ...over, spells: { ofTables: new Map(), ofOthers: gone } })).toContain(
      'What to do\n  Nothing: the namespace is gone, and its entries with it.',
    );
    const raised = textOf({ ...over, first: { limit: 1_000_000 } });
    expect(raised).toContain('  1. Nothing now. Make the limit of 1,000,000 last: no file sets it.\n');
    expect(raised).toContain('  net.netfilter.nf_conntrack_max = 1000000');
    const written = textOf({ ...over, first: { limit: 1_000_000, configuration: wanted(1_000_000) } });
    expect(written).toContain('What to do\n  Nothing now: it is over.');
  });

  test('names the NAT destination without free ports, and does not advise a higher limit', () => {
    const use = {
      ipv6: false,
      protocol: 6,
      translated: [0x0a000001],
      destination: [-1073741311],
      port: 443,
      used: 1024,
      lowest: 1024,
      highest: 2047,
      mostly: { protocol: 6, state: 8, assured: true },
    };
    const clashing: Incident = {
      first: { entries: 1030 },
      last: { limit: 100_000, statistics: counted({ drop: 50, insert_failed: 50 }) },
      shortage: { use, range: { first: 1024, last: 2047 } },
      holdings: holdings([{}]),
    };
    const text = textOf({ ...clashing, first: { entries: 1030, limit: 100_000 } });
    expect(text.replace(/\s+/g, ' ')).toContain(
      ' 1. Give NAT more ports: of 10.0.0.1 1,024 of the 1,024 from 1024 to 2047 are in use towards tcp 192.0.2.1 port 443. ',
    );
    expect(text).toContain(
      '       conntrack -D -p tcp -r 192.0.2.1 -q 10.0.0.1 --reply-port-src 443 --state TIME_WAIT >/dev/null\n',
    );
    expect(text).toContain('       sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30\n');
    expect(text).not.toContain('Raise the limit');
    expect(text).toContain('  Packets lost: 50/s to clashes');
  });

  test('shows how long an unanswered entry survives evictions', () => {
    const evicting: Incident = {
      first: { entries: 1000 },
      last: { statistics: counted({ early_drop: 20_000 }) },
      holdings: holdings([
        ...times(300, { flag: 'assured' as const }),
        ...times(100, { protocol: 17, flag: 'unreplied' as const, seconds: 29 }),
      ]),
    };
    expect(textOf(evicting).replace(/\s+/g, ' ')).toContain(
      'At 20,000 evictions/s an unanswered entry survives less than 0.1 s: a reply that takes longer finds no',
    );
    expect(textOf({ ...evicting, seconds: 100 }).replace(/\s+/g, ' ')).toContain(
      'At 200 evictions/s an unanswered entry survives about 1.3 s: a reply that takes longer finds no',
    );
    // UDP's own timeout ends the entry by then.
    expect(textOf({ ...evicting, seconds: 2390 })).toContain('survives about 30 s');
    expect(textOf({ ...evicting, seconds: 2410 })).not.toContain('survives');
    expect(textOf({ first: { entries: 1000 } })).not.toContain('survives');
  });

  test('names unreadable files', () => {
    const text = textOf({
      first: {
        statistics: fault('denied', 'conntrack -S'),
        unread: [unreadTable({ fault: { kind: 'denied', source: '/proc/8' } })],
        buckets: fault('denied', '/proc/b'),
      },
      log: fault('denied', '/dev/kmsg'),
    });
    expect(text).toContain('  No counters: cannot read conntrack -S: permission denied.\n');
    expect(text).toContain('  Kernel log: cannot read /dev/kmsg: permission denied.\n');
    expect(text).toContain('  1 not read: cannot read /proc/8: permission denied.\n');
    expect(text).toContain('  Unknown: cannot read /proc/net/nf_conntrack: permission denied.\n');
    expect(text).toContain('  buckets     unknown: cannot read /proc/b: permission denied\n');
  });

  test('shows a missing limit, and chains that are too long', () => {
    expect(textOf({ first: { limit: 0, entries: 5 } })).toContain('5 entries, no limit set\n');
    const long = textOf({ first: { limit: 20_000, buckets: ok(512) } }).replace(/\s+/g, ' ');
    expect(long).toContain('39.1 entries in each when full: the kernel refuses entries in such');
    const old = textOf({ first: { limit: 20_000, buckets: ok(512), statistics: ok({ cpus: [{ drop: 0 }] }) } });
    expect(old).not.toContain('refuses');
  });
});

describe('a list', () => {
  const listed = (of: ReturnType<typeof holdings>) => ({
    kind: 'list' as const,
    source: 'x',
    cut: undefined,
    holdings: of,
    arrivals: noArrivals(),
  });

  test('shows IPv6 sources in a single column', () => {
    const lines = listLines(listed(holdings(times(3, { source: '2001:db8:1111:2222:3333:4444:5555:6666' }))));
    expect(lines.find((line) => line.includes('6666'))).toMatch(
      /^ {4}2001:db8:1111:2222:3333:4444:5555:6666 {9}3 100\.0%$/,
    );
    expect(lines).toContain('  Destinations (1)');
  });

  test('aligns counts, however wide a name is', () => {
    const wide = { source: '2001:db8:1111:2222:3333:4444:5555:6666' };
    const lines = listLines(listed(holdings([wide, wide, { source: '2001:db8:0:0:0:0:0:1' }])));
    const ends = ['6666', '2001:db8::1 '].map((name) => lines.find((line) => line.includes(name))?.length);
    expect(ends[0]).toBe(ends[1]);
  });

  test('does not list many small sources', () => {
    const crowd = times(3000, (at) => ({ source: `10.${at >> 8}.${at & 255}.1` }));
    expect(listLines(listed(holdings(crowd))).join('\n')).toMatch(/Sources \(3,000\) .*\n {4}at most 1 /);
  });

  test('shows lower bounds for a spoofed flood', () => {
    const flood = times(20_000, (at) => ({
      source: at % 10 === 0 ? '10.0.0.1' : `${at % 200}.${at >> 8}.${at & 255}.9`,
    }));
    const text = listLines(listed(holdings(flood))).join('\n');
    expect(text).toMatch(/Sources \(at least 6,144\)/);
    expect(text).toMatch(/10\.0\.0\.1 +1,99\d {2}10\.0%/);
    expect(text).toMatch(/each may have up to \d more/);
  });

  test('gives the reason if it is incomplete', () => {
    const { holdings: of } = listed(holdings([{}]));
    const first = (cut: Parameters<typeof listLines>[0]['cut'], unknown = 0) =>
      listLines({ kind: 'list', source: 'x', cut, holdings: { ...of, unknown }, arrivals: noArrivals() })[0];
    expect(first('stopped')).toBe('  1 entry of x, stopped before the end.');
    expect(first({ kind: 'io', source: 'x', detail: 'EIO' })).toMatch(/^ {2}1 entry of x, cut off: .*EIO/);
    expect([first(undefined, 1), first(undefined, 2)]).toEqual([
      '  1 entry of x, 1 line is not an entry.',
      '  1 entry of x, 2 lines are not entries.',
    ]);
  });
});

describe('the commands', () => {
  const MARK = '-m comment --comment check_conntrack_raw_udp_53';
  const ANY = `iptables -t raw -I PREROUTING -p udp --dport 53 ${MARK}`;
  const PASSING_BY = `iptables -t raw -I PREROUTING -m addrtype ! --dst-type LOCAL -p udp --dport 53 ${MARK}`;
  const full: Incident = { first: { entries: 1000 } };
  const fullOf = (changes: Changes): Incident => ({ first: { entries: 1000, ...changes } });
  const contextOf = ({ evaluation, subject }: ReportFindings) => ({ observation: evaluation.observation, subject });
  const step = (incident: Incident, kind: string) => {
    const found = findingsOf(incident);
    const advice = found.advice.find((one) => one.kind === kind);
    if (advice === undefined) throw new Error(kind);
    return advice.stepIn(contextOf(found));
  };
  const fullElsewhere = (path?: string): Incident => ({
    first: { others: [{ ...FULL, mount: path === undefined ? undefined : { number: 7, path } }] },
  });
  const port = holdings(times(10, (at) => ({ protocol: 17, port: 53, source: `10.0.0.${at}`, seconds: 30 })));
  const source = holdings(times(10, (at) => ({ port: at, seconds: 432_000 })));

  test('exclude a port from tracking with nft or iptables', () => {
    const { commands, instead } = step({ ...full, holdings: port }, 'notrack');
    const rule = 'add rule inet check_conntrack_raw_udp_53 prerouting fib daddr type != local udp';
    expect(commands).toEqual([
      'nft add table inet check_conntrack_raw_udp_53',
      "nft 'add chain inet check_conntrack_raw_udp_53 prerouting { type filter hook prerouting priority -300; }'",
      `nft '${rule} dport 53 notrack'`,
      `nft '${rule} sport 53 notrack'`,
    ]);
    expect(instead[0]).toBe(`${PASSING_BY} -j CT --notrack`);
    expect(instead).toHaveLength(2);
  });

  test('exclude a port for both families', () => {
    const six = holdings([
      ...times(10, (at) => ({ protocol: 17, port: 53, source: `10.0.0.${at}`, seconds: 30 })),
      ...times(10, (at) => ({ protocol: 17, port: 53, source: `2001:db8:0:0:0:0:0:${at}`, seconds: 30 })),
    ]);
    const tools = step({ ...full, holdings: six }, 'notrack').instead.map((line) => line.split(' ')[0]);
    expect(tools).toEqual(['iptables', 'iptables', 'ip6tables', 'ip6tables']);
  });

  test('exclude a port for IPv6 only', () => {
    const flow = { protocol: 17, port: 53, seconds: 30 };
    const six = holdings(times(10, (at) => ({ ...flow, source: `2001:db8:0:0:0:0:0:${at}` })));
    const tools = step({ ...full, holdings: six }, 'notrack').instead.map((line) => line.split(' ')[0]);
    expect(tools).toEqual(['ip6tables', 'ip6tables']);
  });

  test.each<[major: number, minor: number, first: string, instead: string | undefined]>([
    [2, 6, `${ANY} -j NOTRACK`, undefined],
    [3, 0, `${PASSING_BY} -j CT --notrack`, undefined],
    [4, 9, `${PASSING_BY} -j CT --notrack`, undefined],
    [4, 10, 'nft add table inet check_conntrack_raw_udp_53', `${PASSING_BY} -j CT --notrack`],
  ])('use the features of Linux %d.%d', (major, minor, first, instead) => {
    const told = step({ ...fullOf({ release: ok({ major, minor }) }), holdings: port }, 'notrack');
    expect([told.commands[0], told.instead[0]]).toEqual([first, instead]);
  });

  test('use features of every kernel if the release is unknown', () => {
    const told = step({ ...fullOf({ release: fault('denied') }), holdings: port }, 'notrack');
    expect([told.commands[0], told.instead]).toEqual([`${ANY} -j NOTRACK`, []]);
  });

  test('drop a source of either family', () => {
    const scan = (address: string) =>
      holdings(times(10, (at) => ({ port: at, source: address, state: 'SYN_SENT', flag: 'unreplied', seconds: 119 })));
    expect(step({ ...full, holdings: scan('10.0.0.1') }, 'source')).toMatchObject({
      commands: expect.arrayContaining([
        'nft add rule inet check_conntrack_source_0a000001 prerouting ip saddr 10.0.0.1 counter drop',
        'conntrack -D -s 10.0.0.1 >/dev/null',
      ]),
      instead: [
        'conntrack -L -s 10.0.0.1 | head -n 20',
        'iptables -t raw -I PREROUTING -s 10.0.0.1 -m comment --comment check_conntrack_source_0a000001 -j DROP',
        'conntrack -D -s 10.0.0.1 >/dev/null',
      ],
    });
    expect(step({ ...full, holdings: scan('2001:db8:0:0:0:0:0:1') }, 'source').instead.slice(1)).toEqual([
      expect.stringMatching(/^ip6tables -t raw -I PREROUTING -s 2001:db8::1 -m comment \S+ \S+ -j DROP$/),
      'conntrack -D -f ipv6 -s 2001:db8::1 >/dev/null',
    ]);
  });

  test('find a source on this machine', () => {
    const local = holdings(times(10, (at) => ({ port: at, source: '127.0.0.1', seconds: 432_000 })));
    expect(step({ ...full, holdings: local }, 'source').commands).toEqual(['ss -tunap']);
    // A rule against its own address would cut the machine off.
    const own = { ...full, holdings: source, own: [String((10 << 24) | 1)] };
    expect(step(own, 'source').commands).toEqual(['ss -tunap']);
    const six = holdings(times(10, (at) => ({ port: at, source: '2001:db8:0:0:0:0:0:1', seconds: 432_000 })));
    const ownSix = { ...full, holdings: six, own: [[0x20010db8, 0, 0, 1].join(',')] };
    expect(step(ownSix, 'source').commands).toEqual(['ss -tunap']);
  });

  test('set a timeout in either generation, and in the namespace', () => {
    const silent = holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 })));
    expect(step({ ...full, holdings: silent }, 'timeout').commands).toEqual([
      'sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400',
    ]);
    expect(step({ ...fullOf({ generation: 'ip_conntrack' }), holdings: silent }, 'timeout').commands).toEqual([
      'sysctl -w net.ipv4.netfilter.ip_conntrack_tcp_timeout_established=86400',
    ]);
    const other = (mount?: string): Incident => ({ ...fullElsewhere(mount), holdings: silent });
    expect(step(other(), 'timeout').commands[0]).toMatch(/^nsenter -t 4711 -n sysctl /);
    expect(step(other('/run/netns/web'), 'timeout').commands[0]).toMatch(/^ip netns exec web sysctl /);
    // The shell or ip would not read these names as plain names.
    expect(step(other('/run/netns/-all'), 'timeout').commands[0]).toMatch(/^nsenter -t 4711 -n sysctl /);
    expect(step(other('/run/netns/a;b'), 'timeout').commands[0]).toMatch(/^nsenter -t 4711 -n sysctl /);
  });

  test("include kube-proxy's flag for a timeout it sets at start, only on its node's host", () => {
    const silent = holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 })));
    const node = { evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet' } };
    const flags = (incident: Incident) => step({ ...incident, holdings: silent }, 'timeout').files.slice(1);
    expect(flags(fullOf(node))).toEqual([
      {
        where: 'the flags of kube-proxy, which sets it when it starts',
        lines: ['--conntrack-tcp-timeout-established=86400s'],
      },
    ]);
    const closing = holdings(times(10, (at) => ({ state: 'CLOSE_WAIT', port: at, seconds: 10 })));
    expect(step({ ...fullOf(node), holdings: closing }, 'timeout').files[1]?.lines).toEqual([
      '--conntrack-tcp-timeout-close-wait=20s',
    ]);
    expect(flags(full)).toEqual([]);
    expect(flags(fullOf({ evidence: EVIDENCE }))).toEqual([]);
    const udp = holdings(times(10, (at) => ({ protocol: 17, source: `10.0.0.${at}`, port: at, seconds: 10 })));
    expect(step({ ...fullOf(node), holdings: udp }, 'timeout').files).toHaveLength(1);
    const elsewhere = fullElsewhere();
    expect(flags({ ...elsewhere, first: { ...elsewhere.first, ...node } })).toEqual([]);
  });

  test('find a program that does not close', () => {
    const left = holdings(times(10, { port: 9000, state: 'CLOSE_WAIT', seconds: 59 }));
    const { title, commands } = step({ ...full, holdings: left }, 'half_closed');
    expect(title).toBe('Find the program that does not close: 10 entries (100.0%) to tcp port 9000 are in CLOSE_WAIT.');
    expect(commands).toEqual(["ss -tnp state close-wait '( sport = :9000 or dport = :9000 )'"]);
    expect(step({ ...fullElsewhere(), holdings: left }, 'half_closed').commands[0]).toMatch(/^nsenter -t 4711 -n ss /);
  });

  test('enter a namespace without processes through its mount', () => {
    const kept = (path: string | undefined) => {
      const mount = path === undefined ? undefined : { number: 7, path };
      return inNamespace({ subject: { isOwn: false, pids: [], mount } });
    };
    expect(kept('/run/netns/web')).toBe('ip netns exec web ');
    expect(kept('/run/docker/netns/1-a')).toBe('nsenter --net=/run/docker/netns/1-a ');
    expect(kept('/run/netns/a;b')).toBe('nsenter --net=WHERE_IT_IS_MOUNTED ');
    expect(kept(undefined)).toBe('nsenter --net=WHERE_IT_IS_MOUNTED ');
  });

  test('restore a lost limit, with the likely cause', () => {
    const { title, commands, notes } = step({ first: { configuration: wanted(4000), buckets: ok(1000) } }, 'restore');
    expect(title).toBe('Restore the limit of 4,000 that /etc/sysctl.conf sets.');
    expect(commands).toEqual([
      'echo 1024 > /sys/module/nf_conntrack/parameters/hashsize',
      'sysctl -w net.netfilter.nf_conntrack_max=4000',
    ]);
    expect(notes[0]).toBe(
      'Likely cause: the module is not loaded at boot, so sysctl may run before it is there; echo nf_conntrack >/etc/modules-load.d/nf_conntrack.conf.',
    );
  });

  test("note that a container's limit is set on its host", () => {
    const { notes } = step(fullOf({ isInitial: false }), 'raise');
    expect(notes.join(' ')).toContain('On the host, in the initial network namespace');
  });

  test('note that memory does not allow a sufficient limit', () => {
    const losing = { ...fullOf({ memTotal: ok(2 ** 25) }), last: { statistics: counted({ drop: 1e6 }) } };
    expect(step(losing, 'raise').notes).toContain(
      'The load needs more than this. A higher limit alone will not fix it: the table fills up again unless the load drops.',
    );
  });

  test('come with an undo, and a mark if they end with the namespace', () => {
    const there = step({ ...fullElsewhere('/run/netns/web'), holdings: port }, 'notrack');
    expect(there.inNamespace).toBe(true);
    expect(there.undo).toEqual(['ip netns exec web nft delete table inet check_conntrack_raw_udp_53']);
    const here = step({ ...fullOf({ release: OLD }), holdings: port }, 'notrack');
    expect(here).toMatchObject({
      inNamespace: false,
      undo: here.commands.map((line) => line.replace(' -I ', ' -D ')).reverse(),
    });
  });

  test('are numbered steps, with the files that make them permanent', () => {
    const found = findingsOf({ ...full, holdings: port });
    const lines = adviceLines(found.advice, 'Nothing.', contextOf(found), PLAIN);
    expect(lines.filter((line) => /^ {2}\d\. /.test(line))).toHaveLength(found.advice.length);
    expect(lines).toContain('       /etc/sysctl.d/90-nf_conntrack.conf');
    expect(lines).toContain('           net.netfilter.nf_conntrack_max = 2048');
  });
});

describe('the whole report', () => {
  const lines = (incident: Incident) => reportText(findingsOf(incident), PLAIN);

  test('begins with a usage bar', () => {
    expect(lines({ first: { entries: 500 } })[0]).toBe(`[${'#'.repeat(25)}${'.'.repeat(25)}] 50.0% of 1,000`);
    expect(lines({ first: { entries: 19 } })[0]).toBe(`[${'.'.repeat(50)}] 1.9% of 1,000`);
    expect(lines({ first: { entries: 2000 } })[0]).toBe(`[${'#'.repeat(50)}] 200.0% of 1,000`);
  });

  test('explains a live list that lacks most entries', () => {
    const found = { ...findingsOf({ first: { entries: 900 }, holdings: holdings([{}]) }), isForeign: true };
    expect(reportText(found, PLAIN).join(' ').replace(/\s+/g, ' ')).toContain(
      'The list has 1 entry, the table 900: entries that are dying or unconfirmed are not listed (conntrack -L dying and conntrack -L unconfirmed print them), nor are those that an out-of-tree module keeps. Advice ignores this list.',
    );
  });

  test('explains a list of another table', () => {
    const found = {
      ...findingsOf({ first: { entries: 900 }, holdings: holdings([{}]) }),
      isForeign: true,
      isGiven: true,
    };
    const text = reportText(found, PLAIN).join(' ').replace(/\s+/g, ' ');
    expect(text).toContain(
      'The list has 1 entry, the table 900: the list is from another table or another time. Advice ignores',
    );
    expect(textOf({ first: { entries: 900 }, holdings: holdings([{}]) })).not.toContain('or another time');
  });

  test('names the parts that need root', () => {
    const found = { ...findingsOf({}), sudo: ['the kernel log', 'what fills the table'] };
    expect(reportText(found, PLAIN).slice(-2)).toEqual(['', 'sudo would add: the kernel log, what fills the table.']);
    expect(textOf({})).not.toContain('sudo');
  });

  test('does not suggest --pid for a table without a process', () => {
    const others = [envoy({ entries: 960, pids: [] })];
    const found = findingsOf({ first: { entries: 1200, others }, last: { entries: 100 }, holdings: SPRAY });
    expect(reportText(found, PLAIN).join('\n')).not.toContain('report --pid');
  });
});

describe('the verdict', () => {
  const verdict = (incident: Incident) => verdictText(findingsOf(incident));

  test('gives the usage of the fullest table if nothing is wrong', () => {
    const others = [envoy({ entries: 300 }), envoy({ key: 'net:9', entries: 200 })];
    expect(verdict({ first: { entries: 100, others } })).toBe(
      'conntrack is not the problem: 30.0% used, nothing dropped since boot',
    );
  });

  test('says if the drops of a table are unknown', () => {
    const others = [envoy({ statistics: fault('denied') })];
    expect(verdict({ first: { others } })).toMatch(/10\.0% used, drops unknown$/);
    const lost = { others, statistics: counted({ drop: 5 }) };
    expect(verdict({ first: lost })).toBe(
      '10.0% used, 5 dropped since boot; nothing now, as far as the counters show, recent losses unknown',
    );
  });

  test('calls a losing table full from 99%, as entries come and go', () => {
    const losing = (entries: number) => verdict({ first: { entries }, last: { statistics: counted({ drop: 1 }) } });
    expect(losing(990)).toContain('is full and losing');
    expect(losing(989)).toContain('is 98.9% full and losing');
  });

  test('names the destination without free NAT ports', () => {
    const mostly = { protocol: 6, state: 8, assured: true };
    const use = { ipv6: true, protocol: 6, translated: [1, 0, 0, 1], destination: [0x20010db8, 0, 0, 9], port: 443 };
    const shortage = { use: { ...use, used: 9, mostly }, range: { first: 1, last: 9 } };
    const clashing = { first: { entries: 4 }, last: { statistics: counted({ drop: 50, insert_failed: 50 }) } };
    expect(verdict({ ...clashing, shortage })).toBe(
      'the table of the host is 0.4% full and loses 50 packets/s to clashes: NAT has no port left towards tcp 2001:db8::9 port 443 (9 of 9 taken)',
    );
  });

  test('lists each kind of loss since boot', () => {
    const lost = counted({ drop: 9, insert_failed: 12, chainlength: 5 });
    expect(verdict({ first: { statistics: lost } })).toBe(
      '0.0% used, 2 dropped, 7 lost to clashes, 5 refused for long chains since boot; nothing now, recent losses unknown',
    );
  });

  test('names two tables in trouble, and counts the rest', () => {
    const full = (key: string) => envoy({ key, entries: 1000, pids: [] });
    const others = [envoy({ entries: 1000 }), full('net:8'), full('net:9'), envoy({ key: 'net:10' })];
    expect(verdict({ first: { entries: 1000, others } })).toMatch(
      /; the table of namespace of envoy \(pid 4711\) is full; the table of namespace net:8 \(no process\) is full; 1 more in trouble$/,
    );
    const losing = envoy({ entries: 900, statistics: counted({ drop: 7, insert_failed: 7 }) });
    const both = { first: { entries: 1000, others: [envoy({ entries: 900 })] }, last: { others: [losing] } };
    expect(verdict({ ...both, last: { ...both.last, statistics: counted({ drop: 9 }) } })).toMatch(
      /is full and losing 9 packets\/s; the table of namespace of envoy \(pid 4711\) loses 7 packets\/s to clashes$/,
    );
    expect(verdict({ first: { entries: 1000 } })).not.toContain('more in trouble');
  });

  test('counts one entry a second as growth', () => {
    expect(verdict({ first: { entries: 901 }, last: { entries: 902 } })).toContain('growing by 1/s, full in 98 s');
  });
});
