// README shows what the built file really says.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, plugin, TOP } from './support/plugin.ts';

const README = readFileSync(join(TOP, 'README.md'), 'utf8');

test('the help is the one of --help', () => {
  expect(README).toContain(`\`\`\`\n${plugin('--help').stdout}\`\`\``);
});

test('the help fits 80 columns and 4096 bytes', () => {
  const { stdout } = plugin('--help');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout.length).toBeLessThan(4096);
});

test('the first line shown is a real one', () => {
  expect(README).toContain(`$ ./dist/check_conntrack\n${plugin('--root', fixture('centos-5.8-synthetic')).stdout}`);
});
