// A limit that does not fit into memory: exit 3, no commands, and the largest one that fits.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { type Answer, plugin, TOP } from './support/plugin.ts';
import { tree } from './support/tree.ts';

const schema: object = JSON.parse(readFileSync(join(TOP, 'nagios/check_conntrack.schema.json'), 'utf8'));
const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

interface Planned {
  readonly state: string;
  readonly exit_code: number;
  readonly plan: {
    readonly max: number;
    readonly commands: readonly string[];
    readonly files: readonly unknown[];
    readonly memory: {
      readonly fits: boolean;
      readonly largest_max_that_fits: number | null;
      readonly more_than_now_bytes: number;
      readonly available_bytes: number;
    };
  };
}

const COMMAND = /sysctl -w|hashsize|\.conf/;

function plan(root: string, ...args: readonly string[]): Answer {
  return plugin('plan', '--root', root, ...args);
}

function document({ stdout }: Answer): Planned {
  const parsed: Planned = JSON.parse(stdout);
  expect(isValid(parsed), JSON.stringify(isValid.errors)).toBe(true);
  return parsed;
}

const meminfo = (available: number) => ({
  'proc/meminfo': `MemTotal:        8130764 kB\nMemFree:   ${available} kB\nMemAvailable:   ${available} kB\n`,
});

describe('a requested limit', () => {
  test.each(['el8-synthetic', 'centos-5.8-synthetic', 'ubuntu-24.04-synthetic', 'usage-85-synthetic'])(
    'the largest one that fits is the largest: %s',
    (name) => {
      const root = tree(name);
      const misfit = plan(root, '--max', '2147483647');
      expect(misfit).toMatchObject({ status: 3, stderr: '' });
      const [, largest = ''] = / the largest limit that fits is (\d+)\n/.exec(misfit.stdout) ?? [];
      expect(misfit.stdout).toMatch(/^CONNTRACK UNKNOWN - a limit of 2147483647 entries does not fit into memory, /);
      expect(misfit.stdout).toContain('It does NOT fit: ');
      expect(misfit.stdout).not.toMatch(COMMAND);

      const fitting = plan(root, '--max', largest);
      expect(fitting.status).toBe(0);
      expect(fitting.stdout).toContain('It fits: ');
      expect(fitting.stdout).toContain(`sysctl -w`);
      expect(plan(root, '--max', String(Number(largest) + 1)).status).toBe(3);
    },
  );

  test('the same as JSON', () => {
    const answer = plan(tree('el8-synthetic'), '--max', '2147483647', '--format', 'json');
    const { state, exit_code: code, plan: planned } = document(answer);
    expect([answer.status, state, code]).toEqual([3, 'unknown', 3]);
    expect(planned).toMatchObject({ max: 2147483647, commands: [], files: [], memory: { fits: false } });
    const largest = String(planned.memory.largest_max_that_fits);
    const fitting = document(plan(tree('el8-synthetic'), '--max', largest, '--format', 'json'));
    expect(fitting).toMatchObject({ state: 'ok', plan: { memory: { fits: true, largest_max_that_fits: null } } });
    expect(fitting.plan.commands.length).toBeGreaterThan(0);
  });

  test('counts 128 bytes more per entry for settings that cannot be read', () => {
    const root = tree('ubuntu-24.04-synthetic');
    const { memory } = document(plan(root, '--max', '1048576', '--format', 'json')).plan;
    const entries = 1_048_576 - Number(readFileSync(join(root, 'proc/sys/net/netfilter/nf_conntrack_count'), 'latin1'));
    expect(memory.more_than_now_bytes).toBe(entries * 384);
  });
});

test('a limit not above the entries in use gets no commands', () => {
  const root = tree('usage-85-synthetic');
  const answer = plan(root, '--max', '1000');
  expect(answer).toMatchObject({ status: 3, stderr: '' });
  expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - a limit of 1000 entries would be full at once: \d+ are in use\n/);
  expect(answer.stdout).not.toMatch(COMMAND);
  const planned = document(plan(root, '--max', '1000', '--format', 'json'));
  expect(planned).toMatchObject({ state: 'unknown', plan: { commands: [], files: [], memory: { fits: true } } });
});

test('the recommended limit, without memory for it', () => {
  const root = tree('usage-85-synthetic', meminfo(1000));
  const answer = plan(root);
  expect(answer).toMatchObject({ status: 3, stderr: '' });
  expect(answer.stdout).toContain('Recommended: ');
  expect(answer.stdout).not.toMatch(COMMAND);
  const [, largest = ''] = / fits is (\d+)\n/.exec(answer.stdout) ?? [];
  expect(Number(largest)).toBeGreaterThan(0);
  expect(plan(root, '--max', largest).status).toBe(0);
});

test('prints the commands if memory cannot be read, because it may fit', () => {
  const answer = plan(tree('el8-synthetic', { 'proc/meminfo': null }), '--max', '2147483647');
  expect(answer.status).toBe(0);
  expect(answer.stdout).toContain('Unknown whether it fits');
  expect(answer.stdout).toMatch(COMMAND);
});

test('warns of too few buckets for the limit if this kernel refuses entries in long chains', () => {
  const few = { 'proc/sys/net/netfilter/nf_conntrack_buckets': '512\n' };
  const words = /this\s+kernel\s+refuses\s+entries\s+in\s+such\s+long\s+chains/;
  expect(plan(tree('ubuntu-24.04-synthetic', few)).stdout).toMatch(words);
  expect(plan(tree('ubuntu-24.04-synthetic')).stdout).not.toMatch(words);
  expect(plan(tree('linux-3.10-reloaded-capture', few)).stdout).not.toMatch(words);
});
