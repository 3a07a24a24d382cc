// Turns `await import('./x.ts')` into a static import. esbuild wraps every module that an import() reaches in a
// function that initializes it on demand. Without import() the modules share one scope and can be read from top to
// bottom.

import { readFileSync } from 'node:fs';

const NAMES = /^ *const \{ (?<names>[\w, ]+) \} = await import\('(?<path>\.[^']+)'\);\n/gm;
const MEMBER = /\(await import\('(?<path>\.[^']+)'\)\)\.(?<name>\w+)/g;

export const staticImports = {
  name: 'static-imports',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: rewrite(readFileSync(path, 'utf8')),
      loader: 'ts',
    }));
  },
};

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
