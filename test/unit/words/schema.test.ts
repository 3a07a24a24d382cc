// The committed JSON Schema matches the types.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaFile, schemaText } from '../../../.dev/schema.mjs';

test('the schema is the output of `npm run schema`', { timeout: 120_000 }, () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(schemaText());
});

test('names have no spaces', () => {
  const names = Array.from(schemaText().matchAll(/^ +"(?:const": ")?([^"]+)",?$/gm), ([, name = '']) => name);
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name) => name.includes(' '))).toEqual([]);
});
