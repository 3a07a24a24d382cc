// The Munin plugin as munin-node runs it: environment, one argument, and always exit code 0.

import { describe, expect, test } from 'vitest';
import { type Answer, command, ENV, fixture, plugin, RUN } from './support/plugin.ts';

const TREES = [
  'centos-5.8-synthetic',
  'linux-2.6.18-el5-full-capture',
  'linux-2.6.32-el6-hashsize-capture',
  'linux-3.10-drops-capture',
  'el8-synthetic',
  'ubuntu-24.04-synthetic',
  'linux-6.18-capture',
  'no-limit-synthetic',
  'no-conntrack-synthetic',
  'max-garbage-synthetic',
];
const MASTER = { MUNIN_CAP_MULTIGRAPH: '1', MUNIN_CAP_DIRTYCONFIG: '1', netns: 'all' };

function munin(tree: string, mode: readonly string[], environment: Readonly<Record<string, string>> = {}): Answer {
  const line = [...RUN, 'munin', ...mode, '--root', fixture(tree)];
  return command(ENV, line, { PATH: process.env['PATH'], ...environment });
}

function lines({ stdout }: Answer): readonly string[] {
  return stdout.split('\n').filter(Boolean);
}

test.each(TREES)('every configured field has a value in the right format: %s', (tree) => {
  for (const environment of [{}, MASTER]) {
    const [config, fetch] = [munin(tree, ['config'], environment), munin(tree, [], environment)];
    for (const answer of [config, fetch]) expect(answer).toMatchObject({ status: 0, stderr: '' });
    const named = (answer: Answer, form: RegExp) => lines(answer).flatMap((line) => form.exec(line)?.[1] ?? []);
    const labels = named(config, /^([a-z_][a-z0-9_]{0,18})\.label \S/);
    expect(labels.length).toBeGreaterThan(1);
    expect(named(fetch, /^(\w+)\.value (?:\d+|U)$/)).toEqual(labels);
    expect(named(config, /^multigraph (\w+)$/)).toEqual(named(fetch, /^multigraph (\w+)$/));
    const values = lines(fetch).filter((line) => line.includes('.value '));
    expect(lines(config).filter((line) => line.includes('.value '))).toEqual(environment === MASTER ? values : []);
  }
});

test('a table, with its limit as a line and its thresholds as counts', () => {
  const config = lines(munin('centos-5.8-synthetic', ['config'], { critical: '95%' }));
  expect(config).toEqual(
    expect.arrayContaining(['graph_category network', 'entries.warning :52428', 'entries.critical :62259']),
  );
  expect(lines(munin('centos-5.8-synthetic', []))).toEqual(['limit.value 65536', 'entries.value 24030']);
});

test('losses are counters; a counter that the kernel lacks is not a field', () => {
  const config = munin('centos-5.8-synthetic', ['config'], MASTER).stdout;
  for (const name of ['drop', 'early_drop', 'insert_failed'])
    expect(config).toContain(`${name}.type DERIVE\n${name}.min 0\n`);
  expect(config).not.toContain('chainlength');
  const values = munin('centos-5.8-synthetic', [], MASTER).stdout;
  expect(values).toContain('\ndrop.value 1204\nearly_drop.value 2879\ninsert_failed.value 5\n');
  expect(values).toContain('\nslab_max.value 20652032\nslab.value 7573504\nhash_table.value 131072\n');
});

describe('prints U, never 0, for a value that cannot be read', () => {
  test.each(['no-conntrack-synthetic', 'count-abc-synthetic', 'max-garbage-synthetic'])('%s', (tree) => {
    const values = lines(munin(tree, [], MASTER)).filter((line) => line.includes('.value '));
    expect(values.length).toBeGreaterThan(8);
    for (const line of values) expect(line).toMatch(/\.value U$/);
    expect(munin(tree, ['config'], MASTER).stdout).not.toMatch(/\.(warning|critical) /);
  });

  test('counters of a kernel without the file', () => {
    const values = munin('ubuntu-24.04-synthetic', [], MASTER).stdout;
    expect(values).toContain('entries.value 262144\n');
    expect(values).toContain('\ndrop.value U\n');
  });
});

test.each([
  ['centos-5.8-synthetic', 'yes'],
  ['no-conntrack-synthetic', 'no (no connection tracking visible here)'],
  [
    'count-abc-synthetic',
    'no (cannot use fixtures/count-abc-synthetic/proc/sys/net/netfilter/nf_conntrack_count: not a number, 4 bytes)',
  ],
])('autoconf on %s: %s', (tree, answer) => {
  expect(munin(tree, ['autoconf'])).toEqual({ status: 0, stdout: `${answer}\n`, stderr: '' });
});

test('suggests nothing', () => {
  expect(munin('centos-5.8-synthetic', ['suggest'])).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('refuses any other argument', () => {
  expect(plugin('munin', 'snapshot')).toMatchObject({ status: 3, stdout: expect.stringContaining('unknown argument') });
});
