// Names in the source: a file or a type that shares its name with another is taken for it.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '../../src');
const paths = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

test('no two files have the same name, except those of Node and QuickJS', () => {
  expect(paths.length).toBeGreaterThan(100);
  const names = paths.filter((path) => !path.startsWith('system/quickjs/')).map((path) => basename(path));
  expect(repeated(names)).toEqual([]);
});

test('no two types have the same name', () => {
  const names = paths.flatMap((path) => typesIn(readFileSync(join(SOURCE, path), 'utf8')));
  expect(names.length).toBeGreaterThan(100);
  expect(repeated(names)).toEqual([]);
});

function typesIn(text: string): readonly string[] {
  return [...text.matchAll(/^(?:export )?(?:interface|type) (\w+)/gm)].map(([, name = '']) => name);
}

function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}
