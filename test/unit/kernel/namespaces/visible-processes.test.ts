// Visible processes of a machine, and what a process may hide.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { files } from '#system/files';
import { self } from '#system/self';
import { netInode, parseProcess, processIds, readProcess } from '../../../../src/kernel/namespaces/processes.ts';
import { parseCapabilities, visibilityOf } from '../../../../src/kernel/namespaces/visibility.ts';
import { rootOf } from '../../support/root.ts';

const KTHREADD = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0\n';
const HIDDEN = { namespaces: [], procs: [{ path: '/proc', options: 'rw,hidepid=invisible' }] };

/** A user of group 5, with these capabilities. */
function visibility(status: string | undefined) {
  const spy = vi.spyOn(self, 'groups').mockReturnValue([5]);
  onTestFinished(() => spy.mockRestore());
  const root = rootOf({ 'proc/2/stat': KTHREADD, ...(status === undefined ? {} : { 'proc/self/status': status }) });
  return visibilityOf({ ...root, readOwn: (path, limit, parse) => root.read(path, limit, parse) }, HIDDEN, false);
}

describe('a /proc that hides processes', () => {
  test('shows our own', () => {
    const own = { processes: 'own', hidepid: 'hidepid=invisible', listed: true };
    expect(visibility('CapEff:\t0000000000000000\n')).toEqual(own);
    expect(visibility('CapEff:\t0000000000040000\n')).toEqual(own);
    expect(visibility(undefined)).toEqual(own);
  });

  test('shows all to processes with CAP_SYS_PTRACE', () => {
    const all = { processes: 'all', hidepid: undefined, listed: true };
    expect(visibility('CapEff:\t0000000000080000\n')).toEqual(all);
    expect(visibility('CapEff:\t000001ffffffffff\n')).toEqual(all);
  });

  test('is not fooled by the kernel thread of an OpenVZ container', () => {
    const root = rootOf({ 'proc/2/stat': KTHREADD.replace('kthreadd', 'kthreadd/101') });
    expect(visibilityOf(root, undefined, false).processes).toBe('container');
  });

  test('does not read capabilities if nothing is hidden', () => {
    const readOwn = () => expect.fail('asked');
    const root = { ...rootOf({ 'proc/2/stat': KTHREADD }), readOwn };
    expect(visibilityOf(root, undefined, false).processes).toBe('all');
  });
});

test.each([
  ['x CapEff:\t1\n', undefined],
  ['CapEff:\t1 x\n', undefined],
  ['CapEff:\txyz\n', undefined],
  ['CapEff:1\n', 1],
  ['CapEff:\t  1\n', 1],
  ['CapEff:\tff00000001\nx\n', 1],
])('capabilities of %j: %j', (text, value) => {
  const parsed = parseCapabilities(text);
  expect(parsed.ok ? parsed.value : undefined).toBe(value);
});

describe('a process', () => {
  test.each([
    ['EACCES', 'hidden'],
    ['EPERM', 'hidden'],
    ['ENOENT', 'gone'],
    ['ESRCH', 'gone'],
  ])('with its namespace refused with %s is %s', (errno, expected) => {
    const root = rootOf({});
    const spy = vi.spyOn(files, 'inode').mockReturnValue({ errno });
    onTestFinished(() => spy.mockRestore());
    expect(netInode(root, 7)).toBe(expected);
    expect(spy).toHaveBeenCalledWith(root.locate('/proc/7/net/stat'));
  });

  test('that has exited', () => expect(readProcess(rootOf({}), 2)).toBeUndefined());
  test('that exists', () => {
    expect(readProcess(rootOf({ 'proc/2/stat': KTHREADD }), 2)).toMatchObject({ started: 0.24, parent: 0 });
  });

  test('is listed by its number', () => {
    const root = rootOf({ 'proc/7/x': '', 'proc/7.5/x': '', 'proc/10/x': '', 'proc/7x/x': '', 'proc/net/x': '' });
    expect(processIds(root)).toEqual([7, 10]);
  });

  test.each([
    ['no name', '2 S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0'],
    ['an unterminated name', '2 x) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0'],
    ['a name that ends before it begins', ') S 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 ( S 0'],
    ['no parent', '2 (x) S x 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0'],
    ['no flags', '2 (x) S 0 0 0 0 -1 x 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0'],
    ['no time', '2 (x) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 x 0 0'],
  ])('cannot be parsed: %s', (_, text) => {
    expect(parseProcess(text)).toEqual({ ok: false, kind: 'malformed' });
  });
});
