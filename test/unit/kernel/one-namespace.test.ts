// Kernels before 2.6.25 have one network namespace and no /proc/<pid>/net. There, /proc/net is a directory and replaces
// a process's `net`.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { files } from '#system/files';
import { namespaceInode, netDirectory } from '../../../src/kernel/namespaces/namespace.ts';
import { sweep } from '../../../src/kernel/namespaces/sweep.ts';
import type { Root } from '../../../src/kernel/root.ts';
import type { View } from '../../../src/model/machine.ts';
import { tableOfPid } from '../../../src/report/subject.ts';
import { observation, table } from '../support/observation.ts';
import { rootOf } from '../support/root.ts';

/** CentOS 5's /proc: hides our own /proc/self/net from the program. */
function centos5(view: View, missing = /^\/proc\/self\/net/): Root {
  const { inode } = files;
  const spy = vi.spyOn(files, 'inode').mockImplementation((path) => {
    return missing.test(path) ? { errno: 'ENOENT' } : inode(path);
  });
  onTestFinished(() => spy.mockRestore());
  return { ...rootOf({ 'proc/net/stat/x': '', 'proc/1/stat': '' }), view };
}

test.each<View>(['own', 'host'])('%s: identifies the namespace by the inode of /proc/net/stat', (view) => {
  const root = centos5(view);
  expect(namespaceInode(root)).toBe(statSync(join(root.locate(''), 'proc/net/stat')).ino);
});

test('a host has no namespace other than ours', () => {
  expect(netDirectory(centos5('host'))).toEqual({ path: '/proc/net', sysctlsAgree: true });
});

test('shows nothing in a /proc that does not list this process', () => {
  const root = centos5('host', /^\/proc\/(?:self\/)?net/);
  expect(netDirectory(root)).toEqual({ fault: { kind: 'missing', source: root.locate('/proc/1/net/stat') } });
});

test('puts no process in another namespace', () => {
  const own = table();
  const { machine } = observation();
  const swept = sweep(centos5('own'), machine, own);
  expect(swept).toMatchObject({ tables: [own], unread: [], visibility: { value: { processes: 'all', atLeast: 1 } } });
});

test('puts an existing process in ours', () => {
  const root = centos5('own');
  const observed = observation();
  expect(tableOfPid(root, observed, 1)).toBe(observed.tables[0]);
  expect(tableOfPid(root, observed, 4711)).toMatchObject({ kind: 'missing', source: root.locate('/proc/4711') });
});
