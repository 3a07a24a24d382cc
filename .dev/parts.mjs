// What both executables are built with: the help texts, and the licences of what is in a bundle.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const top = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What `#help` is in both: a file with the lines of each command's help, which yargs renders here and now. */
export async function helpFile() {
  const [outfile, file] = ['help.cjs', 'help.json'].map((name) => join(top, '.cache', name));
  mkdirSync(dirname(outfile), { recursive: true });
  const stdin = { contents: 'export * from "./src/cli/help.ts"; export * from "./src/cli/flags.ts";', resolveDir: top };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'warning' });
  const { COMMANDS, FLAGS, renderHelp } = (await import(pathToFileURL(outfile).href)).default;
  const lines = (command) => renderHelp(FLAGS, command).split('\n');
  writeFileSync(file, JSON.stringify(Object.fromEntries(COMMANDS.map((name) => [name, lines(name)])), null, 2));
  return file;
}

/** The packages that a bundle took code from, by their folders. */
export function packagesIn({ inputs }) {
  const folders = Object.keys(inputs).map((input) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/** Our licence and those of packages; `others` are the files of what else is inside, by name. */
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
