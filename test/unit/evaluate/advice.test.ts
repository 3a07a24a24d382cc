import { describe, expect, test } from 'vitest';
import { holdings, times } from '../support/entries.ts';
import { counted, ok, unreadTable } from '../support/observation.ts';
import { adviceOf, type Incident, kinds, wanted } from '../support/reports.ts';

const FULL: Incident = { first: { entries: 1000 } };
const LOSING: Incident = { ...FULL, last: { statistics: counted({ drop: 100 }) } };
const SPREAD = holdings(
  times(1000, (at) => ({ source: `10.0.${at >> 8}.${at & 255}`, port: at, seconds: 432_000 - 60 })),
);

describe('never more than the figures support', () => {
  test.each<[string, Incident, readonly string[]]>([
    ['nothing is wrong', { first: { entries: 30 }, holdings: holdings([{}]) }, []],
    ['not everything was read', { first: { unread: [unreadTable()] } }, []],
    ['full, and nobody stands out', { ...FULL, holdings: SPREAD }, ['raise']],
    ['the list is not known', FULL, ['raise']],
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
      ['raise', 'source'],
    ],
    [
      'one source has not half',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at % 3}`, port: at, seconds: 432_000 }))) },
      ['raise'],
    ],
    [
      'one port',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, seconds: 432_000 }))) },
      ['raise', 'notrack'],
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
      'connections that are silent for days',
      { ...FULL, holdings: holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 }))) },
      ['raise', 'timeout', 'free'],
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

describe('the limit', () => {
  test('twice a limit that was met, four times the load', () => {
    expect(adviceOf(FULL)).toMatchObject([{ plan: { limit: 4096 }, demand: undefined }]);
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
    expect(raise).toMatchObject({ kind: 'raise', plan: { limit: 262_144 } });
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

  test('without the list, as long as UDP stays at the least', () => {
    expect(adviceOf(LOSING)).toMatchObject([{ demand: { seconds: 30, entries: 5600 } }]);
  });

  test('not where there is no memory for it', () => {
    const none = { first: { entries: 1000, available: ok({ bytes: 1000, exact: true }) } };
    expect(kinds(adviceOf(none))).toEqual(['no memory']);
    expect(kinds(adviceOf({ first: { entries: 1000, memTotal: ok(100_000) } }))).toEqual(['no memory']);
  });
});

describe('a flood', () => {
  const syn = holdings(
    times(1000, (at) => ({ source: `${at >> 8}.${at & 255}.1.1`, port: 443, state: 'SYN_SENT', seconds: 119 })),
  );

  test('leaves nothing to grow old: the timeout that keeps most is shortened all the same', () => {
    expect(kinds(adviceOf({ ...LOSING, holdings: syn }))).toEqual(['raise', 'timeout', 'notrack', 'free']);
    expect(kinds(adviceOf({ ...FULL, holdings: syn }))).toEqual(['raise', 'notrack', 'free']);
  });

  test('is refused for long chains: more buckets do not help where it would fill the table', () => {
    const refusing = { first: { limit: 100, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } };
    expect(kinds(adviceOf(refusing))).toEqual(['raise']);
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
