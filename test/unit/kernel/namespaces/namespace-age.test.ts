// The age of a network namespace, from its processes and the mount that keeps it.

import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isYoungerThan } from '../../../../src/kernel/namespaces/namespace-age.ts';
import { otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';

const UPTIME = 1000;
const SINCE = 500;
const NUMBER = 4026532177;
const OWN = table({ isInitial: false });

/** A process in the namespace `net`, started a number of seconds after boot. */
function processOf(pid: number, started: number, net: string, parent = 1): Files {
  const link = (path: string) => symlinkSync(`../../../nets/${net}`, path);
  return {
    [`nets/${net}/x`]: '',
    [`proc/${pid}/stat`]: `${pid} (x) S ${parent} 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ${100 * started} 9 9\n`,
    [`proc/${pid}/net/stat`]: link,
  };
}

/** A mount made a number of seconds after boot. */
function mountedAt(seconds: number): (path: string) => void {
  return (path) => {
    writeFileSync(path, '');
    const at = Date.now() / 1000 - UPTIME + seconds;
    utimesSync(path, at, at);
  };
}

function younger(files: Files, of = OWN, view: 'own' | 'host' | 'captured' = 'own'): boolean {
  return isYoungerThan({ ...rootOf(files), view }, of, SINCE, UPTIME);
}

describe('another namespace', () => {
  const of = otherTable({ pids: [7, 9], mount: undefined });
  const started = (first: number, second: number): Files => ({
    ...processOf(7, first, 'a'),
    ...processOf(9, second, 'a'),
  });

  test.each([
    ['all of its processes started later', started(501, 600), true],
    ['one started before', started(501, 499), false],
    ['one started at that moment', started(501, 500), false],
    ['one is gone, the other started later', processOf(9, 600, 'a'), true],
    ['one is gone, the other started before', processOf(9, 400, 'a'), false],
    ['all are gone: unknown', {}, false],
  ])('%s: %j', (_, files, expected) => expect(younger(files, of)).toBe(expected));

  test('is unknown in a captured tree', () => {
    expect(younger(started(501, 600), of, 'captured')).toBe(false);
  });

  test.each<[string, Files, boolean]>([
    ['that is older keeps it', { 'run/netns/blue': mountedAt(400) }, false],
    ['that is younger shows nothing', { 'run/netns/blue': mountedAt(600) }, true],
    ['of the same moment may be either', { 'run/netns/blue': mountedAt(499.5) }, true],
    ['that is gone shows nothing', {}, true],
  ])('a mount %s', (_, mounted, expected) => {
    const kept = otherTable({ pids: [7], mount: { number: NUMBER, path: '/run/netns/blue' } });
    expect(younger({ ...mounted, ...processOf(7, 600, 'a') }, kept)).toBe(expected);
  });
});

test.each<[string, Files, boolean]>([
  ['mounted later', { 'run/netns/blue': mountedAt(502) }, true],
  ['mounted just then', { 'run/netns/blue': mountedAt(499.9) }, false],
  ['mounted a moment later', { 'run/netns/blue': mountedAt(500.5) }, true],
  ['mounted before', { 'run/netns/blue': mountedAt(400) }, false],
  ['the mount is gone', {}, false],
])('one without a process: %s', (_, mounted, expected) => {
  expect(younger(mounted, otherTable({ pids: [], mount: { number: NUMBER, path: '/run/netns/blue' } }))).toBe(expected);
});

describe('our own', () => {
  const self: Files = {
    ...processOf(process.pid, 990, 'ours', 20),
    'proc/self/net/stat': (path) => symlinkSync('../../../nets/ours', path),
  };
  const shell = processOf(20, 980, 'ours');

  test('treats the initial namespace as old as the boot', () => {
    const files = { ...self, ...shell, ...processOf(30, 600, 'ours') };
    expect(younger(files, table())).toBe(false);
    expect(younger(files)).toBe(true);
  });

  test('ignores this process and its ancestors', () => {
    expect(younger({ ...self, ...shell })).toBe(false);
  });

  test('ignores processes in other namespaces', () => {
    expect(younger({ ...self, ...shell, ...processOf(30, 600, 'ours'), ...processOf(31, 400, 'other') })).toBe(true);
    expect(younger({ ...self, ...shell, ...processOf(30, 600, 'other') })).toBe(false);
  });

  test('counts process 1, which is not an ancestor', () => {
    const first = processOf(1, 0, 'ours', 0);
    expect(younger({ ...self, ...processOf(20, 980, 'ours', 1), ...first, ...processOf(30, 600, 'ours') })).toBe(false);
  });

  test('survives a cycle of parents', () => {
    expect(younger({ ...self, ...processOf(20, 980, 'ours', process.pid), ...processOf(30, 600, 'ours') })).toBe(true);
  });

  test('is unknown if processes cannot be listed', () => expect(younger({})).toBe(false));

  const kept = (place: string): Files => ({
    ...self,
    ...shell,
    ...processOf(30, 600, 'ours'),
    'run/netns/blue': mountedAt(400),
    [`proc/${place}/ns/net`]: (path) => symlinkSync(`net:[${NUMBER}]`, path),
    [`proc/${place}/mountinfo`]: [
      '42 41 0:4 net:[7] /run/netns/red rw - nsfs nsfs rw',
      `43 42 0:4 net:[${NUMBER}] /run/netns/blue rw - nsfs nsfs rw`,
      '',
    ].join('\n'),
    'run/netns/red': mountedAt(900),
  });

  test('knows it is the same if a mount is older', () => {
    expect(younger(kept('self'))).toBe(false);
    expect(younger({ ...kept('self'), 'run/netns/blue': mountedAt(600) })).toBe(true);
  });

  test("reads the host's, seen from a container", () => {
    const net: Files = { 'proc/1/net/stat': (path) => symlinkSync('../../../nets/ours', path) };
    expect(younger({ ...kept('1'), ...net }, OWN, 'host')).toBe(false);
    expect(younger({ ...kept('self'), ...net }, OWN, 'host')).toBe(true);
  });

  test('is unknown in a tree without it', () => {
    expect(younger({ 'proc/30': (path) => void mkdirSync(path) })).toBe(false);
  });
});
