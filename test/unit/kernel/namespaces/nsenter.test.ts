// Access to a network namespace: through its files, or from inside.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { enterOf, netFolder } from '../../../../src/kernel/namespaces/nsenter.ts';
import type { Namespace } from '../../../../src/model/table.ts';
import { otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { withTools } from '../../support/tools.ts';

const MOUNT = { number: 8, path: '/run/netns/blue' };
const PLACES = { 'proc/1/net/stat': (path: string) => void mkdirSync(path) };

function entered(namespace: Namespace, view: 'own' | 'host' = 'own', files: Files = PLACES, user = 0) {
  withTools({ '/usr/bin/nsenter': '' }, user);
  const root = { ...rootOf(files), view };
  const enter = enterOf(root, namespace);
  const words = 'kind' in enter ? [enter.kind, enter.source] : enter;
  return words.map((word) => word.replace(root.locate(''), ''));
}

const enter = (path: string) => ['/usr/bin/nsenter', `--net=${path}`];

describe('the words that enter it', () => {
  test.each([
    ['ours: none', table(), []],
    ['through its first process', otherTable({ pids: [7, 9], mount: MOUNT }), enter('/proc/7/ns/net')],
    ['through its mount', otherTable({ pids: [], mount: MOUNT }), enter('/run/netns/blue')],
    ['fails if nothing leads to it', otherTable({ pids: [] }), ['missing', '/proc']],
  ])('%s', (_, namespace, words) => expect(entered(namespace)).toEqual(words));

  test("enters through the host's first process if the host's namespace is not ours, or may not be", () => {
    expect(entered(table(), 'host')).toEqual(enter('/proc/1/ns/net'));
    expect(entered(table(), 'host', {})).toEqual(enter('/proc/1/ns/net'));
  });

  test('not a FIFO, at which nsenter would wait for ever', () => {
    const fifo = (path: string) => void execFileSync('mkfifo', [path]);
    const words = entered(otherTable(), 'own', { 'proc/7/ns/net': fifo });
    expect(words).toEqual(['not-regular', 'nsenter --net=/proc/7/ns/net']);
  });

  test('only for root, and with nsenter(1)', () => {
    expect(entered(otherTable(), 'own', PLACES, 1000)).toEqual(['denied', 'nsenter --net=/proc/7/ns/net']);
    withTools({});
    const root = rootOf({});
    const source = `nsenter --net=${root.locate('/proc/7/ns/net')}`;
    expect(enterOf(root, otherTable())).toEqual({ kind: 'tool-missing', source });
  });
});

test.each([
  ['ours', table(), 'own' as const, '/proc/net'],
  ["the host's", table(), 'host' as const, '/proc/1/net'],
  ["another's", otherTable({ pids: [7, 9] }), 'own' as const, '/proc/7/net'],
  ['one without a process', otherTable({ pids: [], mount: MOUNT }), 'own' as const, undefined],
])('the directory of %s', (_, namespace, view, folder) => {
  expect(netFolder({ ...rootOf(PLACES), view }, namespace)).toBe(folder);
});
