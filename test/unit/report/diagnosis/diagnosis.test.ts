import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../../src/evaluate/evaluate.ts';
import type { LossSpell } from '../../../../src/evaluate/past-losses.ts';
import type { FullSpell } from '../../../../src/model/full-log.ts';
import { diagnose, fullestTable } from '../../../../src/report/diagnosis/diagnosis.ts';
import { withNatPorts } from '../../../../src/report/diagnosis/nat-shortage.ts';
import { verdictText } from '../../../../src/report/diagnosis/verdict.ts';
import { counted, countedBefore515, fault, observation, ok, unreadTable } from '../../support/observation.ts';
import { adviceOf, diagnosed, envoy, findingsOf, type Incident, wanted } from '../../support/reports.ts';

const spell = (ago: number, seconds = 86) => {
  return { lines: 3, first: '03:01:44', last: '03:03:10', seconds, ago, times: 1, began: ago + seconds, allLines: 3 };
};
const LOWERED = {
  limitBefore: 8000,
  limitAfter: 1000,
  from: 300,
  to: 180,
  first: '2026-11-30 21:03:04',
  last: '2026-11-30 21:05:04',
};
const OFTEN = { ...spell(20), times: 3, began: 240 };
const gone = (ago: number, number: number | undefined): Incident => ({
  spells: { ofTables: new Map(), ofOthers: { spell: spell(ago), number, isNamed: true } },
});
const nobodys = (spell: FullSpell): Incident => ({
  spells: { ofTables: new Map(), ofOthers: { spell, number: undefined, isNamed: false } },
});
const of = (key: string, ago: number): Incident => ({
  spells: { ofTables: new Map([[key, spell(ago)]]), ofOthers: undefined },
});
const OLDER = {
  release: ok({ major: 4, minor: 18 }),
  statistics: countedBefore515({}),
};
const OLD_COUNTS = countedBefore515({ drop: 50, insert_failed: 70 });
const NO_COUNTERS = { statistics: fault('denied', 'conntrack -S') };

function verdict(incident: Incident): string {
  return verdictText(findingsOf(incident));
}

describe('the verdict', () => {
  test.each<[Incident, string, string]>([
    [{}, 'ok', 'conntrack is not the problem: 0.0% used, nothing dropped since boot'],
    [{ first: { entries: 30 } }, 'ok', 'conntrack is not the problem: 3.0% used, nothing dropped since boot'],
    [
      { first: { statistics: counted({ drop: 9000 }) } },
      'ok',
      '0.0% used, 9,000 dropped since boot; nothing now, recent losses unknown',
    ],
    [{ first: NO_COUNTERS }, 'ok', '0.0% used, drops unknown'],
    [{ first: { entries: 800 } }, 'ok', 'conntrack is not the problem: 80.0% used, nothing dropped since boot'],
    [{ first: { entries: 801 } }, 'warning', 'the table of the host is 80.1% full, not growing, nothing dropped now'],
    [
      { first: { entries: 901 }, last: { entries: 911 }, seconds: 2 },
      'critical',
      'the table of the host is 91.1% full, growing by 5/s, full in 18 s at this rate, nothing dropped now',
    ],
    [{ first: { entries: 1000 } }, 'critical', 'the table of the host is full: 1,000 of 1,000, nothing dropped now'],
    [{ first: { entries: 1064 } }, 'critical', 'the table of the host is full: 1,064 of 1,000, nothing dropped now'],
    [
      { first: { entries: 1065 } },
      'critical',
      'the table of the host is full: 1,065 of 1,000 (the limit was lowered below them), nothing dropped now',
    ],
    [
      { first: { entries: 1065 }, lowered: LOWERED },
      'critical',
      'the table of the host is full: 1,065 of 1,000, nothing dropped now; the limit was lowered from 8,000 to 1,000 between 21:03 and 21:05',
    ],
    [
      { first: { entries: 30 }, lowered: LOWERED },
      'ok',
      'conntrack is not the problem: 3.0% used, nothing dropped since boot',
    ],
    [
      { first: { entries: 1000 }, last: { statistics: counted({ early_drop: 3000 }) }, seconds: 2 },
      'critical',
      'the table of the host is full: 1,000 of 1,000, nothing dropped now, 1,500 entries/s evicted to make room',
    ],
    // Evictions prove the table is at its limit, even if the sample caught a few free entries.
    [
      { first: { entries: 1000 }, last: { entries: 900, statistics: counted({ early_drop: 3000 }) }, seconds: 2 },
      'critical',
      'the table of the host is full: 900 of 1,000, nothing dropped now, 1,500 entries/s evicted to make room',
    ],
    [
      { first: { entries: 1000 }, last: { entries: 899, statistics: counted({ early_drop: 3000 }) }, seconds: 2 },
      'warning',
      'the table of the host is 89.9% full, not growing, nothing dropped now, 1,500 entries/s evicted to make room',
    ],
    [
      { first: { entries: 1000 }, last: { statistics: counted({ drop: 2360 }) }, seconds: 2 },
      'critical',
      'the table of the host is full and losing 1,180 packets/s',
    ],
    [
      { first: { entries: 990 }, last: { entries: 700, statistics: counted({ drop: 1 }) }, seconds: 10 },
      'critical',
      'the table of the host is 70.0% full and losing 1 packets/s',
    ],
    [
      { first: { entries: 100 }, last: { statistics: counted({ chainlength: 50, insert_failed: 50 }) } },
      'critical',
      'the table of the host is 10.0% full and refuses 50 packets/s because its hash chains are too long',
    ],
    [
      { first: { entries: 4 }, last: { statistics: counted({ drop: 50, insert_failed: 50 }) } },
      'critical',
      'the table of the host is 0.4% full and loses 50 packets/s to clashes: NAT finds no free port, or two packets of one new flow arrived together',
    ],
    [
      { first: { entries: 4 }, last: { statistics: counted({ drop: 50, insert_failed: 50 }) }, shortage: 'none' },
      'critical',
      'the table of the host is 0.4% full and loses 50 packets/s to clashes: NAT has free ports; likely two packets of one new flow arrived together',
    ],
    [
      { first: { entries: 1000 }, last: { statistics: counted({ drop: 90, insert_failed: 20 }) } },
      'critical',
      'the table of the host is full and losing 70 packets/s, and 20/s to clashes',
    ],
    // Linux 4.18 also counts resolved clashes, so losses cannot be split; but a table with room drops nothing.
    [
      { first: { ...OLDER, entries: 4 }, last: { statistics: OLD_COUNTS } },
      'critical',
      'the table of the host is 0.4% full and loses 50 packets/s to clashes: NAT finds no free port, or two packets of one new flow arrived together',
    ],
    [
      { first: { ...OLDER, entries: 1000 }, last: { statistics: OLD_COUNTS } },
      'critical',
      'the table of the host is full and losing 50 packets/s, some of them perhaps to clashes',
    ],
    [
      {
        first: { others: [envoy({ entries: 1000 })] },
        last: { others: [envoy({ entries: 1000, statistics: counted({ drop: 5 }) })] },
      },
      'critical',
      'the table of namespace of envoy (pid 4711) is full and losing 5 packets/s',
    ],
    [
      { first: { entries: 950, others: [envoy({ entries: 960 })] } },
      'critical',
      'the table of namespace of envoy (pid 4711) is 96.0% full, not growing, nothing dropped now; the table of the host is 95.0% full',
    ],
    [
      { first: { entries: 500 }, last: { entries: 505 } },
      'warning',
      'the table of the host is 50.5% full, growing by 5/s, full in 99 s at this rate, nothing dropped now',
    ],
    [
      { first: { entries: 400 }, last: { entries: 490 } },
      'ok',
      'conntrack is not the problem: 49.0% used, nothing dropped since boot',
    ],
    [
      { first: { entries: 490 }, last: { entries: 500 } },
      'ok',
      'conntrack is not the problem: 50.0% used, nothing dropped since boot',
    ],
    [
      { first: { entries: 699 }, last: { entries: 700 } },
      'ok',
      'conntrack is not the problem: 70.0% used, nothing dropped since boot',
    ],
    [
      { first: { entries: 700 }, last: { entries: 600 } },
      'ok',
      'conntrack is not the problem: 60.0% used, nothing dropped since boot',
    ],
    [
      { first: { entries: 599 }, last: { entries: 600 } },
      'ok',
      'conntrack is not the problem: 60.0% used, nothing dropped since boot',
    ],
    [
      gone(120, 7),
      'warning',
      '0.0% used, nothing dropped since boot in the tables that could be read; the table of net:[7], which is gone, was full from 03:01:44 to 03:03:10 (86 s, according to the log), 120 s ago',
    ],
    [
      gone(120, undefined),
      'warning',
      'the table of the initial namespace was full from 03:01:44 to 03:03:10 (86 s, according to the log), 120 s ago; now 0.0% used, nothing dropped since boot in the tables that could be read',
    ],
    [
      { ...of('own', 60), spells: { ofTables: new Map([['own', OFTEN]]), ofOthers: undefined } },
      'warning',
      'the table of the host was full 3 times in the last 240 s, last from 03:01:44 to 03:03:10 (86 s, according to the log), 20 s ago; now 0.0% used, nothing dropped since boot',
    ],
    [
      nobodys(spell(120)),
      'warning',
      'at least one table was full from 03:01:44 to 03:03:10 (86 s, according to the log, which does not name the table), 120 s ago; now 0.0% used, nothing dropped since boot in the tables that could be read',
    ],
    [
      nobodys({ ...spell(120, 0), lines: 1 }),
      'warning',
      'a table was full at 03:03:10, 120 s ago; now 0.0% used, nothing dropped since boot in the tables that could be read',
    ],
    [
      { ...of('own', 60), first: { statistics: counted({ drop: 12 }) } },
      'warning',
      'the table of the host was full from 03:01:44 to 03:03:10 (86 s, according to the log), 60 s ago; now 0.0% used, 12 dropped since boot; nothing now',
    ],
    [
      { ...of('net:7', 60), first: { others: [envoy({ key: 'net:7', entries: 5 })] } },
      'warning',
      'the table of namespace of envoy (pid 4711) was full from 03:01:44 to 03:03:10 (86 s, according to the log), 60 s ago; now 0.5% used, nothing dropped since boot',
    ],
    [
      { ...of('own', 60), first: { entries: 850 } },
      'warning',
      'the table of the host is 85.0% full, not growing, nothing dropped now',
    ],
    [gone(900, 7), 'ok', 'conntrack is not the problem: 0.0% used, nothing dropped since boot'],
    [
      { log: fault('denied', '/dev/kmsg') },
      'ok',
      'conntrack is not the problem: 0.0% used, nothing dropped since boot',
    ],
    [
      { first: { configuration: wanted(4000) } },
      'warning',
      'limit is 1000 but /etc/sysctl.conf sets 4000; 0.0% used, nothing dropped since boot',
    ],
    [
      { first: { unread: [unreadTable()] } },
      'unknown',
      'not every table could be read; in the others, 0.0% used, nothing dropped since boot',
    ],
    [
      { first: { unread: [unreadTable()], entries: 1000 } },
      'critical',
      'the table of the host is full: 1,000 of 1,000, nothing dropped now',
    ],
    [
      { first: { limit: 0, entries: 5000 } },
      'ok',
      'conntrack is not the problem: 5,000 entries used, nothing dropped since boot',
    ],
    [
      { first: { isInitial: false, entries: 1000 } },
      'critical',
      'the table of this network namespace is full: 1,000 of 1,000, nothing dropped now',
    ],
  ])('%j', (incident, state, text) => {
    const found = findingsOf(incident);
    expect([found.diagnosis.state, verdictText(found)]).toEqual([state, text]);
  });

  test('a single sample of a captured tree says nothing about the present', () => {
    const captured = { view: 'captured', entries: 1000 } as const;
    const drops = { statistics: counted({ drop: 77 }) };
    expect(verdict({ first: { ...captured, ...drops } })).toBe(
      'the table of this tree is full: 1,000 of 1,000, 77 dropped since boot',
    );
    expect(verdict({ first: { ...captured, ...NO_COUNTERS } })).toBe(
      'the table of this tree is full: 1,000 of 1,000, drops unknown',
    );
    expect(verdict({ first: { ...captured, ...drops, entries: 850 } })).toBe(
      'the table of this tree is 85.0% full, 77 dropped since boot',
    );
    expect(verdict({ first: { ...captured, entries: 850 } })).toBe(
      'the table of this tree is 85.0% full, nothing dropped since boot',
    );
  });

  test('a single sample with earlier losses does not rule conntrack out', () => {
    const captured = { view: 'captured', entries: 30 } as const;
    const lost = { statistics: counted({ drop: 5, chainlength: 7 }) };
    expect(verdict({ first: { ...captured, ...lost } })).toBe(
      '3.0% used, 5 dropped, 7 refused for long chains since boot; a single sample cannot show whether packets are being lost now',
    );
    expect(verdict({ first: captured })).toBe('conntrack is not the problem: 3.0% used, nothing dropped since boot');
  });

  test.each<[Partial<LossSpell>, string, string]>([
    [
      { from: 600, to: 300 },
      'warning',
      '0.0% used, 4,001 packets were lost to clashes between 17:55 and 18:00; nothing now',
    ],
    [{ from: 100, to: 0 }, 'warning', '0.0% used, 4,001 packets were lost to clashes since 17:55:01; nothing now'],
    [
      { from: 50_000, to: 1000 },
      'ok',
      'conntrack is not the problem: 0.0% used, 4,001 packets were lost to clashes between 2026-11-30 17:55 and 2026-11-30 18:00; nothing now',
    ],
    [
      { from: 5000, to: 0 },
      'ok',
      '0.0% used, 4,001 packets were lost to clashes since 17:55; nothing now, recent losses unknown',
    ],
  ])('losses seen by an earlier check: %j', (change, state, text) => {
    const times = { first: '2026-11-30 17:55:01', last: '2026-11-30 18:00:02' };
    const lost = { full: 0, clash: 4001, chain: 0, fullOrClash: 0 };
    const seen = { lost, from: 600, to: 300, within: change.from ?? 600, ...times, ...change };
    const statistics = counted({ drop: 4001, insert_failed: 4001 });
    const incident: Incident = { first: { statistics }, past: { seconds: 50_000, spells: [seen] } };
    expect([diagnosed(incident).diagnosis.state, verdict(incident)]).toEqual([state, text]);
  });

  test.each<[number, string]>([
    [900, 'conntrack is not the problem: 0.0% used, 9 dropped since boot, nothing in the last 15 min'],
    [899, '0.0% used, 9 dropped since boot, nothing in the last 15 min'],
  ])('samples of earlier checks show no loss for %d s', (seconds, text) => {
    const incident: Incident = { first: { statistics: counted({ drop: 9 }) }, past: { seconds, spells: [] } };
    expect(verdict(incident)).toBe(text);
  });

  test('evictions since boot are reported in a single sample, and each lost packet only under its cause', () => {
    const seen = { statistics: counted({ drop: 5, insert_failed: 5, early_drop: 1_878_045 }) };
    const evicted = '; 1,878,045 evicted to make room since boot';
    expect(verdict({ first: { ...seen, entries: 30, view: 'captured' } })).toBe(
      `3.0% used, 5 lost to clashes since boot; a single sample cannot show whether packets are being lost now${evicted}`,
    );
    expect(verdict({ first: { ...seen, entries: 850, view: 'captured' } })).toBe(
      `the table of this tree is 85.0% full, 5 lost to clashes since boot${evicted}`,
    );
  });

  test('the usage, like the bar, is that of the table that was full', () => {
    const others = [envoy({ entries: 5 })];
    expect(verdict({ ...of('net:7', 60), first: { entries: 783, others } })).toMatch(
      /; now 0\.5% used, nothing dropped/,
    );
  });

  test('counters may wrap', () => {
    const wrap = {
      first: { entries: 1000, statistics: counted({ drop: 2 ** 32 - 10 }) },
      last: { statistics: counted({ drop: 10 }) },
    };
    expect(verdict(wrap)).toBe('the table of the host is full and losing 20 packets/s');
  });
});

test('a threshold on another metric does not make a table full', () => {
  const thresholds = { drop: { critical: { start: 0, end: 0, inside: false } } };
  const found = observation({ statistics: counted({ drop: 5 }) });
  const evaluation = evaluate(found, new Map(), { thresholds, objectSize: undefined, drift: 'ok', partial: 'ok' });
  expect(evaluation.state).toBe('critical');
  expect(diagnose(evaluation, undefined)).toMatchObject({ state: 'ok', trouble: 'none' });
});

test('an unreadable counter with a threshold does not make a table full', () => {
  const thresholds = { drop: { critical: { start: 0, end: 0, inside: false } } };
  const found = observation({ statistics: fault('denied') });
  const evaluation = evaluate(found, new Map(), { thresholds, objectSize: undefined, drift: 'ok', partial: 'ok' });
  expect(diagnose(evaluation, undefined)).toMatchObject({ state: 'ok', trouble: 'none' });
});

test('our own table is read if others are equally full', () => {
  const fullest = (own: number, other: number) =>
    fullestTable(observation({ entries: own, others: [envoy({ entries: other })] })).key;
  expect([fullest(5, 5), fullest(5, 6), fullest(6, 5)]).toEqual(['own', 'net:7', 'own']);
});

describe('exhausted NAT ports', () => {
  const CLASHED = envoy({ entries: 5, statistics: counted({ drop: 20, insert_failed: 20 }) });
  const MORE = envoy({ key: 'net:9', entries: 5, statistics: counted({ drop: 30, insert_failed: 30 }) });
  const mostly = { protocol: 17, state: 0, assured: false };
  const group = { ipv6: false, protocol: 17, translated: [1], destination: [0x7f000001], port: 9 };
  const SHORT = { use: { ...group, used: 500, mostly }, range: { first: 1000, last: 1499 } };
  const asked = async (incident: Incident, short: string | undefined) => {
    const keys: string[] = [];
    const { natDiagnosis, shortage } = await withNatPorts(diagnosed(incident).diagnosis, async ({ table }) => {
      keys.push(table.key);
      return table.key === short ? SHORT : 'none';
    });
    return { natDiagnosis, shortage, keys };
  };

  test('are searched in tables with earlier clashes, largest loss first', async () => {
    const first = { entries: 300, others: [CLASHED, MORE] };
    const { natDiagnosis, shortage, keys } = await asked({ first }, 'net:7');
    expect(keys).toEqual(['net:9', 'net:7']);
    expect([natDiagnosis.state, natDiagnosis.trouble, shortage]).toEqual(['warning', 'nat_exhausted', SHORT]);
    expect(natDiagnosis.worst).toMatchObject({ trouble: 'nat_exhausted', result: { table: { key: 'net:7' } } });
    expect(natDiagnosis.tables.map(({ result }) => result.table.key)).toEqual(['net:7', 'own', 'net:9']);
    const words = verdictText({ ...findingsOf({ first }), diagnosis: natDiagnosis, shortage });
    expect(words).toBe(
      'the table of namespace of envoy (pid 4711) is 0.5% full; NAT has no port left towards udp 127.0.0.1 port 9 (500 of 500 taken); 20 lost to clashes since boot; nothing now, recent losses unknown',
    );
  });

  test('are not searched in tables without clashes', async () => {
    const first = { statistics: counted({ drop: 9 }) };
    expect(await asked({ first }, 'own')).toMatchObject({
      keys: [],
      shortage: 'unknown',
      natDiagnosis: { trouble: 'none' },
    });
    const { keys, natDiagnosis } = await asked({ first: { others: [CLASHED] } }, undefined);
    expect([keys, natDiagnosis.trouble]).toEqual([['net:7'], 'none']);
  });

  test('are reported next to a full table, each with its rate', async () => {
    const both = { first: { entries: 1000 }, last: { statistics: counted({ drop: 90, insert_failed: 20 }) } };
    const { keys, shortage, natDiagnosis } = await asked(both, 'own');
    expect([keys, natDiagnosis.trouble]).toEqual([['own'], 'losing']);
    expect(verdictText(findingsOf({ ...both, shortage }))).toBe(
      'the table of the host is full and losing 70 packets/s, and 20/s to clashes; NAT has no port left towards udp 127.0.0.1 port 9 (500 of 500 taken)',
    );
    expect(adviceOf({ ...both, shortage }).map(({ kind }) => kind)).toContain('nat_ports');
  });
});

describe('the verdict on several tables', () => {
  const both = (own: number, other: number) => ({
    ofTables: new Map([
      ['own', spell(own)],
      ['net:7', spell(other)],
    ]),
    ofOthers: undefined,
  });
  const CALM_ONES = { entries: 500, others: [envoy({ entries: 5 })] };

  test.each([
    [60, 300, 'own'],
    [300, 60, 'net:7'],
  ])('names the table that was full last: %d and %d s ago', (own, other, key) => {
    const { past, worst } = diagnosed({ first: CALM_ONES, spells: both(own, other) }).diagnosis;
    expect([past?.table?.key, worst.result.table.key]).toEqual([key, key]);
  });

  test('names a deleted table if it was full later', () => {
    const others = { spell: spell(30), number: 4, isNamed: true };
    const { past } = diagnosed({ first: CALM_ONES, spells: { ...both(60, 300), ofOthers: others } }).diagnosis;
    expect(past).toMatchObject({ table: undefined, number: 4 });
  });

  test('puts a table that is full now before one that was', () => {
    const first = { entries: 1000, others: [envoy({ entries: 5 })] };
    expect(diagnosed({ first, spells: both(300, 60) }).diagnosis.worst.result.table.key).toBe('own');
    const other = { entries: 5, others: [envoy({ entries: 1000 })] };
    expect(diagnosed({ first: other, spells: both(60, 300) }).diagnosis.worst.result.table.key).toBe('net:7');
  });

  test('names the fuller table otherwise', () => {
    expect(diagnosed({ first: { entries: 5, others: [envoy({ entries: 500 })] } }).diagnosis.worst).toMatchObject({
      result: { table: { key: 'net:7' } },
    });
  });
});
