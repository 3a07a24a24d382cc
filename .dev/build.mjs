// Builds dist/check_conntrack: one CommonJS file for Node 12 and later, the same bytes from the same sources.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { deflateSync, strToU8 } from 'fflate';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = join(top, 'dist/check_conntrack');

const common = {
  absWorkingDir: top,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node12',
  minifySyntax: true,
  minifyIdentifiers: true,
  charset: 'ascii',
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
};

/** Every package that a build took code from, by its folder. */
const packages = new Set();

// What the source imports `with { type: 'lazy' }` is packed as text, and compiled when one of its functions is called
// for the first time: V8 would otherwise parse it on every run of a check that does not need it. The text is a comment
// inside of a function, whose source a function tells: V8 skips a comment, while it copies and hashes every string.
// What comes `with { type: 'rare' }` is packed together, and deflated: every run reads the whole file, and few inflate
// that part. `rarest` is by itself again. Node's own deflate differs from version to version; the file must not.
const packed = new Map();
const DEFLATED = {
  pack: (text) => Buffer.from(deflateSync(strToU8(text, true), { level: 9 })).toString('base64'),
  unpack: '(packed) => require("zlib").inflateRawSync(Buffer.from(packed, "base64")).toString("latin1")',
};
const FORMS = { lazy: { pack: JSON.stringify, unpack: 'JSON.parse' }, rare: DEFLATED, rarest: DEFLATED };
const rare = new Set();
const IN_NO_FILE = { __dirname: '"/"', __filename: '"/"' };
const packLazyImports = {
  name: 'pack-lazy-imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir, with: { type } }) =>
      // The path ends up in the output, which must be the same wherever it is built.
      type in FORMS ? { path: relative(top, resolve(resolveDir, path)), namespace: type } : undefined,
    );
    onResolve({ filter: /^loader$/ }, ({ path }) => ({ path, namespace: 'loader' }));
    onLoad({ filter: /.*/, namespace: 'loader' }, () => ({ contents: LOADER, loader: 'js' }));
    for (const [namespace, { pack, unpack }] of Object.entries(FORMS)) {
      onLoad({ filter: /.*/, namespace }, async ({ path }) => {
        const entry = join(top, path);
        if (namespace === 'rare') rare.add(path);
        else packed.set(path, pack(await packedBundle({ entryPoints: [entry] }, namespace === 'lazy')));
        const name = packedName(namespace === 'rare' ? namespace : path);
        return { contents: stubs(name, unpack, await functionsOf(entry)), loader: 'js' };
      });
    }
  },
};

// What is packed has everything in it: it is loaded late enough itself. Of a `worker` it has the text, to start a
// thread with.
const unpackLazyImports = {
  name: 'unpack-lazy-imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir, with: { type } }) => {
      const place = relative(top, resolve(resolveDir, path));
      if (type === 'worker') return { path: place, namespace: 'worker' };
      return type in FORMS ? { path: place, namespace: 'unpacked' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'worker' }, async ({ path }) => {
      const text = await packedBundle({ entryPoints: [join(top, path)] });
      return { contents: `export const workerSource = ${JSON.stringify(text)};`, loader: 'js' };
    });
    onLoad({ filter: /.*/, namespace: 'unpacked' }, ({ path }) => ({
      contents: readFileSync(join(top, path), 'utf8'),
      resolveDir: dirname(join(top, path)),
      loader: 'ts',
    }));
  },
};

function stubs(name, unpack, functions) {
  const calls = functions.map((exported) => `export const ${exported} = (...given) => load().${exported}(...given);`);
  return [`import { loader } from "loader";`, `const load = loader(() => ${name}, ${unpack});`, ...calls].join('\n');
}

const LOADER = `export function loader(source, unpack) {
  let module;
  return () => {
    if (module === undefined) {
      module = { exports: {} };
      const packed = String(source()).split("\\n")[1].slice(2);
      new Function("module", "exports", "require", unpack(packed))(module, module.exports, require);
    }
    return module.exports;
  };
}
`;

async function functionsOf(entry) {
  const { metafile } = await build({
    ...common,
    entryPoints: [entry],
    format: 'esm',
    outdir: 'unused',
    plugins: [unpackLazyImports],
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

function packedBundle(input, isEager = false) {
  return bundle({ ...input, define: IN_NO_FILE, plugins: [unpackLazyImports] }, isEager);
}

const main = await bundle({ entryPoints: [join(top, 'src/main.ts')], plugins: [packLazyImports] }, true);
const together = [...rare].sort().map((path) => `export * from "./${path}";`);
packed.set('rare', DEFLATED.pack(await packedBundle({ stdin: { contents: together.join('\n'), resolveDir: top } })));
writeFileSync(outfile, `#!/usr/bin/env node\n${main}${packedTexts()}${licences()}`);
chmodSync(outfile, 0o755);

// Function declarations are hoisted, so the bulk can stand at the end of the file.
function packedTexts() {
  const texts = [...packed].sort(([a], [b]) => (a < b ? -1 : 1));
  return texts.map(([path, text]) => `function ${packedName(path)}() {\n//${text}\n}\n`).join('');
}

function packedName(path) {
  return `packed_${path.replace(/\W/g, '_')}`;
}

async function bundle(options, isEager = false) {
  const { outputFiles, metafile } = await build({ ...common, ...options });
  for (const input of Object.keys(metafile.inputs)) {
    const [folder] = /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder !== undefined) packages.add(folder);
  }
  const [{ text }] = outputFiles;
  const { code } = await transform(isEager ? eager(text) : text, { minifyWhitespace: true, charset: 'ascii' });
  return code;
}

// V8 reads a function twice, to skip it and again when it is called, unless it is an expression in parentheses. Nearly
// all that every run loads is called. esbuild puts what it hoists into the first column.
function eager(text) {
  const strict = '"use strict";\n';
  const hoisted = [];
  const rest = text.replace(/^function ([$\w]+)(\((?:.|\n)*?\n\}$)/gm, (_, name, signatureAndBody) => {
    hoisted.push(`var ${name} = (function${signatureAndBody});\n`);
    return '';
  });
  if (!rest.startsWith(strict) || hoisted.length === 0) throw new Error('esbuild no longer writes what is expected');
  return strict + hoisted.join('') + rest.slice(strict.length);
}

// The file is copied about alone, so the licences of what is in it travel inside it.
function licences() {
  const own = `check_conntrack\n\n${readFileSync(join(top, 'LICENSE'), 'utf8')}`;
  const bundled = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(top, folder, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${licenceText(join(top, folder))}`;
  });
  return `/*\n${[own, ...bundled].map((text) => text.trim().replaceAll('*/', '* /')).join('\n\n----\n\n')}\n*/\n`;
}

function licenceText(folder) {
  for (const name of ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'license', 'LICENSE-MIT.txt']) {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      // The next spelling may be the one.
    }
  }
  throw new Error(`${folder} has no licence text to pass on`);
}
