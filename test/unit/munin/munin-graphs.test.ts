// Munin's graphs: fields, unknown values, and thresholds.

import { describe, expect, test } from 'vitest';
import { type Graph, graphs, muninConfig, muninValues } from '../../../src/munin/munin-graphs.ts';
import { evaluated } from '../support/checks.ts';
import { ALL, type Changes, fault, ok, otherTable, unreadTable } from '../support/observation.ts';

function drawn(changes: Changes | undefined, everywhere = false): readonly Graph[] {
  const drawable = changes === undefined ? undefined : { evaluation: evaluated(changes), thresholds: () => undefined };
  return graphs(drawable, everywhere);
}

/** Returns `field value` for each graph. */
function valuesOf(changes: Changes | undefined, everywhere = false) {
  const figures = ({ fields }: Graph) => fields.map(({ name, value }) => `${name} ${value}`);
  return Object.fromEntries(drawn(changes, everywhere).map((graph) => [graph.name, figures(graph)]));
}

describe('values', () => {
  test('this table, counters and memory', () => {
    expect(valuesOf({})).toEqual({
      conntrack: ['limit 1000', 'entries 100'],
      conntrack_losses: ['drop 11', 'early_drop 22', 'insert_failed 33', 'chainlength 44'],
      conntrack_memory: [`slab_max ${63 * 4096}`, `slab ${7 * 4096}`, 'hash_table 4000'],
    });
  });

  test('all namespaces', () => {
    const changes = {
      visibility: ok(ALL),
      others: [otherTable({ entries: 850 }), otherTable({ key: 'net:9', entries: 20 })],
      unread: [unreadTable()],
    };
    expect(valuesOf(changes, true)).toMatchObject({
      conntrack_netns: ['fullest 850'],
      conntrack_netns_count: ['count 4'],
    });
    expect(Object.keys(valuesOf(changes))).not.toContain('conntrack_netns');
  });

  test('prints U for unknown values', () => {
    expect(valuesOf(undefined, true)).toEqual({
      conntrack: ['limit U', 'entries U'],
      conntrack_losses: ['drop U', 'early_drop U', 'insert_failed U', 'chainlength U', 'invalid U'],
      conntrack_memory: ['slab_max U', 'slab U', 'hash_table U'],
      conntrack_netns: ['fullest U'],
      conntrack_netns_count: ['count U'],
    });
    const broken = valuesOf({ statistics: fault('denied'), buckets: fault('denied'), limit: 0 }, true);
    expect(broken['conntrack']).toEqual(['limit U', 'entries 100']);
    expect(broken['conntrack_losses']?.[0]).toBe('drop U');
    expect(broken['conntrack_memory']).toEqual(['slab_max U', 'slab 28672', 'hash_table U']);
    expect(broken['conntrack_netns']).toEqual(['fullest U']);
    expect(valuesOf({ visibility: fault('denied') }, true)['conntrack_netns']).toEqual(['fullest U']);
  });

  test('leaves out a counter that the kernel does not have', () => {
    const statistics = ok({ cpus: [{ drop: 1, early_drop: 0, insert_failed: 0 }] });
    expect(valuesOf({ statistics })['conntrack_losses']).toEqual(['drop 1', 'early_drop 0', 'insert_failed 0']);
  });
});

describe('output for munin-node', () => {
  const shown = (name: string) => {
    const thresholds = (field: string, level: string) =>
      field === 'entries' && level === 'critical' ? ':900' : undefined;
    return graphs({ evaluation: evaluated({}), thresholds }, false).filter((graph) => graph.name === name);
  };
  const entriesOnly = () => shown('conntrack');

  test('configuration, with the thresholds', () => {
    expect(muninConfig(entriesOnly(), false, false)).toEqual([
      'graph_title Connection tracking table',
      'graph_args --base 1000 -l 0',
      'graph_vlabel entries',
      'graph_category network',
      'graph_info When the table is full the kernel drops new connections.',
      'limit.label limit',
      'limit.info Maximum number of entries',
      'entries.label entries',
      'entries.info Entries of this network namespace',
      'entries.critical :900',
    ]);
  });

  test('counters are non-negative differences', () => {
    const lines = muninConfig(shown('conntrack_losses'), false, false);
    expect(lines.filter((line) => /^drop\.(?:type|min)/.test(line))).toEqual(['drop.type DERIVE', 'drop.min 0']);
    expect(lines).toContain(['graph_vlabel events / $', '{graph_period}'].join(''));
  });

  test('values', () => {
    expect(muninValues(entriesOnly(), false)).toEqual(['limit.value 1000', 'entries.value 100']);
  });

  test('multigraph lines', () => {
    expect(muninValues(entriesOnly(), true)[0]).toBe('multigraph conntrack');
    expect(muninConfig(entriesOnly(), true, false)[0]).toBe('multigraph conntrack');
  });

  test('configuration and values together, for a node with dirtyconfig', () => {
    expect(muninConfig(entriesOnly(), false, true).slice(-2)).toEqual(['limit.value 1000', 'entries.value 100']);
  });
});

test('has unique texts for each graph and field, and counts memory in powers of two', () => {
  const all = drawn({ visibility: ok(ALL) }, true);
  expect(new Set(all.map(({ title }) => title)).size).toBe(5);
  for (const { title, label, info, args, fields, name } of all) {
    for (const words of [title, label, info]) expect(words).toMatch(/^\S.*\w[.}]?$/);
    expect(args).toBe(`--base ${name === 'conntrack_memory' ? 1024 : 1000} -l 0`);
    for (const field of fields) for (const words of [field.label, field.info]) expect(words).toMatch(/^\w.*\w$/);
  }
});
