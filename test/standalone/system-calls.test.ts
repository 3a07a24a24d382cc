// Only system calls of Linux 2.6.18, which CentOS 5 has.

import { expect, test } from 'vitest';
import { fixture } from '../e2e/support/plugin.ts';
import { scratch, tree } from '../e2e/support/tree.ts';
import { newCalls } from './support.ts';

test.each<[string, () => readonly string[]]>([
  ['the check', () => []],
  ['with history', () => ['--state-dir', scratch(), '-v']],
  ['every namespace', () => ['--netns', 'all', '-vvv']],
  ['as JSON', () => ['--format', 'json']],
  ['a captured tree', () => ['--root', tree('centos-5.8-synthetic')]],
  ['help', () => ['--help']],
  ['a mistake', () => ['--nothing']],
  ['plan', () => ['plan']],
  ['munin', () => ['munin', 'config']],
  ['report', () => ['report', '--interval', '0.1']],
  ['report, repeated until it is interrupted', () => ['report', '--watch', '--interval', '0.1']],
  ['report on a list', () => ['report', '--entries', fixture('entries-nf_conntrack-capture')]],
])('%s', async (_, args) => {
  expect(await newCalls(...args())).toEqual([]);
});
