import { describe, expect, test } from 'vitest';
import { entry, type Flow, holdings, times } from '../../support/entries.ts';
import { type Changes, counted, EVIDENCE, fault, ok, unreadTable } from '../../support/observation.ts';
import { adviceOf, type Incident, kinds, wanted } from '../../support/reports.ts';

const FULL: Incident = { first: { entries: 1000 } };
const LOSING: Incident = { ...FULL, last: { statistics: counted({ drop: 100 }) } };
const SPREAD = holdings(
  times(1000, (at) => ({ source: `10.0.${at >> 8}.${at & 255}`, port: at, seconds: 432_000 - 60 })),
);

const ONE = holdings(times(10, (at) => ({ port: at, seconds: 432_000 })));

/** Connections, of which some are silent for days. */
function silent(count: number, ended: number): readonly Flow[] {
  return times(count, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: at < ended ? 1000 : 432_000 }));
}

describe('never more than the figures support', () => {
  test.each<[string, Incident, readonly string[]]>([
    ['nothing is wrong', { first: { entries: 30 }, holdings: holdings([{}]) }, []],
    ['not everything was read', { first: { unread: [unreadTable()] } }, []],
    ['not everything was read, whoever is in the list', { first: { unread: [unreadTable()] }, holdings: ONE }, []],
    ['full, and nobody stands out', { ...FULL, holdings: SPREAD }, ['raise']],
    ['the list is not known', FULL, ['raise']],
    ['the list is empty', { ...FULL, holdings: holdings([]) }, ['raise']],
    [
      'chains too long',
      { first: { limit: 20_000, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } },
      ['buckets'],
    ],
    [
      'chains too long although there are buckets',
      { first: { buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } },
      [],
    ],
    [
      'one source',
      { ...FULL, holdings: holdings(times(10, (at) => ({ port: at, seconds: 432_000 }))) },
      ['source', 'raise'],
    ],
    [
      'one source has not half',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at % 3}`, port: at, seconds: 432_000 }))) },
      ['raise'],
    ],
    [
      'one port',
      {
        ...FULL,
        holdings: holdings(times(10, (at) => ({ flag: 'assured', source: `10.0.0.${at}`, seconds: 432_000 }))),
      },
      ['raise', 'notrack'],
    ],
    [
      'one port, whose connections are not completed',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, seconds: 432_000 }))) },
      ['raise'],
    ],
    [
      'one port, but translated',
      {
        ...FULL,
        holdings: holdings(
          times(10, (at) => ({ source: `10.0.0.${at}`, seconds: 432_000, translated: '203.0.113.7' })),
        ),
      },
      ['raise'],
    ],
    [
      'one port of SCTP, which has no such rule here',
      { ...FULL, holdings: holdings(times(10, (at) => ({ protocol: 132, source: `10.0.0.${at}` }))) },
      ['raise'],
    ],
    [
      'one port has just half',
      {
        ...FULL,
        holdings: holdings(
          times(10, (at) => ({ flag: 'assured', source: `10.0.0.${at}`, port: at < 5 ? 443 : at, seconds: 432_000 })),
        ),
      },
      ['raise', 'notrack'],
    ],
    [
      'one source has just half',
      {
        ...FULL,
        holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at < 5 ? 99 : at}`, port: at, seconds: 432_000 }))),
      },
      ['source', 'raise'],
    ],
    ['a shorter timeout would end just a tenth', { ...FULL, holdings: holdings(silent(20, 2)) }, ['raise', 'timeout']],
    [
      'half of them have still the time of a longer timeout that was there before',
      {
        ...FULL,
        settings: new Map([['tcp_timeout_established', 86_400]]),
        holdings: holdings(
          times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: at < 5 ? 200_000 : 1000 })),
          new Map([['tcp_timeout_established', 86_400]]),
        ),
      },
      ['raise'],
    ],
    [
      'connections that are silent for days',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 }))) },
      ['raise', 'timeout', 'unproven'],
    ],
    [
      'a shorter timeout would end too few',
      {
        ...FULL,
        holdings: holdings(
          times(20, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: at === 0 ? 1000 : 432_000 })),
        ),
      },
      ['raise'],
    ],
  ])('%s', (_, given, expected) => expect(kinds(adviceOf(given))).toEqual(expected));
});

test('the timeout that relieves most, not the one that keeps most', () => {
  const closed = times(10, (at) => ({ source: `10.0.1.${at}`, port: at, state: 'TIME_WAIT' as const, seconds: 90 }));
  const [, advice] = adviceOf({ ...FULL, holdings: holdings([...silent(20, 4), ...closed]) });
  expect(advice).toMatchObject({ kind: 'timeout', kept: { name: 'tcp_timeout_time_wait', ended: 10 }, shorter: 30 });
});

describe('the limit', () => {
  test('twice a limit that was met', () => {
    expect(adviceOf(FULL)).toMatchObject([{ plan: { limit: 2048 }, demand: undefined }]);
  });

  test('what finds no room, for as long as it would stay', () => {
    const flows = times(10, (at) => ({
      protocol: 17,
      source: `10.0.0.${at}`,
      port: at,
      flag: 'unreplied' as const,
      seconds: 29,
    }));
    const losing = { ...FULL, last: { statistics: counted({ drop: 3000, early_drop: 1000 }) } };
    const [raise] = adviceOf({ ...losing, holdings: holdings(flows) });
    expect(raise).toMatchObject({ kind: 'raise', plan: { limit: 212_992 } });
    expect(raise).toMatchObject({ demand: { perSecond: 4000, seconds: 30, entries: 1.4 * 121_000 } });
  });

  test('as long as a flow that is not answered, not the days of an established one', () => {
    expect(adviceOf({ ...LOSING, holdings: SPREAD })).toMatchObject([{ demand: { seconds: 30, entries: 5600 } }]);
    const syn = times(10, (at) => ({ source: `10.0.0.${at}`, port: at, state: 'SYN_SENT' as const, seconds: 119 }));
    const many = holdings([...syn, ...times(20, (at) => ({ source: `10.1.0.${at}`, port: at, seconds: 432_000 }))]);
    expect(adviceOf({ ...LOSING, holdings: many })).toMatchObject([{ demand: { seconds: 120, entries: 18_200 } }]);
  });

  test('in the state in which most rest, whichever they begin in', () => {
    const web = holdings([
      ...times(20, (at) => ({ source: `10.0.0.${at}`, state: 'TIME_WAIT' as const, seconds: 60 })),
      ...times(5, (at) => ({ source: `10.1.0.${at}`, state: 'SYN_SENT' as const, seconds: 119 })),
      ...times(9, (at) => ({ source: `10.2.0.${at}`, port: at, seconds: 432_000 })),
    ]);
    const [raise] = adviceOf({ ...LOSING, holdings: web });
    expect(raise).toMatchObject({ demand: { seconds: 120, perSecond: 100, entries: 1.4 * (1000 + 12_000) } });
  });

  test('of several timeouts the mean, by how many there are of each', () => {
    const mixed = holdings([
      ...times(11, (at) => ({ protocol: 50, source: `10.0.0.${at}`, seconds: 599 })),
      ...times(9, (at) => ({ protocol: 17, source: `10.1.0.${at}`, flag: 'unreplied' as const, seconds: 29 })),
    ]);
    const seconds = (11 * 600 + 9 * 30) / 20;
    expect(adviceOf({ ...LOSING, holdings: mixed })[0]).toMatchObject({ demand: { kind: 'lacking', seconds } });
  });

  test('what comes in where there is room still, if it is much', () => {
    const closing = holdings(
      times(20, (at) => ({ source: `10.0.0.${at}`, state: 'TIME_WAIT' as const, seconds: 119 })),
    );
    const filling = (from: number) => adviceOf({ first: { entries: from }, last: { entries: 800 }, holdings: closing });
    expect(filling(600)[0]).toMatchObject({
      kind: 'raise',
      plan: { limit: 45_056 },
      demand: { kind: 'growing', perSecond: 200, seconds: 120, entries: 1.4 * 24_800 },
    });
    // 1.4 x (800 + 12 x 120) is less than four times 800.
    expect(filling(788)[0]).toMatchObject({ kind: 'raise', plan: { limit: 2048 }, demand: undefined });
  });

  test('what the list shows to be coming: those that ended within two seconds, until as many are gone', () => {
    const young = holdings(
      times(800, (at) => ({ source: `10.0.${at >> 8}.${at & 255}`, state: 'TIME_WAIT', seconds: 119 })),
    );
    const shown = { ...young, timeouts: young.timeouts.map((kept) => ({ ...kept, young: 800 })) };
    // 400 a second for 120 s, where 800 are now.
    const present = 1000 + 400 * 120 - 800;
    expect(adviceOf({ ...LOSING, holdings: shown })[0]).toMatchObject({
      demand: { entries: 1.4 * (present + 100 * 120) },
    });
    expect(adviceOf({ ...LOSING, holdings: young })[0]).toMatchObject({
      demand: { entries: 1.4 * (1000 + 100 * 120) },
    });
  });

  test('a timeout of more than ten minutes, unless a connection in use has it; a policy that gives more', () => {
    const seconds = (state: 'TIME_WAIT' | 'ESTABLISHED', left: number, timeout: number) => {
      const flows = times(10, (at) => ({ source: `10.0.0.${at}`, port: at, state, seconds: left }));
      const name = `tcp_timeout_${state.toLowerCase()}`;
      const [advice] = adviceOf({ ...LOSING, holdings: holdings(flows, new Map([[name, timeout]])) });
      return advice?.kind === 'raise' ? advice.demand?.seconds : undefined;
    };
    expect(seconds('TIME_WAIT', 900, 900)).toBe(900);
    expect(seconds('TIME_WAIT', 900, 120)).toBe(900);
    expect(seconds('ESTABLISHED', 900, 900)).toBe(30);
  });

  test('a limit that does not hold comes last, and says for how long it does', () => {
    const syn = times(1000, (at) => ({
      source: `${at >> 8}.${at & 255}.1.1`,
      state: 'SYN_SENT' as const,
      seconds: 119,
    }));
    const flood = { first: { entries: 1000, memTotal: ok(2 ** 26) }, last: { statistics: counted({ drop: 1000 }) } };
    const advice = adviceOf({ ...flood, holdings: holdings(syn) });
    expect(kinds(advice)).toEqual(['timeout', 'free', 'raise']);
    const raise = advice[2];
    if (raise?.kind !== 'raise') throw new Error('no raise');
    expect(raise.holds).toBe((raise.plan.limit - 1000) / 1000);
  });

  test('without the list, as long as UDP stays at the least', () => {
    expect(adviceOf(LOSING)).toMatchObject([{ demand: { seconds: 30, entries: 5600 } }]);
  });

  test('in a second, however far apart the looks are', () => {
    expect(adviceOf({ ...LOSING, seconds: 2 })).toMatchObject([{ demand: { perSecond: 50, entries: 3500 } }]);
  });

  test('as long as the first timeout that is known', () => {
    const flows: readonly Flow[] = [
      ...times(20, (at) => ({
        protocol: 17,
        source: `10.0.0.${at}`,
        port: at,
        flag: 'unreplied' as const,
        seconds: 9,
      })),
      ...times(10, (at) => ({ source: `10.0.1.${at}`, port: at, state: 'SYN_SENT' as const, seconds: 9 })),
    ];
    const known = holdings(flows, new Map([['tcp_timeout_syn_sent', 50]]));
    expect(adviceOf({ ...LOSING, holdings: known })[0]).toMatchObject({ demand: { seconds: 50 } });
  });

  test('not where the size of an entry is not known', () => {
    const unknown = { slabCache: fault('denied'), release: fault('denied'), configuration: wanted(8000) };
    expect(adviceOf({ first: { entries: 1000, ...unknown } })).toEqual([]);
  });

  test('not where memory allows no more than there is', () => {
    const losing = { first: { entries: 50_000, limit: 65_536, memTotal: ok(2 ** 26) }, last: LOSING.last ?? {} };
    expect(adviceOf(losing)).toMatchObject([{ kind: 'no_memory', plan: { limit: 65_536, reason: 'memory' } }]);
  });

  test('not where there is no memory for it', () => {
    const none = { first: { entries: 1000, available: ok({ bytes: 1000, exact: true }) } };
    expect(kinds(adviceOf(none))).toEqual(['no_memory']);
    expect(kinds(adviceOf({ first: { entries: 1000, memTotal: ok(100_000) } }))).toEqual(['no_memory']);
  });
});

describe('a flood', () => {
  const syn = holdings(
    times(1000, (at) => ({ source: `${at >> 8}.${at & 255}.1.1`, port: 443, state: 'SYN_SENT', seconds: 119 })),
  );

  test('leaves nothing to grow old: the timeout that keeps most is shortened all the same', () => {
    expect(kinds(adviceOf({ ...LOSING, holdings: syn }))).toEqual(['raise', 'timeout', 'free']);
    expect(kinds(adviceOf({ ...FULL, holdings: syn }))).toEqual(['raise', 'free']);
  });

  test('of more than the table holds for the shorter timeout: that is not enough', () => {
    const short = (drop: number) => {
      const found = adviceOf({ ...FULL, last: { statistics: counted({ drop }) }, holdings: syn });
      return found.find(({ kind }) => kind === 'timeout');
    };
    expect(short(33)).toMatchObject({ shorter: 30, tooMany: undefined });
    expect(short(34)).toMatchObject({ shorter: 30, tooMany: 1020 });
  });

  test('that a shorter timeout alone does not end: a port that is not tracked comes first', () => {
    const datagrams = times(1000, (at) => ({
      source: `${at >> 8}.${at & 255}.1.1`,
      port: 53,
      protocol: 17,
      flag: 'unreplied' as const,
      seconds: 29,
    }));
    const advised = (drop: number) => {
      const found = adviceOf({ ...FULL, last: { statistics: counted({ drop }) }, holdings: holdings(datagrams) });
      return kinds(found).filter((kind) => kind === 'notrack' || kind === 'timeout');
    };
    expect(advised(99)).toEqual(['timeout', 'notrack']);
    expect(advised(101)).toEqual(['notrack', 'timeout']);
  });

  test('is refused for long chains: more buckets do not help where it would fill the table', () => {
    const refusing = { first: { limit: 100, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(kinds(adviceOf(refusing))).toEqual(['raise']);
  });

  test.each([
    [10, 10, ['raise', 'timeout']],
    [11, 10, ['raise']],
  ])('of %d others and %d that have just begun', (others, begun, expected) => {
    const flows: readonly Flow[] = [
      ...times(others, (at) => ({ protocol: 17, source: `10.0.0.${at}`, port: at, flag: 'assured' as const })),
      ...times(begun, (at) => ({ source: `10.0.1.${at}`, port: at, state: 'SYN_SENT' as const, seconds: 119 })),
    ];
    expect(kinds(adviceOf({ ...LOSING, holdings: holdings(flows) }))).toEqual(expected);
  });

  test('is refused for long chains: as much as the table has room for wants no higher limit', () => {
    const refusing = { first: { limit: 300, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(adviceOf(refusing)).toEqual([]);
  });

  test('is refused for long chains, and what an entry costs is not known', () => {
    const first = { limit: 20_000, buckets: ok(512), slabCache: fault('denied'), release: fault('denied') };
    expect(adviceOf({ first, last: { statistics: counted({ chainlength: 5 }) } })).toEqual([]);
  });

  test('a timeout that was shortened a moment ago is not shortened again', () => {
    const old = holdings(
      times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 200_000 })),
      new Map([['tcp_timeout_established', 86_400]]),
    );
    expect(kinds(adviceOf({ ...FULL, holdings: old }))).toEqual(['raise']);
  });
});

describe('the limit that is configured', () => {
  const full = (limit: number): Incident => ({ first: { entries: 1000, configuration: wanted(limit) } });
  const calm = (limit: number): Incident => ({ first: { configuration: wanted(limit) } });

  test('is set first, and suffices', () => {
    expect(adviceOf(full(8000))).toMatchObject([{ kind: 'restore', plan: { limit: 8000 } }]);
  });

  test('does not suffice', () => {
    expect(kinds(adviceOf(full(1300)))).toEqual(['restore', 'raise']);
  });

  test('leaves just as much room as there has to be', () => {
    expect(kinds(adviceOf(full(1250)))).toEqual(['restore', 'raise']);
  });

  test('has no memory: it is not set', () => {
    const none = { entries: 1000, configuration: wanted(8000), available: ok({ bytes: 1000, exact: true }) };
    expect(kinds(adviceOf({ first: none }))).toEqual(['no_memory']);
  });

  test('is what is wrong: whoever is in the list, and whatever was lost before', () => {
    expect(kinds(adviceOf({ ...calm(8000), holdings: ONE }))).toEqual(['restore']);
    expect(kinds(adviceOf({ first: { configuration: wanted(1500), statistics: counted({ drop: 5 }) } }))).toEqual([
      'restore',
    ]);
  });

  test('leaves no room above what is in use: it is not set', () => {
    expect(kinds(adviceOf(full(1200)))).toEqual(['raise']);
  });

  test('is what is wrong, while nothing is full', () => {
    expect(kinds(adviceOf({ ...calm(8000), holdings: SPREAD }))).toEqual(['restore']);
  });

  test('is lower than the live one: that is no fault', () => {
    expect(adviceOf(calm(500))).toEqual([]);
  });
});

describe('packets that clash', () => {
  const clashing = (shortage: NonNullable<Incident['shortage']>): Incident => ({
    first: { entries: 4 },
    last: { statistics: counted({ drop: 50, insert_failed: 50 }) },
    holdings: ONE,
    shortage,
  });
  const short = (flow: Flow): Incident => {
    const use = { ipv6: false, translated: [1], destination: [2], port: 443, used: 10, lowest: 2000, highest: 2009 };
    const { protocol, state, assured } = entry(flow);
    const mostly = { protocol, state, assured };
    return clashing({ use: { ...use, protocol, mostly }, range: { first: 2000, last: 2009 } });
  };

  test.each([
    ['unknown', false],
    ['none', true],
  ] as const)('whether for want of ports: %s', (shortage, isNatKnown) => {
    expect(adviceOf(clashing(shortage))).toEqual([{ kind: 'clash', isNatKnown }]);
  });

  test.each<[string, Flow, object | undefined, boolean]>([
    ['is over', { state: 'TIME_WAIT' }, { name: 'tcp_timeout_time_wait', seconds: 120, shorter: 30 }, true],
    ['has no shorter timeout', { state: 'LAST_ACK' }, undefined, true],
    ['is not answered', { protocol: 17, flag: 'unreplied' }, undefined, true],
    ['is answered, and may be in use', { protocol: 17, flag: 'assured' }, undefined, false],
    [
      'is established, and may be in use',
      { state: 'ESTABLISHED' },
      { name: 'tcp_timeout_established', seconds: 432_000, shorter: 86_400 },
      false,
    ],
  ])('no port is left: what most of them have %s', (_, flow, timeout, removes) => {
    const { shortage } = short(flow);
    expect(adviceOf(short(flow))).toMatchObject([{ kind: 'nat_ports', shortage, removes }]);
    if (timeout !== undefined) expect(adviceOf(short(flow))).toMatchObject([{ timeout }]);
  });
});

describe('an incident that is over', () => {
  const spell = { lines: 3, first: 'a', last: 'b', seconds: 9, ago: 60, times: 1, began: 69, allLines: 3 };
  const over = (first: Changes): Incident => ({
    first,
    spells: { ofTables: new Map([['own', spell]]), ofOthers: undefined },
    holdings: ONE,
  });

  test.each<[string, Changes, readonly string[]]>([
    ['a limit that the kernel starts with', { limit: 262_144 }, []],
    ['one above it', { limit: 262_145 }, ['keep']],
    [
      'that kube-proxy sets again',
      { limit: 327_680, buckets: ok(262_144), evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet', cpus: 10 } },
      [],
    ],
    ['that a file has', { limit: 300_000, configuration: wanted(300_000) }, []],
    ['above what a file has', { limit: 300_000, configuration: wanted(200_000) }, ['keep']],
    ['none', { limit: 0, configuration: wanted(200_000) }, []],
    ['whose cost is not known', { limit: 300_000, slabCache: fault('denied'), release: fault('denied') }, []],
  ])('%s', (_, changes, expected) => expect(kinds(adviceOf(over(changes)))).toEqual(expected));

  test('that limit, and no other', () => {
    expect(adviceOf(over({ limit: 300_000 }))).toMatchObject([{ kind: 'keep', plan: { limit: 300_000 } }]);
  });
});

describe('room that is made at once', () => {
  const ended = holdings([
    ...times(10, (at) => ({ port: at < 9 ? 443 : at, state: 'TIME_WAIT' as const, seconds: 60 })),
    ...times(2, (at) => ({ source: `10.1.0.${at}`, port: 1000 + at, seconds: 432_000 })),
  ]);

  test('not beside who is stopped, for that removes its entries', () => {
    expect(kinds(adviceOf({ ...FULL, holdings: ended }))).toEqual(['source', 'raise', 'timeout']);
  });

  test('where it is the machine itself, which is not stopped', () => {
    const own = [String((10 << 24) | 1)];
    expect(kinds(adviceOf({ ...FULL, holdings: ended, own }))).toEqual(['source', 'raise', 'timeout', 'free']);
  });

  test('a program that does not close: it is looked for, and nobody is kept out for what it leaves', () => {
    const left = (closing: number, others: number) =>
      holdings([
        ...times(closing, { source: '10.0.0.1', port: 9000, state: 'CLOSE_WAIT' as const, seconds: 59 }),
        ...times(others, { source: '10.0.0.1', port: 80, seconds: 432_000 }),
      ]);
    const [first, ...rest] = adviceOf({ ...FULL, holdings: left(10, 10) });
    expect(first).toEqual({ kind: 'half_closed', port: 9000, entries: 10, of: 20 });
    expect(kinds(rest)).toEqual(['raise']);
    expect(kinds(adviceOf({ ...FULL, holdings: left(9, 10) }))).toEqual(['source', 'raise']);
  });

  test('not where chains are too long', () => {
    const spread = holdings(times(10, (at) => ({ source: `10.0.0.${at}`, state: 'TIME_WAIT', seconds: 60 })));
    const refusing = { first: { limit: 20_000, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(kinds(adviceOf({ ...FULL, holdings: spread }))).toContain('free');
    expect(kinds(adviceOf({ ...refusing, holdings: spread }))).not.toContain('free');
  });
});
