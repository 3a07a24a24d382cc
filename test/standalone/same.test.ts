// Both executables print the same bytes, for every tree and every command. Each is also compared with the transcripts;
// only -vvv's timings and --version's engine differ.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE, RUN, TOP } from '../e2e/support/plugin.ts';
import { run } from './support.ts';

const NODE_FILE = join(TOP, 'dist/check_conntrack');
const trees = readdirSync(join(TOP, 'fixtures')).filter((name) => !name.includes('.md'));
const lists = trees.filter((name) => name.startsWith('entries-')).map((name) => join('fixtures', name));
const roots = trees.filter((name) => !name.startsWith('entries-')).map((name) => join('fixtures', name));

const OF_A_TREE = [
  ...[[], ['-v'], ['-vv'], ['--format', 'json'], ['--format', 'prometheus'], ['--netns', 'all', '-v']],
  ...[
    ['--object-size', '350', '-v'],
    ['-w', 'slab_max=1MiB', '-c', 'drop=0', '-c', 'load_factor=1'],
  ],
  ...[['plan'], ['plan', '-vv'], ['plan', '--max', '1000000', '--format', 'json']],
  ...[['report'], ['report', '-v'], ['report', '--format', 'json']],
  ...[['munin'], ['munin', 'config'], ['munin', 'autoconf'], ['munin', 'suggest']],
];
const OF_A_LIST = [[], ['--top', '3'], ['--format', 'json'], ['-vv']];

async function expectSame(lines: readonly (readonly string[])[]): Promise<void> {
  for (const args of lines) {
    const [standalone, onNode] = await Promise.all([run([...RUN, ...args]), run([NODE, NODE_FILE, ...args])]);
    expect({ args, ...standalone }).toEqual({ args, ...onNode });
  }
}

test.each(roots)('%s', (root) => {
  return expectSame(OF_A_TREE.map((args) => [...args, '--root', root]));
});

test.each(lists)('%s', (list) => {
  return expectSame(OF_A_LIST.map((args) => ['report', '--entries', list, ...args]));
});

test('every help text', () => {
  const commands = ['report', 'incidents', 'plan', 'munin'];
  return expectSame([['--help'], ...commands.map((name) => [name, '--help']), ['-h']]);
});

test('a fault of incidents', () => {
  const faults = [[], ['--format', 'json'], ['7']];
  return expectSame(faults.map((args) => ['incidents', '--state-dir', '/nowhere', ...args]));
});
