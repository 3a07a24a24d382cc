// Transcripts of the built file on the fixture trees: command, output, exit code. `npm run golden` rewrites them; read
// the difference.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plugin, TOP } from './support/plugin.ts';

const FOLDER = join(TOP, 'test/golden');
const PROMPT = '$ check_conntrack';
const files = readdirSync(FOLDER);

test.each(files)('%s', (file) => {
  const path = join(FOLDER, file);
  const recorded = readFileSync(path, 'latin1');
  const commands = recorded.split('\n').filter((line) => line.startsWith(PROMPT));
  const transcripts = commands.map(transcript).join('\n');
  if (process.env['WRITE_GOLDEN'] === 'yes') writeFileSync(path, transcripts, 'latin1');
  else expect(transcripts).toBe(recorded);
});

test('every fixture tree has a transcript', () => {
  const all = files.map((file) => readFileSync(join(FOLDER, file), 'latin1')).join('');
  const trees = readdirSync(join(TOP, 'fixtures')).filter((name) => name !== 'README.md');
  expect(trees.filter((tree) => !all.includes(`fixtures/${tree} `) && !all.includes(`fixtures/${tree}\n`))).toEqual([]);
});

function transcript(command: string): string {
  const args = command.slice(PROMPT.length).split(' ').filter(Boolean);
  const { stdout, stderr, status } = plugin(...args);
  return `${command}\n${stdout}${stderr}exit ${status}\n`;
}
