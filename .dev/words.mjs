// Prints every text of the source that a person may read, below its file: strings and templates with a space in them.
// `npm run words src/report` lists one room.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from 'esbuild';
import { top } from './top.mjs';

// Regular expressions come first, so that a quote in one opens no string.
const LITERAL =
  /(?<=[(,=:?&|!] ?)\/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[])+\/[a-z]*|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g;

/** Returns the texts of each file of a room, in the order of their places. */
export function textsOf(room) {
  const names = readdirSync(join(top, room), { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => ({ file: join(room, name), texts: textsIn(readFileSync(join(top, room, name), 'utf8')) }))
    .filter((file) => file.texts.length > 0);
}

function textsIn(source) {
  // esbuild removes comments and types, and joins templates without values to strings.
  const { code } = transformSync(source, { loader: 'ts', legalComments: 'none' });
  const literals = code.replace(/^import .*$/gm, '').match(LITERAL) ?? [];
  return literals.filter((text) => /^["`].*[a-z]/s.test(text) && text.includes(' '));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [room = 'src'] = process.argv.slice(2);
  for (const { file, texts } of textsOf(room)) console.log(`${file}\n${texts.map((text) => `  ${text}\n`).join('')}`);
}
