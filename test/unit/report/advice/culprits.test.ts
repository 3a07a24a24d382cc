import { describe, expect, test } from 'vitest';
import { culpritAdvice } from '../../../../src/report/advice/culprits.ts';
import type { Suspicion } from '../../../../src/report/advice/suspicion.ts';
import { type Found, type Line, listed, NO_SSH, ownOf, times, UNKNOWN_OWN } from '../../support/listed.ts';

const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;
const HALF = { state: 'SYN_RECV', left: 59 } as const;
const SENT = { state: 'SYN_SENT', flag: 'UNREPLIED', left: 119 } as const;
const IDLE = times(3000, (at) => ({ port: 5432, source: `10.2.${at >> 8}.${at & 255}` }));
const FLOODER = times(1000, () => ({ ...UDP, source: '203.0.113.9' }));

const RELEASE = { ok: true, value: { major: 6, minor: 18 }, source: '' } as const;

function advised({ holdings, arrivals }: Found, changes: Partial<Suspicion> = {}) {
  const machine = { generation: 'nf_conntrack', release: RELEASE } as const;
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

function kinds(found: Found, changes: Partial<Suspicion> = {}): readonly string[] {
  return advised(found, changes).map(({ kind }) => kind);
}

function forged(count: number, of: Line): readonly string[] {
  return times(count, (at) => {
    const word = Math.imul(at + 1, 0x9e3779b1) >>> 0;
    return { ...of, source: [word >>> 24 || 1, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.') };
  });
}

describe('one source adds entries', () => {
  test('next to idle connections: the source and its port are named, the idle port is not', () => {
    const [port, source, limit] = advised(listed([...IDLE, ...FLOODER], FLOODER.slice(0, 200)));
    expect(port).toMatchObject({
      kind: 'notrack',
      protocol: 17,
      port: 53,
      entries: 1000,
      adds: { added: 200, of: 200 },
    });
    expect(source).toMatchObject({ kind: 'source', holder: { entries: 1000 }, spared: undefined });
    expect(limit).toMatchObject({ kind: 'source_limit', each: 400, whole: 'source' });
  });

  test('the limit is above the entries of any other source', () => {
    const proxy = times(230, () => ({ source: '10.9.9.9' }));
    const [, , limit] = advised(listed([...IDLE, ...proxy, ...FLOODER], FLOODER.slice(0, 200)));
    expect(limit).toMatchObject({ each: 500 });
    const [, , none] = advised(
      listed([...IDLE, ...times(900, () => ({ source: '10.9.9.9' })), ...FLOODER], FLOODER.slice(0, 200)),
    );
    expect(none).toBeUndefined();
  });

  test('on the machine itself: a process to find, and nothing to block', () => {
    const own = ownOf(String((203 << 24) | (113 << 8) | 9));
    expect(advised(listed([...IDLE, ...FLOODER], FLOODER), { own })).toMatchObject([
      { kind: 'notrack' },
      { kind: 'source', spared: 'own' },
    ]);
  });

  test('too few to matter to the table: no source is named', () => {
    const few = FLOODER.slice(0, 5).concat(FLOODER.slice(5, 35));
    const long = times(30_000, (at) => ({ port: 5432, source: `10.${at >> 14}.${(at >> 7) & 127}.${at & 127}` }));
    expect(kinds(listed([...long, ...FLOODER], few))).toEqual([]);
    // If packets are lost, the entries that got in stand for the others.
    expect(kinds(listed([...long, ...FLOODER], few), { refused: 500 })).toContain('source');
  });
});

describe('idle connections', () => {
  test('no new entries: no port is untracked', () => {
    expect(kinds(listed(IDLE, []))).toEqual([]);
    expect(kinds(listed(IDLE))).toEqual([]);
    expect(
      kinds(
        listed(
          times(3000, () => ({ port: 5432 })),
          [],
        ),
      ),
    ).toEqual(['source']);
  });

  test('unknown new entries: the port with most entries is untracked', () => {
    expect(kinds(listed(IDLE), { arrivals: undefined })).toEqual(['notrack']);
  });

  test('a retry need not add an entry: its source is named only if it holds most of them', () => {
    const stream = times(1000, () => ({ ...UDP, source: '10.4.4.4' }));
    expect(kinds(listed([...IDLE, ...stream], []))).toEqual([]);
    expect(kinds(listed(stream, []))).toEqual(['notrack', 'source', 'source_limit']);
  });
});

describe('a network adds entries', () => {
  const lines = times(1000, (at) => ({ ...UDP, source: `198.51.100.${at & 255}` }));

  test('and none of its addresses stands out', () => {
    expect(advised(listed([...IDLE.slice(0, 200), ...lines], lines.slice(0, 300)))).toMatchObject([
      { kind: 'notrack' },
      { kind: 'network', adds: { added: 300, of: 300 } },
      { kind: 'source_limit', whole: 'network', each: 400 },
    ]);
  });

  test('over IPv6 too', () => {
    const six = times(1000, (at) => ({ ...UDP, source: `2001:db8:0:7::${(at + 1).toString(16)}` }));
    expect(advised(listed([...IDLE.slice(0, 200), ...six], six))).toMatchObject([
      { kind: 'notrack', ipv4: true, ipv6: true },
      { kind: 'network', holder: { ipv6: true } },
      { kind: 'source_limit', holder: { ipv6: true } },
    ]);
  });
});

describe('sources and networks exempt from rules', () => {
  const key = (address: string) => String(address.split('.').reduce((word, octet) => (word << 8) | Number(octet), 0));
  const spared = (lines: readonly string[], changes: Partial<Suspicion> = {}) =>
    advised(listed(lines, lines.slice(-300)), changes).flatMap((advice) =>
      advice.kind === 'source' || advice.kind === 'network' ? [advice.spared] : [advice.kind],
    );
  const network = times(1000, (at) => ({ ...UDP, source: `198.51.100.${at & 255}` }));
  const others = IDLE.slice(0, 200);

  test('sources without a reply may be forged', () => {
    const forged = (of: Line) => {
      const lines = times(1000, () => ({ ...of, source: '203.0.113.9' }));
      return advised(listed(lines, lines)).flatMap((advice) => ('maybeForged' in advice ? [advice.maybeForged] : []));
    };
    expect(forged(UDP)).toEqual([true]);
    expect(forged({ state: 'SYN_RECV', left: 59 })).toEqual([true]);
    expect(forged({ ...UDP, flag: 'ASSURED' })).toEqual([false]);
  });

  test('a network that the machine is in', () => {
    expect(spared([...others, ...network])).toEqual(['notrack', undefined, 'source_limit']);
    expect(spared([...others, ...network], { own: ownOf(key('198.51.100.1')) })).toEqual(['notrack', 'home']);
    expect(spared([...others, ...network], { own: ownOf(key('198.51.101.1')) })).toContain('source_limit');
    const anyip = { ...ownOf(), networks: [{ key: [(198 << 24) | (51 << 16) | (100 << 8) | 64], prefix: 26 }] };
    expect(spared([...others, ...network], { own: anyip })).toEqual(['notrack', 'home']);
  });

  test('the host of a container, because others may be translated to it', () => {
    const host = ownOf(key('203.0.113.9'), key('198.51.100.1'));
    expect(spared([...others, ...FLOODER], { host })).toEqual(['notrack', 'host']);
    expect(spared([...others, ...network], { host })).toEqual(['notrack', 'host']);
    expect(spared([...others, ...FLOODER], { host: UNKNOWN_OWN })).toEqual(['notrack', 'unknown']);
  });

  test('a network with nearly all entries, because it may be the only one', () => {
    expect(spared([...others.slice(0, 111), ...network])).toEqual(['notrack', 'everything']);
    expect(spared([...others.slice(0, 112), ...network])).toEqual(['notrack', undefined, 'source_limit']);
  });

  test('a source with nearly all entries, if it is answered, because it may be a proxy', () => {
    const proxy = times(1000, () => ({ protocol: 'udp', port: 53, left: 170, source: '203.0.113.9' }));
    expect(spared(proxy)).toEqual(['notrack', 'everything']);
    expect(spared(FLOODER)).toEqual(['notrack', undefined, 'source_limit']);
    expect(spared(times(1000, () => ({ ...HALF, source: '203.0.113.9' })))).toEqual([undefined, 'source_limit']);
  });

  test('any source, if the addresses of the machine are unknown', () => {
    expect(spared([...others, ...FLOODER], { own: UNKNOWN_OWN })).toEqual(['notrack', 'unknown']);
    expect(spared([...others, ...network], { own: UNKNOWN_OWN })).toEqual(['notrack', 'unknown']);
    const six = times(1000, () => ({ ...UDP, source: '2001:db8::9' }));
    expect(spared(six, { own: { ipv4: new Set(), ipv6: undefined } })).toEqual(['notrack', 'unknown']);
  });

  test('a server, if only its replies pass this machine', () => {
    const replies = times(1000, (at) => ({ source: '192.0.2.73', port: 1024 + at, flag: 'UNREPLIED', left: 400_000 }));
    expect(advised(listed(replies), { arrivals: undefined })).toMatchObject([{ kind: 'source', spared: 'one_way' }]);
  });

  test('any source, if entries are in zones', () => {
    const zoned = times(1000, () => ({ ...UDP, source: '203.0.113.9', zone: 7 }));
    expect(spared([...others, ...zoned])).toEqual(['notrack', 'zones']);
  });
});

describe('a SYN flood with forged sources', () => {
  const flood = forged(3000, HALF);

  test('is named by its target, not by its sources', () => {
    expect(advised(listed(flood, flood))).toMatchObject([
      { kind: 'synproxy', target: { port: 443, own: false }, half: { added: 3000, of: 3000 }, most: 1 },
      // Half of 4000 entries in 60 s, the timeout of SYN_RECV.
      { kind: 'rate_limit', perSecond: 33, seconds: 60 },
    ]);
  });

  test('may target the machine itself', () => {
    const own = ownOf(String((192 << 24) | (2 << 8) | 1));
    expect(advised(listed(flood, flood), { own })).toMatchObject([{ target: { own: true } }, {}]);
  });

  test('needs no reply if it targets the machine itself; else only the rate limit is left', () => {
    const own = ownOf(String((192 << 24) | (2 << 8) | 1));
    const sent = forged(3000, SENT);
    expect(kinds(listed(sent, sent), { own })).toEqual(['synproxy', 'rate_limit']);
    expect(advised(listed(sent, sent))).toMatchObject([{ kind: 'rate_limit', isAnswered: false }]);
  });

  test('is recognized in a captured list', () => {
    expect(kinds(listed(flood))).toEqual(['synproxy', 'rate_limit']);
  });

  test('in a zone gets no proxy, because another tenant may have the same address', () => {
    const zoned = forged(3000, { ...HALF, zone: 7 });
    expect(kinds(listed(zoned, zoned))).toEqual([]);
  });

  test.each([
    [
      'Linux 3.10',
      { generation: 'nf_conntrack', release: { ...RELEASE, value: { major: 3, minor: 10 } } },
      ['rate_limit'],
    ],
    ['ip_conntrack', { generation: 'ip_conntrack', release: { ...RELEASE, value: { major: 2, minor: 6 } } }, []],
  ] as const)('%s supports only part of the advice', (_, machine, expected) => {
    expect(kinds(listed(flood, flood), { machine })).toEqual(expected);
  });

  test.each<[string, readonly string[]]>([
    ['connections are completed', forged(3000, { left: 431_999 })],
    ['the entries are datagrams', forged(3000, UDP)],
    ['there are few half-open entries', forged(90, HALF)],
    [
      'one source has more than a few entries',
      [...forged(2000, HALF), ...times(200, () => ({ ...HALF, source: '10.0.0.7' }))],
    ],
    ['all sources are in one network', times(3000, (at) => ({ ...HALF, source: `198.51.100.${at & 255}` }))],
    ['every port is a target', forged(3000, HALF).map((text, at) => text.split('443').join(String(1 + at)))],
  ])('is not reported if %s', (_, lines) => {
    expect(kinds(listed(lines, lines))).not.toContain('synproxy');
  });
});

describe('the thresholds of a SYN flood', () => {
  const one = (count: number, source: string) => times(count, () => ({ ...HALF, source }));
  const near = (count: number) => times(count, (at) => ({ ...HALF, source: `10.0.0.${at}` }));
  const done = (count: number) => forged(count, { left: 431_999 });

  test.each<[string, readonly string[], boolean]>([
    ['100 half-open entries', forged(100, HALF), true],
    ['99 half-open entries', forged(99, HALF), false],
    ['80 of 100 half-open', [...forged(80, HALF), ...done(20)], true],
    ['79 of 100 half-open', [...forged(79, HALF), ...done(21)], false],
    ['5 of 100 from one source', [...forged(95, HALF), ...one(5, '10.0.0.7')], true],
    ['6 of 100 from one source', [...forged(94, HALF), ...one(6, '10.0.0.7')], false],
    ['20 of 100 from one network', [...forged(80, HALF), ...near(20)], true],
    ['21 of 100 from one network', [...forged(79, HALF), ...near(21)], false],
    ['SYN_SENT and a SYN_RECV', [...forged(99, SENT), ...forged(1, HALF)], true],
    ['SYN_SENT only: no reply passes', forged(100, SENT), false],
    ['SYN_SENT, and an established connection', [...forged(99, SENT), ...done(1)], true],
    ['50 of 100 to one port', [...forged(50, HALF), ...ports(50)], true],
    ['49 of 100 to one port', [...forged(49, HALF), ...ports(51)], false],
  ])('%s', (_, lines, expected) => {
    expect(kinds(listed(lines, lines)).includes('synproxy')).toBe(expected);
  });

  function ports(count: number): readonly string[] {
    return forged(count, HALF).map((text, at) => text.split('443').join(String(1000 + at)));
  }

  test.each<[number, boolean]>([
    [50, true],
    [49, false],
  ])('%i of 100 to one address', (there, isNamed) => {
    const lines = forged(100, HALF).map((text, at) =>
      at < there ? text : text.split('192.0.2.1').join(`198.51.100.${at}`),
    );
    const own = ownOf(String((192 << 24) | (2 << 8) | 1));
    expect(advised(listed(lines, lines), { own })[0]).toMatchObject({
      target: { port: 443, own: isNamed ? true : undefined, destination: isNamed ? { ipv6: false } : undefined },
    });
  });

  test.each<[string, Suspicion['machine'], readonly string[]]>([
    ['3.11', { generation: 'nf_conntrack', release: { ...RELEASE, value: { major: 3, minor: 11 } } }, ['rate_limit']],
    [
      '3.12',
      { generation: 'nf_conntrack', release: { ...RELEASE, value: { major: 3, minor: 12 } } },
      ['synproxy', 'rate_limit'],
    ],
    [
      'release unknown',
      { generation: 'nf_conntrack', release: { ok: false, fault: { kind: 'denied', source: '' } } },
      ['rate_limit'],
    ],
  ])('Linux %s', (_, machine, expected) => {
    const flood = forged(100, HALF);
    expect(kinds(listed(flood, flood), { machine })).toEqual(expected);
  });

  test('entries that a source or network may have beyond the count speak against it', () => {
    const { holdings, arrivals } = listed(forged(100, HALF), forged(100, HALF));
    const { added } = arrivals;
    const lacking = (name: 'sources' | 'networks', by: number): Found => {
      const rankings = { ...added.rankings, [name]: { ...added.rankings[name], lacking: by } };
      return { holdings, arrivals: { ...arrivals, added: { ...added, rankings } } };
    };
    expect(advised(lacking('sources', 4))[0]).toMatchObject({ kind: 'synproxy', most: 5 });
    expect(kinds(lacking('sources', 5))).not.toContain('synproxy');
    expect(kinds(lacking('networks', 19))).toContain('synproxy');
    expect(kinds(lacking('networks', 20))).not.toContain('synproxy');
  });

  test('no rate limit if the timeout of the entries is unknown', () => {
    const found = listed(forged(100, HALF), forged(100, HALF));
    expect(kinds({ ...found, holdings: { ...found.holdings, timeouts: [] } })).toEqual(['synproxy']);
  });

  test('the rate limit fills at most half of the table, and is never 0/s', () => {
    const rate = (lines: readonly string[], limit: number) =>
      advised(listed(lines, lines), { limit }).find(({ kind }) => kind === 'rate_limit');
    const flood = forged(100, HALF);
    expect(rate(flood, 239)).toMatchObject({ perSecond: 1, seconds: 60 });
    expect(rate(flood, 119)).toBeUndefined();
    const sent = forged(20, { state: 'SYN_SENT', flag: 'UNREPLIED', left: 119 });
    expect(rate([...flood, ...sent, ...forged(10, { left: 431_999 })], 2400)).toMatchObject({
      perSecond: 10,
      seconds: 120,
      half: { added: 120, of: 130 },
    });
  });
});

describe('the thresholds of a culprit', () => {
  const machine = { generation: 'nf_conntrack', release: RELEASE } as const;
  const flood = (count: number) => times(count, () => ({ ...UDP, source: '203.0.113.9' }));
  const others = (count: number, of: Line = {}) =>
    times(count, (at) => ({ port: 1000 + at, source: `10.${at >> 8}.${at & 255}.1`, ...of }));

  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['half of the new entries', [...flood(100), ...others(100)], [...flood(30), ...others(30)], ['notrack', 'source']],
    ['less than half of the new entries', [...flood(100), ...others(100)], [...flood(29), ...others(30)], []],
    ['a tenth of all entries: the port is untracked', [...flood(40), ...others(360)], flood(40), ['notrack', 'source']],
    [
      'less than a tenth of all entries: only the source is named',
      [...flood(39), ...others(361)],
      flood(39),
      ['source'],
    ],
    ['a hundredth of all entries', [...flood(40), ...others(3960)], flood(40), ['source']],
    ['less than a hundredth of all entries', [...flood(40), ...others(3961)], flood(40), []],
  ])('%s', (_, lines, began, expected) => {
    expect(kinds(listed(lines, began)).filter((kind) => kind !== 'source_limit')).toEqual(expected);
  });

  test('a source that needs more than a minute to add a tenth is not named', () => {
    const few = (count: number, refused = 0) =>
      kinds(listed([...flood(200), ...others(17_800)], flood(count)), { refused, limit: 1000 });
    expect(few(30)).toEqual(['source', 'source_limit']);
    expect(kinds(listed([...flood(200), ...others(17_801)], flood(30)))).toEqual([]);
    expect(kinds(listed([...flood(200), ...others(17_801)], flood(30)), { refused: 1 })).toContain('source');
  });

  test('the longer the time between samples, the lower the rate', () => {
    const found = listed([...flood(200), ...others(17_800)], flood(30));
    expect(kinds(found, { arrivals: { ...found.arrivals, seconds: 1.01 } })).toEqual([]);
  });

  test('the source that adds most is named, not the one that holds most', () => {
    const idle = times(900, () => ({ source: '10.0.0.1', port: 22 }));
    const found = listed([...idle, ...flood(100)], [...flood(30), ...others(20)]);
    const { sources, ports } = found.arrivals.both;
    const order = [sources, ports].map((rows) => rows.map(({ entries }) => entries));
    expect(advised(found)).toMatchObject([
      { kind: 'notrack', port: 53 },
      { kind: 'source', holder: { entries: 100, added: 30 } },
    ]);
    expect([sources, ports].map((rows) => rows.map(({ entries }) => entries))).toEqual(order);
    expect(order[0]?.[0]).toBe(900);
  });

  test('if new entries are unknown, the source that holds half is named', () => {
    const has = (lines: readonly string[], own = ownOf()) => advised(listed(lines), { arrivals: undefined, own });
    expect(has([...flood(50), ...others(50)])).toMatchObject([
      { kind: 'notrack', entries: 50, of: 100, adds: undefined, ipv4: true, ipv6: false },
      { kind: 'source', of: 100, spared: undefined },
    ]);
    expect(has([...flood(49), ...others(51)])).toEqual([]);
    // Neither of two sources with about half each stands out.
    const second = (count: number) => times(count, () => ({ ...UDP, source: '192.0.2.99', port: 9 }));
    const kinds = (lines: readonly string[]) => has(lines).map(({ kind }) => kind);
    expect(kinds([...flood(50), ...second(41)])).toEqual(['notrack']);
    expect(kinds([...flood(50), ...second(40)])).toEqual(['notrack', 'source']);
    expect(has(flood(50), ownOf(String((203 << 24) | (113 << 8) | 9)))).toMatchObject([{}, { spared: 'own' }]);
    const six = times(50, () => ({ ...UDP, source: '2001:db8:0:7::9' }));
    expect(has(six, ownOf([0x20010db8, 7, 0, 9].join()))).toMatchObject([
      { ipv4: false, ipv6: true },
      { spared: 'own' },
    ]);
    expect(has([...six, ...flood(50)])[0]).toMatchObject({ kind: 'notrack', ipv4: true, ipv6: true });
    expect(has([])).toEqual([]);
  });

  test.each<[number, number]>([
    [49, 100],
    [50, 100],
    [51, 200],
    [100, 200],
    [101, 300],
    [499, 1000],
    [501, 2000],
  ])('another source has %i entries: the limit is %i', (other, each) => {
    const rest = times(other, () => ({ source: '10.9.9.9' }));
    const found = advised(listed([...flood(2001), ...rest], flood(200)), { limit: 1000 });
    expect(found.find(({ kind }) => kind === 'source_limit')).toMatchObject({ each });
  });

  test.each<[number, number]>([
    [1000, 100],
    [1001, 200],
    [10_000, 1000],
  ])('a table of %i entries: the limit is at least %i, a tenth', (limit, each) => {
    const found = advised(listed(flood(2001), flood(200)), { limit });
    expect(found.find(({ kind }) => kind === 'source_limit')).toMatchObject({ each });
  });

  test('no limit if the source would stay below it, or if the kernel lacks it', () => {
    const limits = (count: number, where: Suspicion['machine'] = machine) =>
      kinds(listed(flood(count), flood(count)), { machine: where, limit: 1000 }).filter(
        (kind) => kind === 'source_limit',
      ).length;
    expect([limits(100), limits(101)]).toEqual([0, 1]);
    expect(limits(101, { ...machine, generation: 'ip_conntrack' })).toBe(0);
  });
});
