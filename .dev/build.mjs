// Builds dist/check_conntrack: what esbuild makes of the source, as it is, in one CommonJS file for Node 12 and later. It
// is to be read by whoever lets it run under sudo. The same sources make the same bytes.

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
  legalComments: 'inline', // keeps a /*! comment */ at its place
  logLevel: 'warning',
};

// The file is copied about alone, so the licences of what is in it travel at its end.
const { metafile } = await build({ ...options, metafile: true, write: false });
const texts = licences(packagesIn(metafile)).replaceAll('*/', '* /');
await build({ ...options, footer: { js: `/*\n${texts}*/` } });
chmodSync(outfile, 0o755);
