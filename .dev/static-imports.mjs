// Prepares the source for a bundle that is read before it runs under sudo. Files that touch the machine keep their
// opening comment. `await import('./x.ts')` becomes a static import: esbuild wraps every module that an import() reaches
// in a function that initializes it on demand. Without import() the modules share one scope and can be read from top to
// bottom.

import { readFileSync } from 'node:fs';

const NAMES = /^ *const \{ (?<names>[\w, ]+) \} = await import\('(?<path>\.[^']+)'\);\n/gm;
const MEMBER = /\(await import\('(?<path>\.[^']+)'\)\)\.(?<name>\w+)/g;

export const staticImports = {
  name: 'static-imports',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: kept(path, rewrite(readFileSync(path, 'utf8'))),
      loader: 'ts',
    }));
  },
};

// The places that a reviewer looks for: files that are read and written, and programs that are run.
const TOUCHES_THE_MACHINE = /\/src\/(?:main\.ts|system\/|kernel\/|history\/)/;
const OPENING = /^(?:\/\/.*\n)+/;

/** esbuild drops comments, except for those that begin with an exclamation mark. */
function kept(path, code) {
  const [opening = ''] = (TOUCHES_THE_MACHINE.test(path) && OPENING.exec(code)) || [];
  const words = opening
    .replace(/^\/\/ ?/gm, '')
    .trim()
    .replaceAll('*/', '* /');
  return words === '' ? code : `/*! ${words} */\n${code.slice(opening.length)}`;
}

function rewrite(text) {
  const imports = [];
  const hoist = (names, path) => imports.push(`import { ${names} } from '${path}';\n`);
  const code = text
    .replace(NAMES, (_, names, path) => {
      hoist(names, path);
      return '';
    })
    .replace(MEMBER, (_, path, name) => {
      hoist(name, path);
      return name;
    });
  if (code.includes('await import('))
    throw new Error("write { x } = await import('./x.ts') or (await import('./x.ts')).x");
  return code + imports.join('');
}
