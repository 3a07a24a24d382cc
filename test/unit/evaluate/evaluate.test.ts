// The evaluation of all tables: which thresholds apply to which, which tables are remarkable, and in which order.

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
  /** Thresholds for WARNING. */
  readonly warn?: readonly string[];
  readonly drift?: State;
  readonly partial?: State;
  /** By table: the drops of the last minute, and how many entries it has grown by. */
  readonly since?: Readonly<Record<string, { readonly drop?: number; readonly grown?: number }>>;
}

const NOW = 1000;

function evaluated({ warn = [], drift = 'warning', partial = 'ok', since = {}, ...changes }: Given): Evaluation {
  const parsed = parseThresholds(warn);
  if (!parsed.ok) throw new Error(parsed.why);
  const thresholds = mergeThresholds({ warning: parsed.ranges, critical: new Map() });
  const observed = observation({ visibility: ok(ALL), clock: ok({ boot: 'b', uptime: NOW }), ...changes });
  const histories: Histories = new Map(
    observed.tables.flatMap((table) => {
      const { drop = 0, grown = 0 } = since[table.key] ?? {};
      return since[table.key] === undefined
        ? []
        : [[table.key, ok({ past: pastOf(table, drop, grown), window: 60 })] as const];
    }),
  );
  return evaluate(observed, histories, { thresholds, objectSize: undefined, drift, partial });
}

/** Returns five samples, one every 15 s. */
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

describe('the overall state', () => {
  test.each<[string, Given, State]>([
    ['all is well', {}, 'ok'],
    ['ours', { entries: 850 }, 'warning'],
    ["another's", { others: [other('net:1', 950)] }, 'critical'],
    ['the worst table', { entries: 850, others: [other('net:1', 950), other('net:2', 850)] }, 'critical'],
    ['a table that could not be read', { unread: [unreadTable()] }, 'unknown'],
    [
      'a table that could not be read is less severe than a full one',
      { entries: 950, unread: [unreadTable()] },
      'critical',
    ],
    ['a limit below the configured one', { configuration: wanted(4000) }, 'warning'],
    [
      'a limit below the configured one, with --drift critical',
      { configuration: wanted(4000), drift: 'critical' },
      'critical',
    ],
    ['a limit below the configured one, with --drift ok', { configuration: wanted(4000), drift: 'ok' }, 'ok'],
    ['a limit above the configured one', { configuration: wanted(500), drift: 'critical' }, 'ok'],
  ])('%s', (_, given, state) => expect(evaluated({ ...CALM, ...given }).state).toBe(state));

  test('--drift ok leaves no finding', () => {
    expect(evaluated({ ...CALM, configuration: wanted(4000), drift: 'ok' }).results[0].findings).toEqual([]);
  });

  test('drift is a finding of our own table only', () => {
    const { results } = evaluated({ ...CALM, configuration: wanted(4000), others: [other('net:1', 5)] });
    expect(results.map(({ findings }) => findings.map(({ kind }) => kind))).toEqual([['drift'], []]);
  });
});

describe('--netns all without every namespace visible', () => {
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

  test.each([ok(ALL), undefined])('no finding with a visibility of %j', (visibility) => {
    expect(evaluated({ ...CALM, visibility, partial: 'critical' }).results[0].findings).toEqual([]);
  });

  test('the overall state is the worst of all tables', () => {
    const visibility = ok({ ...ALL, mounts: 1 });
    expect(evaluated({ visibility, entries: 950, partial: 'unknown' }).state).toBe('critical');
    expect(evaluated({ visibility, entries: 850, partial: 'unknown' }).state).toBe('unknown');
  });
});

describe('thresholds in other namespaces', () => {
  const GROWN = { own: {}, 'net:1': { drop: 60, grown: 600 } };
  const full = other('net:1', 700, { statistics: counted({ drop: 100 }) });

  test.each<[string, readonly string[]]>([
    ['usage=60', ['usage']],
    ['entries=600', ['entries']],
    ['drop=99', ['drop']],
    ['drop_rate=0.9', ['drop_rate']],
    ['time_to_full=60:', ['time_to_full']],
    // Growth of a new table is harmless; the slab and the hash table are shared by all.
    ['growth=1', []],
    ['slab=0', []],
    ['slab_max=0', []],
    ['memory_share=0', []],
    ['load_factor=0', []],
  ])('%s in another namespace: %j', (threshold, metrics) => {
    const { results } = evaluated({ ...CALM, others: [full], since: GROWN, warn: [threshold] });
    expect(results[1]?.findings.map((finding) => finding.kind === 'threshold' && finding.metric)).toEqual(metrics);
  });

  test('judges growth in our own namespace', () => {
    const { results } = evaluated({ ...CALM, entries: 700, since: { own: { grown: 600 } }, warn: ['growth=9.9'] });
    expect(results[0].findings).toMatchObject([{ metric: 'growth', value: 10 }]);
  });

  test('measures the machine once, with the entries of all tables', () => {
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

  test('leaves out metrics that were not requested, and usage without a limit', () => {
    const alone = evaluated({ visibility: undefined }).results[0].measurements;
    expect([alone.netns_usage, alone.netns_count]).toEqual(Array(2).fill({ kind: 'none', why: 'without --netns all' }));
    const open = evaluated({ limit: 0 }).results[0].measurements;
    expect(open.netns_usage).toEqual({ kind: 'none', why: 'no limit is set' });
    expect(open.netns_count).toEqual({ kind: 'value', value: 1 });
  });
});

describe('remarkable namespaces', () => {
  const tables = [other('net:1', 10), other('net:2', 30), other('net:3', 20)];

  test('lists the fullest first, whatever else happens in them', () => {
    expect(keys(evaluated({ others: tables }).fullest)).toEqual(['net:2', 'net:3', 'net:1']);
  });

  test('none without a finding or a loss', () => {
    expect(evaluated({ others: tables, since: { 'net:1': {}, 'net:2': {} } }).remarkable).toEqual([]);
  });

  test('never our own', () => {
    expect(evaluated({ ...CALM, entries: 950, since: { own: { drop: 5 } } }).remarkable).toEqual([]);
  });

  test('sorts by packets lost, then by usage, then by entries', () => {
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

  test('does not count an eviction as a loss', () => {
    const evicting = { ...other('net:1', 5), statistics: counted({ early_drop: 9 }) };
    const past = [{ uptime: 940, entries: 5, cpus: [{ ...QUIET }] }];
    const observed = observation({ others: [evicting], clock: ok({ boot: 'b', uptime: NOW }) });
    const evaluation = evaluate(observed, new Map([['net:1', ok({ past, window: 60 })]]), {
      thresholds: {},
      objectSize: undefined,
      drift: 'ok',
      partial: 'ok',
    });
    expect(evaluation.results[1]?.losses?.events.early_drop).toBe(9);
    expect(evaluation.remarkable).toEqual([]);
  });
});

test('keeps files that may set the limit but could not be read', () => {
  const denied = fault('denied', '/etc/sysctl.conf').fault;
  expect(evaluated({ configuration: { ...wanted(4000), faults: [denied] } }).unjudged).toEqual([denied]);
  expect(evaluated({}).unjudged).toEqual([]);
});
