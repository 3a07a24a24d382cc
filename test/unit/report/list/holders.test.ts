import { describe, expect, test } from 'vitest';
import { addressWords, networkWords } from '../../../../src/report/list/address.ts';
import { addDigest, scaleDigest } from '../../../../src/report/list/digest.ts';
import { digestEntry } from '../../../../src/report/list/digest-entry.ts';
import { STATES } from '../../../../src/report/list/entry.ts';
import { CLASSES } from '../../../../src/report/list/entry-class.ts';
import { type Holdings, holdingsOf, isListOf, samplingError } from '../../../../src/report/list/holders.ts';
import type { RankingName } from '../../../../src/report/list/ranking.ts';
import { CAPACITY } from '../../../../src/report/list/tally.ts';
import { DEFAULT_TIMEOUTS, shorterTimeout, timeoutName } from '../../../../src/report/list/timeouts.ts';
import { digestOf, entry, type Flow, holdings, times } from '../../support/entries.ts';

const V6 = '2001:db8:0:7:0:0:0:1';
const FLOWS: readonly Flow[] = [
  ...times(4, { source: '10.0.0.1', flag: 'assured' }),
  ...times(2, { source: '10.0.0.2', translated: '203.0.113.7', flag: 'assured', seconds: 5 }),
  ...times(3, { protocol: 17, port: 53, flag: 'unreplied', seconds: 20 }),
  { protocol: 17, port: 53, flag: 'assured', seconds: 100 },
  { source: V6, destination: V6, flag: 'offloaded' },
  { protocol: 1, seconds: 29 },
];

function ranked({ rankings }: Holdings, name: RankingName): readonly string[] {
  return rankings[name].holders.map(({ key, ipv6, entries }) => {
    const [first = 0] = key;
    if (name === 'ports') return `${first >>> 16}/${first & 0xffff} ${entries}`;
    return `${name === 'networks' ? networkWords(key, ipv6) : addressWords(key, ipv6)} ${entries}`;
  });
}

describe('holders of entries', () => {
  const found = holdings(FLOWS);

  test('are ranked largest first, both families together', () => {
    expect(ranked(found, 'sources')).toEqual(['10.0.0.1 9', '10.0.0.2 2', '2001:db8:0:7::1 1']);
    expect(ranked(found, 'networks')).toEqual(['10.0.0.0/24 11', '2001:db8:0:7::/64 1']);
    expect(ranked(found, 'destinations')).toEqual(['192.0.2.1 11', '2001:db8:0:7::1 1']);
    expect(ranked(found, 'ports')).toEqual(['6/443 7', '17/53 4']);
    expect(Object.values(found.rankings).map(({ different, lacking }) => [different, lacking])).toEqual([
      [3, 0],
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
  });

  test('are limited to the number requested', () => {
    expect(ranked(holdings(FLOWS, DEFAULT_TIMEOUTS, 1), 'sources')).toEqual(['10.0.0.1 9']);
  });

  test('come with shares by flag and NAT', () => {
    expect(found).toMatchObject({ entries: 12, ipv6: 1, unreplied: 3, assured: 7, offloaded: 1 });
    expect(found).toMatchObject({ nat: 2, sourceNat: 2, destinationNat: 0 });
  });

  test('come with protocols and states, assured or not', () => {
    expect(found.kinds).toEqual([
      { protocol: 6, state: 'ESTABLISHED', offloaded: false, entries: 6 },
      { protocol: 17, state: '', offloaded: false, entries: 4 },
      { protocol: 1, state: '', offloaded: false, entries: 1 },
      { protocol: 6, state: '', offloaded: true, entries: 1 },
    ]);
  });

  test('come with their timeout, and the entries a shorter one would have ended', () => {
    expect(found.timeouts).toMatchObject([
      // More than 86400 s of the 432000 s have passed for all six.
      { name: 'tcp_timeout_established', seconds: 432000, entries: 6, longest: 100, shorter: 86400, ended: 6 },
      { name: 'udp_timeout', seconds: 30, entries: 3, longest: 20, shorter: 10, ended: 3 },
      { name: 'icmp_timeout', seconds: 30, entries: 1, longest: 29, shorter: 10, ended: 0 },
      { name: 'udp_timeout_stream', seconds: undefined, entries: 1, shorter: undefined, ended: 0 },
    ]);
  });

  test('come with their time left, except offloaded ones', () => {
    expect(found.lives.map(({ below, entries }) => [below, entries])).toEqual([
      [10, 2],
      [60, 4],
      [600, 5],
      [3600, 0],
      [86400, 0],
      [undefined, 0],
    ]);
  });

  test('include destination NAT', () => {
    const flows = [
      { destination: '192.0.2.1', answered: '10.9.9.9' },
      { source: V6, destination: V6, answered: '2001:db8:0:7:0:0:0:2' },
    ];
    expect(holdings(flows)).toMatchObject({ nat: 2, sourceNat: 0, destinationNat: 2 });
  });

  test('are the same when counted in two parts', () => {
    const [left, right] = [digestOf(FLOWS.slice(0, 5)), digestOf(FLOWS.slice(5))];
    addDigest(left, right);
    expect(holdingsOf(left, DEFAULT_TIMEOUTS, 10)).toEqual(found);
  });
});

describe('timeouts', () => {
  const named = (protocol: number, state: (typeof STATES)[number], assured = false) =>
    timeoutName({ protocol, state: STATES.indexOf(state), assured });

  test("have the kernel's names", () => {
    expect([named(6, 'ESTABLISHED', true), named(6, 'SYN_SENT'), named(6, 'TIME_WAIT')]).toEqual([
      'tcp_timeout_established',
      'tcp_timeout_syn_sent',
      'tcp_timeout_time_wait',
    ]);
    expect([named(17, ''), named(17, '', true), named(47, '', true), named(47, '')]).toEqual([
      'udp_timeout',
      'udp_timeout_stream',
      'gre_timeout_stream',
      'gre_timeout',
    ]);
    expect([named(132, 'COOKIE_WAIT'), named(33, 'REQUEST'), named(136, ''), named(136, '', true)]).toEqual([
      'sctp_timeout_cookie_wait',
      'dccp_timeout_request',
      'udplite_timeout',
      'udplite_timeout_stream',
    ]);
    expect([named(1, ''), named(58, ''), named(50, '')]).toEqual(['icmp_timeout', 'icmpv6_timeout', 'generic_timeout']);
  });

  test.each([
    ['tcp_timeout_established', 432000, 86400],
    ['tcp_timeout_established', 86400, 7440],
    ['tcp_timeout_established', 7440, undefined],
    ['tcp_timeout_time_wait', 120, 30],
    ['udp_timeout', 10, undefined],
    ['sctp_timeout_established', 432000, undefined],
  ])('%s of %i s: %j instead', (name, seconds, expected) => expect(shorterTimeout(name, seconds)).toBe(expected));
});

test('kernel defaults, and the shorter timeout suggested for each', () => {
  const known = [...DEFAULT_TIMEOUTS, ['udp_timeout_stream', 120], ['tcp_timeout_close_wait', 3600]] as const;
  const lines = known.map(([name, seconds]) => `${name} ${seconds}: ${shorterTimeout(name, seconds) ?? 'as it is'}`);
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    tcp_timeout_syn_sent 120: 30
    tcp_timeout_syn_recv 60: 20
    tcp_timeout_established 432000: 86400
    tcp_timeout_fin_wait 120: 30
    tcp_timeout_close_wait 60: 20
    tcp_timeout_last_ack 30: as it is
    tcp_timeout_time_wait 120: 30
    tcp_timeout_close 10: as it is
    udp_timeout 30: 10
    icmp_timeout 30: 10
    icmpv6_timeout 30: 10
    generic_timeout 600: 120
    udp_timeout_stream 120: 60
    tcp_timeout_close_wait 3600: 60
    "
  `);
});

test('an unknown timeout counts no entry as ended, however little time is left', () => {
  const flows = [
    { protocol: 17, flag: 'assured' as const, seconds: 0 },
    { protocol: 17, flag: 'assured' as const, seconds: 1 },
    { state: 'LAST_ACK' as const, seconds: 0 },
    { state: 'LAST_ACK' as const, seconds: 1 },
  ];
  expect(holdings(flows).timeouts.map(({ name, seconds, ended }) => [name, seconds, ended])).toEqual([
    ['tcp_timeout_last_ack', 30, 0],
    ['udp_timeout_stream', undefined, 0],
  ]);
});

test('one timeout counts the entries of all its protocols', () => {
  const flows = [
    ...times(2, { protocol: 99, seconds: 10 }),
    ...times(3, { protocol: 100, seconds: 20 }),
    { protocol: 100, seconds: 500 },
  ];
  expect(holdings(flows).timeouts).toEqual([
    {
      name: 'generic_timeout',
      seconds: 600,
      by: 'sysctl',
      set: 600,
      entries: 6,
      longest: 500,
      shorter: 120,
      ended: 5,
      young: 0,
      beyond: 0,
    },
  ]);
});

test("the larger family's source comes first", () => {
  const found = holdings([{ source: '10.0.0.1' }, ...times(3, { source: V6, destination: V6 })]);
  expect(ranked(found, 'sources')).toEqual(['2001:db8:0:7::1 3', '10.0.0.1 1']);
});

test('the number of holders is a lower bound if they exceed the capacity or come from a sample', () => {
  const flows = [
    { source: V6, destination: V6 },
    ...times(CAPACITY + 1, (at) => ({ source: `10.0.${at >> 8}.${at & 255}` })),
  ];
  const { sources, destinations } = holdings(flows).rankings;
  expect(sources).toMatchObject({ different: CAPACITY + 1, differentAtLeast: true, lacking: 1 });
  expect(destinations).toMatchObject({ different: 2, differentAtLeast: false, lacking: 0 });
  const sampled = holdingsOf(digestOf([{}]), DEFAULT_TIMEOUTS, 10, { held: 1, lines: 2 });
  expect(sampled.rankings.sources).toMatchObject({ different: 1, differentAtLeast: true, lacking: 0 });
});

test('error of a sample, in percentage points', () => {
  expect(samplingError(10_000)).toBeCloseTo(0.98);
  expect(samplingError(65_536)).toBeCloseTo(0.383, 3);
  expect(samplingError(0)).toBe(100);
});

test.each([
  [0, 100, true],
  [0, 101, false],
  [50, 150, true],
  [101, 0, false],
  [1000, 1000, true],
  [200, 400, true],
  [199, 400, false],
  [802, 401, true],
  [803, 401, false],
])('a table with %d entries matches a list of %d: %s', (count, entries, like) => {
  expect(isListOf(count, { ...holdings([]), entries })).toBe(like);
});

test('time left is grouped to the second', () => {
  const at = (seconds: number) => holdings([{ seconds }]).lives.findIndex(({ entries }) => entries === 1);
  expect([0, 9, 10, 59, 60, 600, 3600, 86_399, 86_400].map(at)).toEqual([0, 0, 1, 1, 2, 3, 4, 4, 5]);
});

test('a scaled part of a list estimates the whole', () => {
  const digest = digestOf([{ seconds: 1000 }, { seconds: 1000 }, { source: V6, destination: V6, flag: 'offloaded' }]);
  scaleDigest(digest, 2.5);
  const { entries, ipv6, offloaded, rankings, kinds, timeouts } = holdingsOf(digest, DEFAULT_TIMEOUTS, 10);
  expect([entries, ipv6, offloaded]).toEqual([8, 3, 3]);
  expect(rankings.sources.holders.map((holder) => holder.entries)).toEqual([5, 3]);
  expect(kinds.map((kind) => kind.entries)).toEqual([5, 3]);
  expect(timeouts).toMatchObject([{ entries: 5, ended: 5 }]);
});

describe('every count', () => {
  const flows: readonly Flow[] = [
    ...times(3, { flag: 'assured', seconds: 5 }),
    { flag: 'unreplied', answered: '10.9.9.9', seconds: 700 },
    { translated: '203.0.113.7', seconds: 5000 },
    { source: V6, destination: V6, flag: 'offloaded' },
  ];
  const full = () => Object.assign(digestOf(flows), { unknown: 4, zoned: 2 });
  const counts = {
    entries: 6,
    unknown: 4,
    ipv6: 1,
    unreplied: 1,
    assured: 3,
    sourceNat: 1,
    destinationNat: 1,
    nat: 2,
    zoned: 2,
    offloaded: 1,
  };
  const doubled = Object.fromEntries(Object.entries(counts).map(([name, held]) => [name, 2 * held]));
  const told = (digest: ReturnType<typeof full>) => holdingsOf(digest, DEFAULT_TIMEOUTS, 10);

  test('is reported unscaled', () => expect(told(full())).toMatchObject(counts));

  test('is the same added twice and scaled by two', () => {
    const [sum, twice] = [full(), full()];
    addDigest(sum, full());
    scaleDigest(twice, 2);
    expect(told(sum)).toMatchObject(doubled);
    expect(told(twice)).toEqual(told(sum));
    expect(told(sum).lives.map(({ entries }) => entries)).toEqual([6, 0, 0, 2, 2, 0]);
    expect(told(sum).groups).toEqual([
      { protocol: 6, state: STATES.indexOf('ESTABLISHED'), assured: false, port: 443, entries: 6 },
      { protocol: 6, state: STATES.indexOf('ESTABLISHED'), assured: true, port: 443, entries: 6 },
    ]);
  });
});

test('the longest time left of either part is kept', () => {
  const [long, short] = [digestOf([{ seconds: 900 }]), digestOf([{ seconds: 100 }])];
  addDigest(short, long);
  addDigest(long, digestOf([{ seconds: 100 }]));
  const longest = [short, long].map((digest) => holdingsOf(digest, DEFAULT_TIMEOUTS, 10).timeouts[0]?.longest);
  expect(longest).toEqual([900, 900]);
});

test('at most twenty groups are kept, with protocol, state and port', () => {
  const many = holdings(times(30, (at) => ({ protocol: 17, port: 65_535 - at }))).groups;
  expect(many).toHaveLength(20);
  expect(many[0]).toEqual({ protocol: 17, state: 0, assured: false, port: 65_506, entries: 1 });
});

test('offloaded entries are separate kinds, the largest first', () => {
  const flows: readonly Flow[] = [
    {},
    ...times(2, { flag: 'offloaded' }),
    ...times(3, { protocol: 17, flag: 'offloaded' }),
  ];
  expect(holdings(flows).kinds).toEqual([
    { protocol: 17, state: '', offloaded: true, entries: 3 },
    { protocol: 6, state: '', offloaded: true, entries: 2 },
    { protocol: 6, state: 'ESTABLISHED', offloaded: false, entries: 1 },
  ]);
});

test('a translated port alone counts as NAT', () => {
  const digest = digestOf([]);
  const { original, ...rest } = entry();
  const reply = { ...rest.reply };
  const none = new Int32Array(CLASSES);
  digestEntry(digest, { ...rest, original, reply: { ...reply, sourcePort: 8443 } }, none);
  digestEntry(digest, { ...rest, original, reply: { ...reply, destinationPort: 1024 } }, none);
  expect(digest).toMatchObject({ nat: 2, sourceNat: 1, destinationNat: 1 });
});

test('an IPv6 address translated in its last word only counts as NAT', () => {
  const flow = { source: V6, destination: V6 };
  const translated = '2001:db8:0:7:0:0:0:2';
  expect(holdings([{ ...flow, translated }, flow])).toMatchObject({ nat: 1, sourceNat: 1, destinationNat: 0 });
});
