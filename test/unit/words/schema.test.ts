// The committed JSON Schema says what the types say.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaFile, schemaText } from '../../../.dev/schema.mjs';

test('the schema is what `npm run schema` makes of the types', { timeout: 120_000 }, () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(schemaText());
});

test('names are spelled without blanks', () => {
  const names = Array.from(schemaText().matchAll(/^ +"(?:const": ")?([^"]+)",?$/gm), ([, name = '']) => name);
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name) => name.includes(' '))).toEqual([]);
});
