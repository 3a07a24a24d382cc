// Parts that both executables are built with: the help texts, and the licences of the code in a bundle.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { top } from './top.mjs';

const TABLES = [
  './src/cli/flags.ts',
  './src/cli/help.ts',
  './src/evaluate/metrics.ts',
  './src/kernel/settings/machine-kind.ts',
  './src/words/machine-remedies.ts',
];

/**
 * Returns the source's own tables, from which every list of them is generated: COMMANDS, FLAGS, METRICS and others. A
 * flag includes the fields of its value.
 */
export async function tables() {
  const outfile = join(top, '.cache/tables.cjs');
  mkdirSync(dirname(outfile), { recursive: true });
  const stdin = { contents: TABLES.map((path) => `export * from ${JSON.stringify(path)};`).join(''), resolveDir: top };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'warning' });
  const { FLAGS, ...others } = (await import(pathToFileURL(outfile).href)).default;
  return { ...others, FLAGS: FLAGS.map(({ value, ...flag }) => ({ ...flag, ...value })) };
}

/**
 * Writes the module `#help` of both executables: the lines of each command's help, which yargs renders at build time.
 */
export async function helpFile() {
  const file = join(top, '.cache/help.json');
  const { COMMANDS, renderHelp } = await tables();
  const lines = (command) => renderHelp(command).split('\n');
  writeFileSync(file, JSON.stringify(Object.fromEntries(COMMANDS.map((name) => [name, lines(name)])), null, 2));
  return file;
}

/** Returns the directories of the packages that a bundle contains code from. */
export function packagesIn({ inputs }) {
  const folders = Object.keys(inputs).map((input) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/** Returns our licence and those of the packages; `others` are the files of other contents, by name. */
export function licences(packages, others = {}) {
  const files = { check_conntrack: join(top, 'LICENSE'), ...others };
  for (const folder of packages) {
    const name = readdirSync(join(top, folder)).find((file) => /^licen[cs]e/i.test(file));
    if (name === undefined) throw new Error(`${folder} has no licence text to pass on`);
    const { name: called, version } = JSON.parse(readFileSync(join(top, folder, 'package.json'), 'utf8'));
    files[`${called} ${version}`] = join(top, folder, name);
  }
  return Object.entries(files)
    .map(([name, file]) => `==== ${name}\n\n${readFileSync(file, 'utf8').trim()}\n`)
    .join('\n');
}
