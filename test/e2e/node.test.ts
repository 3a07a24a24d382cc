// Properties that only the Node file has.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { version } from '../../package.json';
import { flood, type List, listOf } from './support/list.ts';
import { command, ENV, fixture, NODE, PLUGIN, plugin, RUN } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

const LINES = 150_000;
const MOST_RENAMED_DECLARATIONS = 15;
const MOST_RENAMED = 50;

const SOURCE = join(import.meta.dirname, '../../src');
const SOURCE_NAMES = new Set(
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => readFileSync(join(SOURCE, path), 'utf8').match(/\w+/g) ?? []),
);

test('is readable: no long lines, nothing encoded, no code made from text', () => {
  const text = readFileSync(PLUGIN, 'latin1');
  expect(text.split('\n').filter((line) => line.length >= 400)).toEqual([]);
  for (const hidden of [/new Function/, /\beval\(/, /base64/, /inflate|gunzip|brotli/i, /\brunIn\w*Context/])
    expect(text).not.toMatch(hidden);
  // Names are those of the source.
  for (const name of ['readConfiguration', 'thresholdsEverywhere', 'nf_conntrack_count']) expect(text).toContain(name);
});

test('has one scope for all modules: no wrapper around a module, nothing initialized on demand', () => {
  const text = readFileSync(PLUGIN, 'latin1');
  for (const wrapper of ['__esm', '__commonJS', '__export', '__toCommonJS', 'Promise.resolve().then('])
    expect(text).not.toContain(wrapper);
});

// esbuild appends a digit to a name that two modules have, and to a local name that a module has.
test('keeps almost all names of the source', () => {
  const text = readFileSync(PLUGIN, 'latin1');
  const renamed = [...new Set(text.match(/\b[A-Za-z]\w*\d\b/g))].filter(
    (name) => !SOURCE_NAMES.has(name) && SOURCE_NAMES.has(name.replace(/\d+$/, '')),
  );
  const declared = renamed.filter((name) => new RegExp(`^(?:var|(?:async )?function\\*?) ${name}\\b`, 'm').test(text));
  expect(declared.length, declared.join(' ')).toBeLessThanOrEqual(MOST_RENAMED_DECLARATIONS);
  expect(renamed.length, renamed.join(' ')).toBeLessThanOrEqual(MOST_RENAMED);
});

test('explains the only program made from text next to it', () => {
  const lines = readFileSync(PLUGIN, 'latin1').split('\n');
  const places = lines.flatMap((line, at) => (line.includes('eval: true') ? [at] : []));
  expect(places).toHaveLength(1);
  for (const at of places)
    expect(lines.slice(at - 2, at).join(' ')).toMatch(/\/\*! `eval` runs the text of this file itself.*\*\//);
});

test.each(['kernel/run-tool', 'kernel/file', 'history/state-directory'])(
  'keeps the opening comment of %s, which touches the machine',
  (file) => {
    expect(readFileSync(PLUGIN, 'utf8')).toMatch(new RegExp(`\\n// src/${file}[.]ts\\n/[*]! [A-Z]`));
  },
);

test('prints engine and architecture as its version; a committed file cannot know its commit', () => {
  const node = command(NODE, ['--print', "process.version.slice(1) + ', linux-' + process.arch"]).stdout;
  expect(plugin('--version')).toEqual({ status: 3, stdout: `check_conntrack ${version}, Node.js ${node}`, stderr: '' });
});

test.each([
  ['an exception', "process.uptime = () => { throw new RangeError('boom|\\n'); };", 'RangeError: boom??'],
  ['a thrown string', "process.uptime = () => { throw 'boom'; };", 'no error object'],
  ['an exception of the file system', "require('fs').fstatSync = () => { throw new Error('boom'); };", undefined],
])('%s that is not handled: UNKNOWN, exit 3', (_, sabotage, words) => {
  const preload = join(scratch(), 'sabotage.js');
  writeFileSync(preload, sabotage);
  const answer = command(NODE, ['--require', preload, PLUGIN, '--root', fixture('over-limit-synthetic')]);
  expect(answer).toMatchObject({ status: 3, stderr: '' });
  expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - [^|\n]+\n$/);
  if (words !== undefined) expect(answer.stdout).toContain(`internal error, please report it: ${words}`);
});

describe('a list so long that two threads count it', () => {
  const text = flood(LINES);

  test('gives the same result as one thread', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const [file, stdin] = ['<file>', '-'].map((name) =>
      spawnSync(ENV, [...RUN, 'report', '--entries', name === '-' ? name : path, '--top', '3', '--format', 'json'], {
        input: text,
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      }),
    );
    const [both, inOneThread] = [listOf(file?.stdout ?? ''), listOf(stdin?.stdout ?? '')];
    for (const { entries, lines_not_understood, complete, sources } of [both, inOneThread]) {
      expect({ entries, lines_not_understood, complete }).toEqual({
        entries: LINES,
        lines_not_understood: 0,
        complete: true,
      });
      // A source with a tenth of a crowd in which every other source differs stands out, and the bound holds.
      const [first] = sources.top;
      expect(sources.may_lack).toBeGreaterThan(0);
      expect(sources.may_lack).toBeLessThanOrEqual((2 * LINES) / 6144);
      expect(first?.address).toBe('198.51.100.7');
      expect(first?.entries).toBeLessThanOrEqual(LINES / 10);
      expect((first?.entries ?? 0) + sources.may_lack).toBeGreaterThanOrEqual(LINES / 10);
    }
    expect(exact(both)).toEqual(exact(inOneThread));
  });

  test('also if no thread can be started', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const block = join(scratch(), 'no-threads.cjs');
    writeFileSync(block, "require('worker_threads').Worker = class { constructor() { throw new Error('EAGAIN'); } };");
    const { stdout } = command(NODE, ['-r', block, PLUGIN, 'report', '--entries', path, '--format', 'json']);
    expect(listOf(stdout)).toMatchObject({ entries: LINES, complete: true });
  });

  test('a dying thread is not mistaken for the end of the list', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const kill = join(scratch(), 'kill.cjs');
    // This thread is slow, so the other one gets a piece, and dies after counting it.
    const lines = [
      "const [fs, threads] = [require('fs'), require('worker_threads')];",
      'const [read, Worker] = [fs.readSync, threads.Worker];',
      'const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);',
      'if (threads.isMainThread) fs.readSync = (...given) => { if (given[3] > 1e5) wait(); return read(...given); };',
      "const dying = (text) => text.replace('\\n', '\\nAtomics.add = () => { throw 0; };');",
      'threads.Worker = class extends Worker { constructor(text, options) { super(dying(text), options); } };',
    ];
    writeFileSync(kill, lines.join('\n'));
    const { stdout, status } = command(NODE, ['-r', kill, PLUGIN, 'report', '--entries', path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/entries of .*, cut off: /);
  });
});

/** Without the counts that are bounds, which depend on how the threads divided the list. */
function exact({ sources: _, source: __, networks: ___, arrivals, ...rest }: Shown): unknown {
  return { ...rest, arrivals: { ...arrivals, sources: [], networks: [] } };
}

type Shown = List & { readonly networks?: unknown; readonly arrivals?: object };
