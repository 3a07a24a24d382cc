// One judgement of all tables: what is judged where, what is worth telling, and in which order.

import { describe, expect, test } from 'vitest';
import { type Evaluation, evaluate, type Histories } from '../../../src/evaluate/evaluate.ts';
import type { State } from '../../../src/evaluate/state.ts';
import { mergeThresholds, parseThresholds } from '../../../src/evaluate/thresholds.ts';
import type { Visibility } from '../../../src/model/observation.ts';
import type { Sample } from '../../../src/model/sample.ts';
import type { Table } from '../../../src/model/table.ts';
import {
  ALL,
  type Changes,
  counted,
  fault,
  observation,
  ok,
  otherTable,
  QUIET,
  unreadTable,
} from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

interface Given extends Changes {
  /** Thresholds that warn. */
  readonly warn?: readonly string[];
  readonly drift?: State;
  readonly partial?: State;
  /** What each table has lost in the last minute, and how many entries fewer it had. */
  readonly since?: Readonly<Record<string, { readonly drop?: number; readonly grown?: number }>>;
}

const NOW = 1000;

function evaluated({ warn = [], drift = 'warning', partial = 'ok', since = {}, ...changes }: Given): Evaluation {
  const parsed = parseThresholds(warn);
  if (!parsed.ok) throw new Error(parsed.why);
  const thresholds = mergeThresholds({ warning: parsed.ranges, critical: new Map() });
  const found = observation({ visibility: ok(ALL), clock: ok({ boot: 'b', uptime: NOW }), ...changes });
  const histories: Histories = new Map(
    found.tables.flatMap((table) => {
      const { drop = 0, grown = 0 } = since[table.key] ?? {};
      return since[table.key] === undefined
        ? []
        : [[table.key, ok({ past: pastOf(table, drop, grown), window: 60 })] as const];
    }),
  );
  return evaluate(found, histories, { thresholds, objectSize: undefined, drift, partial });
}

/** Five samples, a quarter of a minute apart. */
function pastOf({ entries, statistics }: Table, drop: number, grown: number): readonly Sample[] {
  const now = statistics.ok ? (statistics.value.cpus[0]?.drop ?? 0) : 0;
  return [4, 3, 2, 1].map((quarters) => ({
    uptime: NOW - 15 * quarters,
    entries: entries - (grown * quarters) / 4,
    cpus: [{ ...QUIET, drop: now - drop }],
  }));
}

function other(key: string, entries: number, changes: Partial<Table> = {}): Table {
  return otherTable({ key, entries, ...changes });
}

function keys(results: Evaluation['remarkable']): readonly string[] {
  return results.map(({ table }) => table.key);
}

const CALM = { statistics: counted() };

describe('the state of the whole', () => {
  test.each<[string, Given, State]>([
    ['all is well', {}, 'ok'],
    ['ours', { entries: 850 }, 'warning'],
    ["another's", { others: [other('net:1', 950)] }, 'critical'],
    ['the gravest of them', { entries: 850, others: [other('net:1', 950), other('net:2', 850)] }, 'critical'],
    ['one that could not be read', { unread: [unreadTable()] }, 'unknown'],
    ['one that could not be read is not graver than a full one', { entries: 950, unread: [unreadTable()] }, 'critical'],
    ['a limit that fell back', { configuration: wanted(4000) }, 'warning'],
    [
      'a limit that fell back, for those who want to know at once',
      { configuration: wanted(4000), drift: 'critical' },
      'critical',
    ],
    ['a limit that fell back, for those who do not mind', { configuration: wanted(4000), drift: 'ok' }, 'ok'],
    ['a limit above what is configured', { configuration: wanted(500), drift: 'critical' }, 'ok'],
  ])('%s', (_, given, state) => expect(evaluated({ ...CALM, ...given }).state).toBe(state));

  test('a limit that fell back is no finding for those who do not mind', () => {
    expect(evaluated({ ...CALM, configuration: wanted(4000), drift: 'ok' }).results[0].findings).toEqual([]);
  });

  test('a limit that fell back is a finding of ours alone', () => {
    const { results } = evaluated({ ...CALM, configuration: wanted(4000), others: [other('net:1', 5)] });
    expect(results.map(({ findings }) => findings.map(({ kind }) => kind))).toEqual([['drift'], []]);
  });
});

describe('a look at every namespace that does not see all', () => {
  const PARTIAL: readonly Partial<Visibility>[] = [
    { processes: 'own' },
    { processes: 'container' },
    { processes: 'tree' },
    { mounts: 1 },
    { mountsKnown: false },
  ];

  test.each(PARTIAL)('%j', (sight) => {
    const visibility = ok({ ...ALL, ...sight });
    const { state, results } = evaluated({ ...CALM, visibility, partial: 'critical', others: [other('net:1', 5)] });
    expect(state).toBe('critical');
    expect(results.map(({ findings }) => findings)).toEqual([[{ kind: 'partial', state: 'critical' }], []]);
    const minded = evaluated({ ...CALM, visibility });
    expect([minded.state, minded.results[0].findings]).toEqual(['ok', []]);
  });

  test.each([ok(ALL), undefined])('none with a visibility of %j', (visibility) => {
    expect(evaluated({ ...CALM, visibility, partial: 'critical' }).results[0].findings).toEqual([]);
  });

  test('the worst of all is the state', () => {
    const visibility = ok({ ...ALL, mounts: 1 });
    expect(evaluated({ visibility, entries: 950, partial: 'unknown' }).state).toBe('critical');
    expect(evaluated({ visibility, entries: 850, partial: 'unknown' }).state).toBe('unknown');
  });
});

describe('what a threshold judges', () => {
  const GROWN = { own: {}, 'net:1': { drop: 60, grown: 600 } };
  const full = other('net:1', 700, { statistics: counted({ drop: 100 }) });

  test.each<[string, readonly string[]]>([
    ['usage=60', ['usage']],
    ['entries=600', ['entries']],
    ['drop=99', ['drop']],
    ['drop_rate=0.9', ['drop_rate']],
    ['time_to_full=60:', ['time_to_full']],
    // A table that is new grows without any harm; the slab and the hash table are one for all.
    ['growth=1', []],
    ['slab=0', []],
    ['slab_max=0', []],
    ['memory_share=0', []],
    ['load_factor=0', []],
  ])('%s in another namespace: %j', (threshold, metrics) => {
    const { results } = evaluated({ ...CALM, others: [full], since: GROWN, warn: [threshold] });
    expect(results[1]?.findings.map((finding) => finding.kind === 'threshold' && finding.metric)).toEqual(metrics);
  });

  test('growth is judged here', () => {
    const { results } = evaluated({ ...CALM, entries: 700, since: { own: { grown: 600 } }, warn: ['growth=9.9'] });
    expect(results[0].findings).toMatchObject([{ metric: 'growth', value: 10 }]);
  });

  test('what belongs to the machine is measured once, with the entries of all', () => {
    const { results } = evaluated({ ...CALM, others: [full, other('net:2', 16)], unread: [unreadTable()] });
    const [own, another] = results;
    // (100 + 700 + 16) / 16 objects in a slab of 4096 bytes.
    expect(own.measurements).toMatchObject({
      slab: { value: 51 * 4096 },
      netns_usage: { value: 70 },
      netns_count: { value: 4 },
    });
    for (const metric of ['slab', 'slab_max', 'memory_share', 'load_factor', 'netns_usage', 'netns_count'] as const) {
      expect(another?.measurements[metric]).toEqual({ kind: 'none', why: 'not per namespace' });
    }
  });

  test('what was not looked for, and what has no limit', () => {
    const alone = evaluated({ visibility: undefined }).results[0].measurements;
    expect([alone.netns_usage, alone.netns_count]).toEqual(Array(2).fill({ kind: 'none', why: 'without --netns all' }));
    const open = evaluated({ limit: 0 }).results[0].measurements;
    expect(open.netns_usage).toEqual({ kind: 'none', why: 'no limit is set' });
    expect(open.netns_count).toEqual({ kind: 'value', value: 1 });
  });
});

describe('which namespaces are told of', () => {
  const tables = [other('net:1', 10), other('net:2', 30), other('net:3', 20)];

  test('the fullest first, whatever happens in them', () => {
    expect(keys(evaluated({ others: tables }).fullest)).toEqual(['net:2', 'net:3', 'net:1']);
  });

  test('none where nothing is wrong', () => {
    expect(evaluated({ others: tables, since: { 'net:1': {}, 'net:2': {} } }).remarkable).toEqual([]);
  });

  test('never ours', () => {
    expect(evaluated({ ...CALM, entries: 950, since: { own: { drop: 5 } } }).remarkable).toEqual([]);
  });

  test('those that lose packets, by how many; then those that are as full, by their entries', () => {
    const lost = (drop: number) => ({ statistics: counted({ drop }) });
    const others = [
      other('net:a', 850),
      other('net:b', 1, lost(5)),
      other('net:c', 1, lost(7)),
      other('net:d', 860),
      other('net:e', 950),
      other('net:f', 2, lost(5)),
    ];
    const since = { 'net:b': { drop: 5 }, 'net:c': { drop: 7 }, 'net:f': { drop: 5 } };
    expect(keys(evaluated({ others, since }).remarkable)).toEqual([
      'net:e',
      'net:d',
      'net:a',
      'net:c',
      'net:f',
      'net:b',
    ]);
  });

  test('an eviction is no loss', () => {
    const evicting = { ...other('net:1', 5), statistics: counted({ early_drop: 9 }) };
    const past = [{ uptime: 940, entries: 5, cpus: [{ ...QUIET }] }];
    const found = observation({ others: [evicting], clock: ok({ boot: 'b', uptime: NOW }) });
    const evaluation = evaluate(found, new Map([['net:1', ok({ past, window: 60 })]]), {
      thresholds: {},
      objectSize: undefined,
      drift: 'ok',
      partial: 'ok',
    });
    expect(evaluation.results[1]?.losses?.events.early_drop).toBe(9);
    expect(evaluation.remarkable).toEqual([]);
  });
});

test('files that may set the limit, and could not be read', () => {
  const denied = fault('denied', '/etc/sysctl.conf').fault;
  expect(evaluated({ configuration: { ...wanted(4000), faults: [denied] } }).unjudged).toEqual([denied]);
  expect(evaluated({}).unjudged).toEqual([]);
});
