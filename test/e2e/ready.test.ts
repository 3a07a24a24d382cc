// `npm run` in a fresh clone, and on a Node that is too old: one line each, before anything else.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { devEngines, scripts } from '../../package.json';
import { type Answer, shell, TOP } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

test('asks for npm ci in a clone without its packages', () => {
  expect(ready(devEngines.runtime.version)).toEqual({
    status: 1,
    stdout: '',
    stderr: 'the development packages are not installed: npm ci\n',
  });
});

test('names the version that is needed on an older Node', () => {
  const { status, stderr } = ready('>=99.1.0');
  expect({ status, lines: stderr.split('\n').length }).toEqual({ status: 1, lines: 2 });
  expect(stderr).toMatch(/^building and testing needs Node 99\.1\.0 or newer, and this is \d+\.\d+\.\d+ /);
});

test('prints nothing if its packages are there', () => {
  expect(ready(devEngines.runtime.version, 'node_modules/.package-lock.json')).toMatchObject({ status: 0, stderr: '' });
});

test.each(Object.entries(scripts))('npm run %s starts this way', (_, script) => {
  expect(script).toMatch(/^(node \.dev\/ready\.mjs && |npm run -s (build|typecheck) && )/);
});

/** Returns the output in a clone that also has these files. */
function ready(version: string, ...files: readonly string[]): Answer {
  const folder = scratch();
  copyFileSync(join(TOP, '.dev/ready.mjs'), join(folder, 'ready.mjs'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ devEngines: { runtime: { version } } }));
  for (const file of files) {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  return shell(`cd ${folder} && node ready.mjs`);
}
