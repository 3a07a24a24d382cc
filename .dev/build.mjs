// Builds dist/check_conntrack: one CommonJS file for Node 12 and later, bundled by esbuild. It is not minified, so that
// it can be reviewed before it runs under sudo. The build is reproducible.

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { helpFile, licences, packagesIn } from './parts.mjs';
import { staticImports } from './static-imports.mjs';
import { top } from './top.mjs';

const outfile = join(top, 'dist/check_conntrack');
const options = {
  absWorkingDir: top,
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node12',
  charset: 'ascii',
  banner: { js: '#!/usr/bin/env node' },
  alias: { '#help': await helpFile() },
  plugins: [staticImports],
  legalComments: 'inline', // keeps a /*! comment */ in its place
  logLevel: 'warning',
};

// The file is copied without the rest, so the licences of its contents are appended to it.
const { metafile } = await build({ ...options, metafile: true, write: false });
const texts = licences(packagesIn(metafile)).replaceAll('*/', '* /');
await build({ ...options, footer: { js: `/*\n${texts}*/` } });
chmodSync(outfile, 0o755);
