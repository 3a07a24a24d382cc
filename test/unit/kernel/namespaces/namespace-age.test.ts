// How old a network namespace is, by its processes and by the mount that keeps it.

import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isYoungerThan } from '../../../../src/kernel/namespaces/namespace-age.ts';
import { otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';

const UPTIME = 1000;
const SINCE = 500;
const NUMBER = 4026532177;
const OWN = table({ isInitial: false });

/** In the namespace `net`, started so many seconds after the boot. */
function processOf(pid: number, started: number, net: string, parent = 1): Files {
  const link = (path: string) => symlinkSync(`../../../nets/${net}`, path);
  return {
    [`nets/${net}/x`]: '',
    [`proc/${pid}/stat`]: `${pid} (x) S ${parent} 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ${100 * started} 9 9\n`,
    [`proc/${pid}/net/stat`]: link,
  };
}

/** Mounted so many seconds after the boot. */
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

describe("another's", () => {
  const of = otherTable({ pids: [7, 9], mount: undefined });
  const started = (first: number, second: number): Files => ({
    ...processOf(7, first, 'a'),
    ...processOf(9, second, 'a'),
  });

  test.each([
    ['all of its processes began later', started(501, 600), true],
    ['one began before', started(501, 499), false],
    ['one began just then', started(501, 500), false],
    ['one is gone, the other began later', processOf(9, 600, 'a'), true],
    ['one is gone, the other began before', processOf(9, 400, 'a'), false],
    ['all are gone: nobody knows', {}, false],
  ])('%s: %j', (_, files, expected) => expect(younger(files, of)).toBe(expected));

  test('where a captured tree shows it, nobody knows', () => {
    expect(younger(started(501, 600), of, 'captured')).toBe(false);
  });

  test.each<[string, Files, boolean]>([
    ['that is older keeps it', { 'run/netns/blue': mountedAt(400) }, false],
    ['that is younger tells nothing', { 'run/netns/blue': mountedAt(600) }, true],
    ['of that moment may be either', { 'run/netns/blue': mountedAt(499.5) }, true],
    ['that is gone tells nothing', {}, true],
  ])('a mount %s', (_, mounted, expected) => {
    const kept = otherTable({ pids: [7], mount: { number: NUMBER, path: '/run/netns/blue' } });
    expect(younger({ ...mounted, ...processOf(7, 600, 'a') }, kept)).toBe(expected);
  });
});

test.each<[string, Files, boolean]>([
  ['mounted later', { 'run/netns/blue': mountedAt(502) }, true],
  ['mounted at that moment', { 'run/netns/blue': mountedAt(500.5) }, false],
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

  test('the initial namespace is as old as the boot', () => {
    const files = { ...self, ...shell, ...processOf(30, 600, 'ours') };
    expect(younger(files, table())).toBe(false);
    expect(younger(files)).toBe(true);
  });

  test('we, and who has started us, do not tell', () => {
    expect(younger({ ...self, ...shell })).toBe(false);
  });

  test('who is in another namespace does not tell', () => {
    expect(younger({ ...self, ...shell, ...processOf(30, 600, 'ours'), ...processOf(31, 400, 'other') })).toBe(true);
    expect(younger({ ...self, ...shell, ...processOf(30, 600, 'other') })).toBe(false);
  });

  test('the first process of all is nobody who has started us', () => {
    const first = processOf(1, 0, 'ours', 0);
    expect(younger({ ...self, ...processOf(20, 980, 'ours', 1), ...first, ...processOf(30, 600, 'ours') })).toBe(false);
  });

  test('processes that are said to have started one another', () => {
    expect(younger({ ...self, ...processOf(20, 980, 'ours', process.pid), ...processOf(30, 600, 'ours') })).toBe(true);
  });

  test('nobody can be listed', () => expect(younger({})).toBe(false));

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

  test('a mount that is older keeps it', () => {
    expect(younger(kept('self'))).toBe(false);
    expect(younger({ ...kept('self'), 'run/netns/blue': mountedAt(600) })).toBe(true);
  });

  test("the host's, seen from a container", () => {
    const net: Files = { 'proc/1/net/stat': (path) => symlinkSync('../../../nets/ours', path) };
    expect(younger({ ...kept('1'), ...net }, OWN, 'host')).toBe(false);
    expect(younger({ ...kept('self'), ...net }, OWN, 'host')).toBe(true);
  });

  test('a tree without it', () => {
    expect(younger({ 'proc/30': (path) => void mkdirSync(path) })).toBe(false);
  });
});
