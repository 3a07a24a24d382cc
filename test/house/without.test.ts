// Any of these commands can be removed: without its folder and its line in main's table the rest builds, type-checks
// and passes its own tests. This shows that no other code imports it.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { command, TOP } from '../e2e/support/plugin.ts';

/** These cover all commands at once. */
const OF_ALL = ['capture', 'golden', 'definitions', 'papers', 'readme'].map((name) => `test/e2e/${name}.test.ts`);
const OF_SCHEMA = 'test/unit/words/schema.test.ts';

/** Each command alone; tests take minutes, so two copies run them, without as many commands as possible. */
const COPIES: readonly (readonly [names: readonly string[], tests: 'tested' | 'built'])[] = [
  [['report', 'incidents'], 'tested'], // a record is a report
  [['incidents'], 'built'],
  [['plan'], 'built'],
  [['munin'], 'built'],
  [['incidents', 'plan', 'munin'], 'tested'],
];

test.each(COPIES)('without %j: %s', (names, tests) => {
  const copy = copyWithout(names);
  for (const name of names) takeOutOfTable(copy, name);
  removeTests(copy, names);
  expect(run(copy, 'npx', 'tsc', '--noEmit')).toEqual(PASSED);
  expect(run(copy, process.execPath, '.dev/build.mjs')).toEqual(PASSED);
  for (const name of names) {
    const gone = command(process.execPath, [join(copy, 'dist/check_conntrack'), name]);
    expect(gone).toMatchObject({ status: 3, stdout: `CONNTRACK UNKNOWN - this build has no ${name}\n` });
  }
  if (tests === 'built') return;
  expect(run(copy, ...VITEST, '--project', 'unit')).toEqual(PASSED);
  expect(run(copy, ...VITEST, '--project', 'e2e', ...endToEnd(copy, names))).toEqual(PASSED);
});

const VITEST = ['npx', 'vitest', 'run', '--config', 'test/vitest.config.mts', '--reporter', 'dot'] as const;
const PASSED = { status: 0, output: '' };

/** The end of the output, if it fails. */
function run(cwd: string, file: string, ...args: readonly string[]) {
  const { VITEST: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { status, output: status === 0 ? '' : `${stdout}${stderr}`.slice(-4000) };
}

// Uses hard links: esbuild treats packages under a symbolic link as files outside the project.
function copyWithout(names: readonly string[]): string {
  const copy = join(TOP, '.cache/without', names.join());
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  const listed = execFileSync('git', ['ls-files'], { cwd: TOP, encoding: 'utf8' }).trim().split('\n');
  const files = listed.filter((file) => !names.some((name) => file.startsWith(`src/${name}/`)));
  execFileSync('cp', ['-a', '--parents', ...files, copy], { cwd: TOP });
  execFileSync('cp', ['-al', 'node_modules', copy], { cwd: TOP });
  return copy;
}

function takeOutOfTable(copy: string, name: string): void {
  const main = join(copy, 'src/main.ts');
  const lines = readFileSync(main, 'utf8').split('\n');
  const kept = lines.filter((line) => !line.startsWith(`  ${name}: async () =>`));
  expect(kept).toHaveLength(lines.length - 1);
  writeFileSync(main, kept.join('\n'));
}

/** Removes tests and shared test code that import files of the folders. */
function removeTests(copy: string, names: readonly string[]): void {
  const tests = filesIn(copy, 'test').filter((file) => file.endsWith('.ts'));
  const isGone = (file: string) =>
    names.some((name) => file.startsWith(`src/${name}/`)) || !existsSync(join(copy, file));
  rmSync(join(copy, OF_SCHEMA));
  for (let before = -1, left = tests; left.length !== before; ) {
    before = left.length;
    for (const file of left.filter((each) => importsOf(copy, each).some(isGone))) rmSync(join(copy, file));
    left = left.filter((file) => existsSync(join(copy, file)));
  }
}

function filesIn(copy: string, folder: string): readonly string[] {
  return readdirSync(join(copy, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(copy, join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function importsOf(copy: string, file: string): readonly string[] {
  if (!existsSync(join(copy, file))) return [];
  const paths = readFileSync(join(copy, file), 'utf8').matchAll(/(?:from|import\() ?'(\.{1,2}\/[^']+\.ts)'/g);
  return Array.from(paths, ([, path = '']) => normalize(join(dirname(file), path)));
}

/** Returns the tests that do not mention the commands. */
function endToEnd(copy: string, names: readonly string[]): readonly string[] {
  return filesIn(copy, 'test/e2e').filter(
    (file) =>
      file.endsWith('.test.ts') &&
      !OF_ALL.includes(file) &&
      !new RegExp(`\\b(?:${names.join('|')})\\b`).test(readFileSync(join(copy, file), 'utf8')),
  );
}
