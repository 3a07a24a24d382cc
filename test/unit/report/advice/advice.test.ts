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

/** Returns connections; the first `ended` have been idle for days. */
function silent(count: number, ended: number): readonly Flow[] {
  return times(count, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: at < ended ? 1000 : 432_000 }));
}

describe('the advice follows from the figures', () => {
  test.each<[string, Incident, readonly string[]]>([
    ['nothing is wrong', { first: { entries: 30 }, holdings: holdings([{}]) }, []],
    ['a table was not read', { first: { unread: [unreadTable()] } }, []],
    [
      'a table was not read, and one source holds all entries',
      { first: { unread: [unreadTable()] }, holdings: ONE },
      [],
    ],
    ['full, without a dominant source', { ...FULL, holdings: SPREAD }, ['raise']],
    ['full, without a list', FULL, ['raise']],
    ['full, with an empty list', { ...FULL, holdings: holdings([]) }, ['raise']],
    [
      'chains too long',
      { first: { limit: 20_000, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } },
      ['buckets'],
    ],
    [
      'chains too long in spite of enough buckets',
      { first: { buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } },
      [],
    ],
    [
      'one source holds all entries',
      { ...FULL, holdings: holdings(times(10, (at) => ({ port: at, seconds: 432_000 }))) },
      ['source', 'raise'],
    ],
    [
      'the largest source holds less than half',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at % 3}`, port: at, seconds: 432_000 }))) },
      ['raise'],
    ],
    [
      'one port holds all entries',
      {
        ...FULL,
        holdings: holdings(times(10, (at) => ({ flag: 'assured', source: `10.0.0.${at}`, seconds: 432_000 }))),
      },
      ['raise', 'notrack'],
    ],
    [
      'one port, with connections that are not completed',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, seconds: 432_000 }))) },
      ['raise'],
    ],
    [
      'one port, with translated connections',
      {
        ...FULL,
        holdings: holdings(
          times(10, (at) => ({ source: `10.0.0.${at}`, seconds: 432_000, translated: '203.0.113.7' })),
        ),
      },
      ['raise'],
    ],
    [
      'one SCTP port, which no rule can leave untracked',
      { ...FULL, holdings: holdings(times(10, (at) => ({ protocol: 132, source: `10.0.0.${at}` }))) },
      ['raise'],
    ],
    [
      'one port holds exactly half',
      {
        ...FULL,
        holdings: holdings(
          times(10, (at) => ({ flag: 'assured', source: `10.0.0.${at}`, port: at < 5 ? 443 : at, seconds: 432_000 })),
        ),
      },
      ['raise', 'notrack'],
    ],
    [
      'one source holds exactly half',
      {
        ...FULL,
        holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at < 5 ? 99 : at}`, port: at, seconds: 432_000 }))),
      },
      ['source', 'raise'],
    ],
    [
      'a shorter timeout would end exactly a tenth',
      { ...FULL, holdings: holdings(silent(20, 2)) },
      ['raise', 'timeout'],
    ],
    [
      'half of the entries still run on an earlier, longer timeout',
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
      'connections idle for days',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 }))) },
      ['raise', 'timeout', 'unproven'],
    ],
    [
      'a shorter timeout would end less than a tenth',
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

test('the timeout that ends most entries is shortened, not the one that holds most', () => {
  const closed = times(10, (at) => ({ source: `10.0.1.${at}`, port: at, state: 'TIME_WAIT' as const, seconds: 90 }));
  const [, advice] = adviceOf({ ...FULL, holdings: holdings([...silent(20, 4), ...closed]) });
  expect(advice).toMatchObject({ kind: 'timeout', kept: { name: 'tcp_timeout_time_wait', ended: 10 }, shorter: 30 });
});

describe('the limit', () => {
  test('a limit that was reached is doubled', () => {
    expect(adviceOf(FULL)).toMatchObject([{ plan: { limit: 2048 }, demand: undefined }]);
  });

  test('dropped and evicted entries count for as long as they would live', () => {
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

  test('a dropped connection counts with the timeout of an unanswered flow, not of an established one', () => {
    expect(adviceOf({ ...LOSING, holdings: SPREAD })).toMatchObject([{ demand: { seconds: 30, entries: 5600 } }]);
    const syn = times(10, (at) => ({ source: `10.0.0.${at}`, port: at, state: 'SYN_SENT' as const, seconds: 119 }));
    const many = holdings([...syn, ...times(20, (at) => ({ source: `10.1.0.${at}`, port: at, seconds: 432_000 }))]);
    expect(adviceOf({ ...LOSING, holdings: many })).toMatchObject([{ demand: { seconds: 120, entries: 18_200 } }]);
  });

  test('a dropped connection counts with the timeout of the most common state', () => {
    const web = holdings([
      ...times(20, (at) => ({ source: `10.0.0.${at}`, state: 'TIME_WAIT' as const, seconds: 60 })),
      ...times(5, (at) => ({ source: `10.1.0.${at}`, state: 'SYN_SENT' as const, seconds: 119 })),
      ...times(9, (at) => ({ source: `10.2.0.${at}`, port: at, seconds: 432_000 })),
    ]);
    const [raise] = adviceOf({ ...LOSING, holdings: web });
    expect(raise).toMatchObject({ demand: { seconds: 120, perSecond: 100, entries: 1.4 * (1000 + 12_000) } });
  });

  test('different timeouts are averaged, weighted by their entries', () => {
    const mixed = holdings([
      ...times(11, (at) => ({ protocol: 50, source: `10.0.0.${at}`, seconds: 599 })),
      ...times(9, (at) => ({ protocol: 17, source: `10.1.0.${at}`, flag: 'unreplied' as const, seconds: 29 })),
    ]);
    const seconds = (11 * 600 + 9 * 30) / 20;
    expect(adviceOf({ ...LOSING, holdings: mixed })[0]).toMatchObject({ demand: { kind: 'lacking', seconds } });
  });

  test('a table that fills fast gets a higher limit before it is full', () => {
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

  test('connections that closed within the last two seconds give the rate of new entries', () => {
    const young = holdings(
      times(800, (at) => ({ source: `10.0.${at >> 8}.${at & 255}`, state: 'TIME_WAIT', seconds: 119 })),
    );
    const shown = { ...young, timeouts: young.timeouts.map((kept) => ({ ...kept, young: 800 })) };
    // 400 entries/s for 120 s, minus the 800 already in the table.
    const present = 1000 + 400 * 120 - 800;
    expect(adviceOf({ ...LOSING, holdings: shown })[0]).toMatchObject({
      demand: { entries: 1.4 * (present + 100 * 120) },
    });
    expect(adviceOf({ ...LOSING, holdings: young })[0]).toMatchObject({
      demand: { entries: 1.4 * (1000 + 100 * 120) },
    });
  });

  test('a timeout above ten minutes counts unless connections in use have it; so does a longer one from a policy', () => {
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

  test('a limit that fills again comes last, with the time it takes', () => {
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

  test('without a list, the timeout of an unanswered UDP flow is assumed', () => {
    expect(adviceOf(LOSING)).toMatchObject([{ demand: { seconds: 30, entries: 5600 } }]);
  });

  test('rates are per second, whatever the time between samples', () => {
    expect(adviceOf({ ...LOSING, seconds: 2 })).toMatchObject([{ demand: { perSecond: 50, entries: 3500 } }]);
  });

  test('the first known timeout is used', () => {
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

  test('is not raised if the size of an entry is unknown', () => {
    const unknown = { slabCache: fault('denied'), release: fault('denied'), configuration: wanted(8000) };
    expect(adviceOf({ first: { entries: 1000, ...unknown } })).toEqual([]);
  });

  test('is not raised if memory allows no more than the current limit', () => {
    const losing = { first: { entries: 50_000, limit: 65_536, memTotal: ok(2 ** 26) }, last: LOSING.last ?? {} };
    expect(adviceOf(losing)).toMatchObject([{ kind: 'no_memory', plan: { limit: 65_536, reason: 'memory' } }]);
  });

  test('is not raised if memory is short', () => {
    const none = { first: { entries: 1000, available: ok({ bytes: 1000, exact: true }) } };
    expect(kinds(adviceOf(none))).toEqual(['no_memory']);
    expect(kinds(adviceOf({ first: { entries: 1000, memTotal: ok(100_000) } }))).toEqual(['no_memory']);
  });
});

describe('a flood', () => {
  const syn = holdings(
    times(1000, (at) => ({ source: `${at >> 8}.${at & 255}.1.1`, port: 443, state: 'SYN_SENT', seconds: 119 })),
  );

  test('leaves no idle entries: the timeout that holds most is shortened all the same', () => {
    expect(kinds(adviceOf({ ...LOSING, holdings: syn }))).toEqual(['raise', 'timeout', 'free']);
    expect(kinds(adviceOf({ ...FULL, holdings: syn }))).toEqual(['raise', 'free']);
  });

  test('that fills the table even with the shorter timeout is reported with its entries', () => {
    const short = (drop: number) => {
      const found = adviceOf({ ...FULL, last: { statistics: counted({ drop }) }, holdings: syn });
      return found.find(({ kind }) => kind === 'timeout');
    };
    expect(short(33)).toMatchObject({ shorter: 30, tooMany: undefined });
    expect(short(34)).toMatchObject({ shorter: 30, tooMany: 1020 });
  });

  test('that a shorter timeout does not end: an untracked port comes first', () => {
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

  test('is refused for long chains: more buckets do not help if it would fill the table', () => {
    const refusing = { first: { limit: 100, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(kinds(adviceOf(refusing))).toEqual(['raise']);
  });

  test.each([
    [10, 10, ['raise', 'timeout']],
    [11, 10, ['raise']],
  ])('with %d other entries and %d half-open ones', (others, begun, expected) => {
    const flows: readonly Flow[] = [
      ...times(others, (at) => ({ protocol: 17, source: `10.0.0.${at}`, port: at, flag: 'assured' as const })),
      ...times(begun, (at) => ({ source: `10.0.1.${at}`, port: at, state: 'SYN_SENT' as const, seconds: 119 })),
    ];
    expect(kinds(adviceOf({ ...LOSING, holdings: holdings(flows) }))).toEqual(expected);
  });

  test('is refused for long chains: no higher limit if the table has room for it', () => {
    const refusing = { first: { limit: 300, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(adviceOf(refusing)).toEqual([]);
  });

  test('is refused for long chains: no advice if the size of an entry is unknown', () => {
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

describe('the configured limit', () => {
  const full = (limit: number): Incident => ({ first: { entries: 1000, configuration: wanted(limit) } });
  const calm = (limit: number): Incident => ({ first: { configuration: wanted(limit) } });

  test('is restored, if it suffices', () => {
    expect(adviceOf(full(8000))).toMatchObject([{ kind: 'restore', plan: { limit: 8000 } }]);
  });

  test('is restored and then raised, if it does not suffice', () => {
    expect(kinds(adviceOf(full(1300)))).toEqual(['restore', 'raise']);
  });

  test('is restored and then raised, if exactly 80% of it is in use', () => {
    expect(kinds(adviceOf(full(1250)))).toEqual(['restore', 'raise']);
  });

  test('is not restored if memory is short', () => {
    const none = { entries: 1000, configuration: wanted(8000), available: ok({ bytes: 1000, exact: true }) };
    expect(kinds(adviceOf({ first: none }))).toEqual(['no_memory']);
  });

  test('is the only advice, whatever is in the list and whatever was lost before', () => {
    expect(kinds(adviceOf({ ...calm(8000), holdings: ONE }))).toEqual(['restore']);
    expect(kinds(adviceOf({ first: { configuration: wanted(1500), statistics: counted({ drop: 5 }) } }))).toEqual([
      'restore',
    ]);
  });

  test('is not restored if it leaves too little room above the current entries', () => {
    expect(kinds(adviceOf(full(1200)))).toEqual(['raise']);
  });

  test('is restored while the table is not full', () => {
    expect(kinds(adviceOf({ ...calm(8000), holdings: SPREAD }))).toEqual(['restore']);
  });

  test('is no fault if it is below the live one', () => {
    expect(adviceOf(calm(500))).toEqual([]);
  });
});

describe('clashes', () => {
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
  ] as const)('a shortage of NAT ports: %s', (shortage, isNatKnown) => {
    expect(adviceOf(clashing(shortage))).toMatchObject([{ kind: 'clash', isNatKnown }]);
  });

  test.each<[string, Flow, object | undefined, boolean]>([
    ['ended connections', { state: 'TIME_WAIT' }, { name: 'tcp_timeout_time_wait', seconds: 120, shorter: 30 }, true],
    ['connections without a shorter timeout', { state: 'LAST_ACK' }, undefined, true],
    ['unanswered flows', { protocol: 17, flag: 'unreplied' }, undefined, true],
    ['answered flows, which may be in use', { protocol: 17, flag: 'assured' }, undefined, false],
    [
      'established connections, which may be in use',
      { state: 'ESTABLISHED' },
      { name: 'tcp_timeout_established', seconds: 432_000, shorter: 86_400 },
      false,
    ],
  ])('no NAT port is left, and most belong to %s', (_, flow, timeout, removes) => {
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
    ['the default limit of the kernel', { limit: 262_144 }, []],
    ['a limit one above the default', { limit: 262_145 }, ['keep']],
    [
      'a limit that kube-proxy sets again',
      { limit: 327_680, buckets: ok(262_144), evidence: { ...EVIDENCE, kubelet: '/var/lib/kubelet', cpus: 10 } },
      [],
    ],
    ['a limit that a file sets', { limit: 300_000, configuration: wanted(300_000) }, []],
    ['a limit above what a file sets', { limit: 300_000, configuration: wanted(200_000) }, ['keep']],
    ['none', { limit: 0, configuration: wanted(200_000) }, []],
    ['a limit of unknown cost', { limit: 300_000, slabCache: fault('denied'), release: fault('denied') }, []],
  ])('%s', (_, changes, expected) => expect(kinds(adviceOf(over(changes)))).toEqual(expected));

  test('the current limit is kept, and no other', () => {
    expect(adviceOf(over({ limit: 300_000 }))).toMatchObject([{ kind: 'keep', plan: { limit: 300_000 } }]);
  });
});

describe('entries removed at once', () => {
  const ended = holdings([
    ...times(10, (at) => ({ port: at < 9 ? 443 : at, state: 'TIME_WAIT' as const, seconds: 60 })),
    ...times(2, (at) => ({ source: `10.1.0.${at}`, port: 1000 + at, seconds: 432_000 })),
  ]);

  test('not if a source is blocked, which removes its entries', () => {
    expect(kinds(adviceOf({ ...FULL, holdings: ended }))).toEqual(['source', 'raise', 'timeout']);
  });

  test('if the source is the machine itself, which is never blocked', () => {
    const own = [String((10 << 24) | 1)];
    expect(kinds(adviceOf({ ...FULL, holdings: ended, own }))).toEqual(['source', 'raise', 'timeout', 'free']);
  });

  test('a program that does not close its sockets is looked for, and no source is blocked', () => {
    const left = (closing: number, others: number) =>
      holdings([
        ...times(closing, { source: '10.0.0.1', port: 9000, state: 'CLOSE_WAIT' as const, seconds: 59 }),
        ...times(others, { source: '10.0.0.1', port: 80, seconds: 432_000 }),
      ]);
    const [first, ...rest] = adviceOf({ ...FULL, holdings: left(10, 10) });
    expect(first).toMatchObject({ kind: 'half_closed', port: 9000, entries: 10, of: 20 });
    expect(kinds(rest)).toEqual(['raise']);
    expect(kinds(adviceOf({ ...FULL, holdings: left(9, 10) }))).toEqual(['source', 'raise']);
  });

  test('not if chains are too long', () => {
    const spread = holdings(times(10, (at) => ({ source: `10.0.0.${at}`, state: 'TIME_WAIT', seconds: 60 })));
    const refusing = { first: { limit: 20_000, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(kinds(adviceOf({ ...FULL, holdings: spread }))).toContain('free');
    expect(kinds(adviceOf({ ...refusing, holdings: spread }))).not.toContain('free');
  });
});
