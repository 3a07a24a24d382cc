// Figures in Prometheus' units: ratios of one, seconds, bytes.

import { expect, test } from 'vitest';
import { renderPrometheus } from '../../../src/check/prometheus.ts';
import { evaluated } from '../support/checks.ts';
import { ALL, type Changes, counted, fault, ok, otherTable } from '../support/observation.ts';

const NOBODY = new Map();

/** By the name of the sample, with its labels. */
function samplesOf(
  changes: Changes,
  argv: readonly string[] = [],
  identities = NOBODY,
): Readonly<Record<string, number>> {
  const evaluation = evaluated(changes, argv);
  const text = renderPrometheus({ state: 'warning', text: 'a', details: [], evaluated: { evaluation, identities } });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(10, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const EVERYWHERE: Changes = {
  visibility: ok(ALL),
  others: [otherTable({ entries: 850, statistics: counted({ drop: 9 }) })],
};

test('this table', () => {
  expect(samplesOf({})).toEqual({
    check_state: 1,
    entries: 100,
    entries_limit: 1000,
    usage_ratio: 0.1,
    buckets: 500,
    hash_table_bytes: 4000,
    slab_bytes: 7 * 4096,
    slab_full_bytes: 63 * 4096,
    drop_total: 11,
    early_drop_total: 22,
    insert_failed_total: 33,
    chainlength_total: 44,
  });
});

test('all namespaces: the fullest, how many, and what is in each', () => {
  const samples = samplesOf(EVERYWHERE);
  expect(samples).toMatchObject({ namespaces: 2, namespaces_fullest_usage_ratio: 0.85 });
  const labels = '{namespace="net:7",command="",container="",pod="",mount=""}';
  expect(samples[`namespace_entries${labels}`]).toBe(850);
  expect(samples[`namespace_drop_total${labels}`]).toBe(9);
});

test('the owners, without characters that would end a label', () => {
  const identity = {
    process: { pid: 5, command: 'a"b\\c\nd' },
    container: { kind: 'pod', id: 'x', name: 'shop/cart"' },
  } as const;
  const mount = { number: 9, path: '/run/netns/blue' };
  const others = [otherTable({ mount })];
  const names = Object.keys(samplesOf({ ...EVERYWHERE, others }, [], new Map([['net:7', identity]])));
  expect(names).toContain(
    'namespace_entries{namespace="net:7",command="a?b?c?d",container="x",pod="shop/cart?",mount="/run/netns/blue"}',
  );
});

test('no more than ten of them, the fullest', () => {
  const others = Array.from({ length: 12 }, (_, at) => otherTable({ key: `net:${at}`, entries: at }));
  const samples = samplesOf({ ...EVERYWHERE, others });
  const entries = Object.entries(samples).filter(([name]) => name.startsWith('namespace_entries{'));
  expect(entries.map(([, value]) => value)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
});

test('an unknown value has no sample, and its family no lines', () => {
  const samples = samplesOf({ limit: 0, statistics: fault('denied'), buckets: fault('denied') });
  expect(samples).toEqual({ check_state: 1, entries: 100, entries_limit: 0, slab_bytes: 28672 });
});

test('each family with its help and its type, the state of the check first, what is wrong as a comment', () => {
  const lines = renderPrometheus({
    state: 'critical',
    text: 'full',
    details: [],
    evaluated: { evaluation: evaluated({}), identities: NOBODY },
  }).split('\n');
  expect(lines.slice(0, 4)).toEqual([
    '# CRITICAL - full',
    '# HELP conntrack_check_state State of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
    '# TYPE conntrack_check_state gauge',
    'conntrack_check_state 2',
  ]);
  expect(lines).toContain('# TYPE conntrack_drop_total counter');
  expect(lines.slice(-1)).toEqual(['']);
});

test('without a table, the state alone', () => {
  expect(renderPrometheus({ state: 'unknown', text: 'x', details: [], evaluated: undefined }).split('\n')).toHaveLength(
    5,
  );
});

test('growth and the time that is left', () => {
  const past = [0, 60, 120, 180].map((uptime) => ({ uptime, entries: uptime, cpus: [] }));
  const changes = { entries: 240, statistics: ok({ cpus: [] }), clock: ok({ boot: 'b', uptime: 240 }) };
  const evaluation = evaluated(changes, [], new Map([['own', ok({ past, window: 300 })]]));
  const text = renderPrometheus({ state: 'ok', text: 'a', details: [], evaluated: { evaluation, identities: NOBODY } });
  expect(text).toContain('\nconntrack_growth_entries_per_second 1\n');
  expect(text).toContain('\nconntrack_time_to_full_seconds 760\n');
});

test('no family without a sample, each with words of its own', () => {
  const evaluation = evaluated({ ...EVERYWHERE, others: [otherTable({ statistics: fault('denied') })] });
  const text = renderPrometheus({ state: 'ok', text: 'a', details: [], evaluated: { evaluation, identities: NOBODY } });
  const helps = text.split('\n').filter((line) => line.startsWith('# HELP '));
  const names = helps.map((line) => line.split(' ')[2] ?? '');
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(text).toMatch(new RegExp(`^# TYPE ${name} (?:gauge|counter)\n${name}[ {]`, 'm'));
  for (const help of helps) expect(help).toMatch(/^# HELP \S+ [A-Z].*\.$/);
  expect(text).not.toContain('namespace_drop_total');
});
