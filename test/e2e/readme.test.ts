// README and the manual show real output of the built file, and it accepts every command line in them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, fixture, plugin, shell, TOP } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

const README = readFileSync(join(TOP, 'README.md'), 'utf8');
const MANUAL = readFileSync(join(TOP, '.dev/manual.md'), 'utf8');
const TREE = fixture('centos-5.8-synthetic');
/** The root directories in the examples. */
const TREES = ['/tmp/tree', '/host'];
const STATES = ['/var/lib/nagios', '/var/lib/netdata', '/var/lib/check_mk_agent'];

test('the help fits 80 columns and 4096 bytes', () => {
  const { stdout } = plugin('--help');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout.length).toBeLessThan(4096);
});

test('the lines of the four states are real ones', () => {
  expect(README).toContain(`$ check_conntrack\n${plugin('--root', fixture('centos-5.8-synthetic')).stdout}`);
  const [others = ''] = blocks(README).filter((block) => block.startsWith('CONNTRACK WARNING'));
  const trees = ['usage-85-synthetic', 'over-limit-synthetic', 'no-count-synthetic'].map(fixture);
  const lines = trees.map((tree) =>
    plugin('--root', tree)
      .stdout.replace(tree, '')
      .replace(/ \| .*/, ' | ...'),
  );
  expect(others).toBe(lines.join(''));
});

test('the thresholds of a first week are those of check_conntrack_host, and never CRITICAL', () => {
  const [week = ''] = blocks(README).filter((block) => block.startsWith('-w '));
  expect(readFileSync(join(TOP, 'nagios/check_conntrack_host'), 'utf8')).toContain(`\n#   ${week}`);
  const options = week.trim().replace('/var/lib/nagios', scratch()).split(' ');
  expect(plugin(...options, '--root', fixture('over-limit-synthetic')).status).toBe(1);
});

test('the plan in README is a real one', () => {
  const [, line = '', shown = ''] = /\n\$ (check_conntrack plan .*)\n((?:.*\n)*?)\.\.\.\n/.exec(MANUAL) ?? [];
  expect(run(line).stdout.startsWith(shown)).toBe(true);
  expect(shown.length).toBeGreaterThan(300);
});

const EXAMPLES = [README, MANUAL].flatMap(blocks).flatMap((block) => block.split('\n').filter(isExample));

test('there are examples', () => expect(EXAMPLES.length).toBeGreaterThan(8));

test.each([...new Set(EXAMPLES)])('%s', (line) => {
  const { stdout, stderr, status } = run(line);
  expect(stdout).not.toBe('');
  expect(stdout).not.toContain('--help');
  expect(stderr).toBe('');
  expect([0, 1, 2]).toContain(status);
});

/** Each is in the middle of another program's file, or after its path. */
const EMBEDDED = blocks(MANUAL).flatMap((block) =>
  Array.from(block.matchAll(/\/usr\/lib\/nagios\/plugins\/check_conntrack( [^"\n;>|]*)?/g), ([, args = '']) => args),
);

test.each([...new Set(EMBEDDED)])('as another program runs it:%s', (args) => {
  expect(run(`check_conntrack${args}`).stdout).toMatch(/^(CONNTRACK OK|# OK|\{)/);
});

test('as netdata runs it', () => {
  const [, list = ''] = /args: \[(.*)\]/.exec(MANUAL) ?? [];
  const args: readonly string[] = JSON.parse(`[${list}]`);
  expect(args.length).toBeGreaterThan(5);
  expect(run(`check_conntrack ${args.join(' ')}`).stdout).toMatch(/^CONNTRACK OK/);
});

test.each(Array.from(MANUAL.matchAll(/\| `\$\.([a-z_.]+)` \|/g), ([, path = '']) => path))(
  'the JSON document has a number or a text at %s',
  (path) => {
    const root: unknown = JSON.parse(plugin('--format', 'json', '--root', fixture('debian-12-synthetic')).stdout);
    const resolved = path.split('.').reduce<unknown>((at, key) => Reflect.get(Object(at), key), root);
    expect(['number', 'string']).toContain(typeof resolved);
  },
);

function blocks(text: string): readonly string[] {
  return Array.from(text.matchAll(/^```\n([\s\S]*?)^```$/gm), ([, block = '']) => block);
}

function isExample(line: string): boolean {
  return /^(sudo |ssh .*\| )?check_conntrack /.test(line);
}

/** Uses a captured tree, and stand-ins for other programs, so that the machine is not read. */
function run(line: string): Answer {
  const state = scratch();
  const moved = TREES.reduce((text, place) => text.split(place).join(TREE), line);
  const here = STATES.reduce((text, place) => text.split(place).join(state), moved);
  const rooted = / --root | --entries /.test(here) ? '"$@"' : `"$@" --root ${TREE}`;
  return shell(`check_conntrack() { $RUN ${rooted}; }; sudo() { "$@"; }; jq() { cat; }
ssh() { cat ${fixture('entries-conntrack-L-capture')}; }
${here}`);
}
