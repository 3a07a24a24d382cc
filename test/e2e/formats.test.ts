// JSON and the Prometheus text format: the same findings, and always a valid document.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { machine } from './support/machine.ts';
import { type Answer, fixture, plugin, TOP } from './support/plugin.ts';
import { tree } from './support/tree.ts';

const schema: object = JSON.parse(readFileSync(join(TOP, 'nagios/check_conntrack.schema.json'), 'utf8'));
const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

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
const STATES = ['ok', 'warning', 'critical', 'unknown'];

interface Document {
  readonly state: string;
  readonly exit_code: number;
  readonly message: string;
  readonly drift?: string | null;
  readonly metrics?: Readonly<Record<string, { readonly value: number | null }>>;
}

function document({ stdout }: Answer): Document {
  const parsed: Document = JSON.parse(stdout);
  expect(isValid(parsed), JSON.stringify(isValid.errors)).toBe(true);
  return parsed;
}

describe('JSON', () => {
  test.each(TREES)('agrees with the line, and is valid: %s', (tree) => {
    const kinds = tree.startsWith('linux') ? ['own', 'all'] : ['own'];
    for (const netns of kinds) {
      const args = ['--root', fixture(tree), '--netns', netns, '-w', 'memory_share=99', '-w', 'load_factor=99'];
      const line = plugin(...args);
      const answer = plugin(...args, '--format', 'json');
      expect(answer).toMatchObject({ status: line.status, stderr: '' });
      const { state, exit_code, message, metrics } = document(answer);
      expect(`CONNTRACK ${state.toUpperCase()} - ${message}`).toBe(line.stdout.split(' | ')[0]?.trimEnd());
      expect([STATES.indexOf(state), exit_code]).toEqual([line.status, line.status]);
      for (const [, label = '', value] of line.stdout.matchAll(/ ([a-z_]+)=(-?[\d.]+)/g)) {
        const exact = metrics?.[label]?.value ?? Number.NaN;
        expect(Math.abs(exact - Number(value)), label).toBeLessThanOrEqual(0.00501);
      }
    }
  });

  test('findings, losses and thresholds', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const answer = here.check({ uptime: 1060, drop: [60] }, '-c', 'drop_rate=0.5', '--format', 'json', '-v');
    expect(document(answer)).toMatchObject({
      state: 'critical',
      findings: [{ kind: 'threshold', metric: 'drop_rate', value: 1, range: '0.5', namespace: null }],
      losses: { seconds: 60, events: { drop: 60 } },
      metrics: { drop_rate: { value: 1, critical: '0.5' }, usage: { warning: '80' } },
    });
  });

  test('no drift if the limit equals the configured one, or is above it', () => {
    const sets = (value: number) => ({
      'proc/sys/net/nf_conntrack_max': '262144\n',
      'etc/sysctl.d/50.conf': `net.netfilter.nf_conntrack_max = ${value}\n`,
    });
    const drift = (value: number) =>
      document(plugin('--root', tree('debian-12-synthetic', sets(value)), '--format', 'json')).drift;
    expect([262143, 262144].map(drift)).toEqual([null, null]);
    expect(drift(262145)).toBe('limit is 262144 but /etc/sysctl.d/50.conf sets 262145');
  });

  test.each(TREES)('a plan: %s', (tree) => {
    const args = ['plan', '--root', fixture(tree)];
    const answer = plugin(...args, '--format', 'json', '-v');
    expect(answer).toMatchObject({ status: plugin(...args).status, stderr: '' });
    document(answer);
  });
});

test.each(['TYPE', 'HELP', 'TYPE conntrack_entries gauge'])('a mistaken %j prints no Prometheus line', (word) => {
  const { status, stdout } = plugin('--format', 'prometheus', word);
  expect(status).toBe(3);
  expect(stdout).toMatch(new RegExp(`^# UNKNOWN - ${word}: unknown argument`));
  expect(stdout.match(/^# TYPE .*/gm)).toEqual(['# TYPE conntrack_check_state gauge']);
});

const LIST = fixture('entries-conntrack-L-capture');

describe('a report', () => {
  test.each(TREES)('valid: %s', (tree) => {
    const args = ['report', '--root', fixture(tree)];
    const answer = plugin(...args, '--format', 'json', '-vv');
    expect(answer).toMatchObject({ status: plugin(...args).status, stderr: '' });
    document(answer);
    document(plugin(...args, '--entries', LIST, '--format', 'json'));
  });

  test('a list without a machine', () => {
    expect(document(plugin('report', '--entries', LIST, '--format', 'json'))).toMatchObject({
      state: 'ok',
      report: { incident: null, list: { namespace: null, entries: 20, sources: { may_lack: 0 } } },
    });
  });

  test.each([
    ['report', '--entries', '/dev/null'],
    ['report', '--entries', 'nowhere'],
    ['report', '--root', '/nowhere'],
    ['report', '--top', 'x'],
    ['report', '--watch'],
    ['report', 'x'],
  ])('%s %s %s: prints failures as a document too', (...args) => {
    const answer = plugin(...args, '--format', 'json');
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(document(answer)).toMatchObject({ command: 'report', report: null });
  });
});

const MISTAKES: readonly (readonly string[])[] = [
  ['--bogus'],
  ['-w', 'nonsense'],
  ['--root', '/nowhere'],
  ['--netns', 'pods'],
  ['extra'],
  ['-w', '80', '-w', '90'],
];

describe('failures as documents', () => {
  test.each(MISTAKES.map((args) => [args.join(' '), args] as const))('%s', (_, args) => {
    for (const form of [['--format', 'json'], ['--format=json']]) {
      for (const line of [
        [...form, ...args],
        ['plan', ...form, ...args],
      ]) {
        const answer = plugin(...line);
        expect(answer).toMatchObject({ status: 3, stderr: '' });
        expect(document(answer).state).toBe('unknown');
      }
    }
    const answer = plugin(...args, '--format', 'prometheus');
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(samples(answer)).toEqual(['conntrack_check_state 3']);
  });

  test('prints the Nagios line for an unknown format', () => {
    expect(plugin('--format', 'xml')).toMatchObject({
      status: 3,
      stdout: 'CONNTRACK UNKNOWN - --format xml: not nagios, json, prometheus; see check_conntrack --help\n',
    });
  });
});

describe('Prometheus', () => {
  test.each(TREES)('every line is valid, and the state is included: %s', (tree) => {
    const args = ['--root', fixture(tree), '--netns', 'all'];
    const answer = plugin(...args, '--format', 'prometheus');
    const { status } = plugin(...args);
    expect(answer).toMatchObject({ status, stderr: '' });
    expect(samples(answer)).toContain(`conntrack_check_state ${status}`);
    for (const line of samples(answer))
      expect(line).toMatch(/^conntrack_[a-z_]+(\{([a-z]+="[^"\\\n]*",?)+\})? [\d.]+(e-\d+)?$/);
  });

  test('counters, limits and sizes', () => {
    const printed = samples(plugin('--root', fixture('centos-5.8-synthetic'), '--format', 'prometheus'));
    expect(printed).toEqual(
      expect.arrayContaining([
        'conntrack_entries 24030',
        'conntrack_entries_limit 65536',
        'conntrack_buckets 8192',
        'conntrack_slab_bytes 7573504',
        'conntrack_slab_full_bytes 20652032',
        'conntrack_drop_total 1204',
        'conntrack_early_drop_total 2879',
        'conntrack_insert_failed_total 5',
      ]),
    );
    expect(printed.join('\n')).not.toContain('chainlength');
  });
});

/** Returns the lines that are not comments; each must follow its own HELP and TYPE. */
function samples({ stdout }: Answer): readonly string[] {
  expect(stdout.endsWith('\n')).toBe(true);
  const lines = stdout.trimEnd().split('\n');
  const printed = lines.filter((line) => !line.startsWith('#'));
  for (const line of printed) {
    const [name = ''] = line.split(/[ {]/);
    expect(lines.filter((other) => other.startsWith(`# HELP ${name} `))).toHaveLength(1);
    expect(
      lines.filter((other) => other.startsWith(`# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`)),
    ).toHaveLength(1);
  }
  return printed;
}
