// The .rpm in a root of its own, with rpm(8) itself: installed, verified, upgraded, erased.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../package.json';
import { RED_HAT } from './files.ts';
import { type Folder, folder, inRoot, listing, paths, RPM, run, TOP, without } from './support.ts';

const OLD_FILE = '/usr/share/check-conntrack/of-the-version-before';
// The directories of a bare Red Hat; rpm itself makes the last one.
const FOLDERS = ['bin', 'usr/bin', 'usr/lib', 'usr/lib64', 'usr/sbin', 'usr/share/doc', 'usr/share/licenses'];
FOLDERS.push('usr/share/man/man8', 'var/tmp');
const RESTORECON = 'usr/sbin/restorecon';

let root: Folder;
let fresh: readonly string[];

/** There is a shell, for the scriptlet, but no package that says so. */
beforeAll(() => {
  root = folder();
  for (const name of FOLDERS) mkdirSync(join(root.path, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root.path, 'bin/sh'));
  chmodSync(root.path, 0o755);
  rpm('--initdb');
  fresh = listing(root.path);
});
afterAll(() => root.remove());

function rpm(...args: readonly string[]): string {
  return run('rpm', '--root', root.path, '--dbpath', '/var/lib/rpm', ...args);
}

test('it needs a shell for its scriptlet, and an rpm as old as that of Red Hat 6', () => {
  expect(rpm('-qp', '--requires', RPM)).toBe(
    '/bin/sh\nrpmlib(CompressedFileNames) <= 3.0.4-1\nrpmlib(FileDigests) <= 4.6.0-1\nrpmlib(PayloadFilesHavePrefix) <= 4.0-1\n',
  );
  expect(rpm('-qp', '--queryformat', '%{PAYLOADCOMPRESSOR} %{BUILDHOST} %{VENDOR}', RPM)).toBe(
    'gzip reproducible The check_conntrack authors',
  );
});

test('installed, each file is where it belongs, and the plugin runs', () => {
  rpm('-i', '--nodeps', RPM);
  const added = without(listing(root.path), fresh);
  expect(paths(added.filter((line) => !/ d[rwx-]+ root$/.test(line)))).toEqual(RED_HAT);
  expect(added.filter((line) => !/ (?:[d-]rwxr-xr-x|-rw-r--r--|lrwxrwxrwx) root\b/.test(line))).toEqual([]);
  expect(rpm('-V', '--nodeps', 'check-conntrack')).toBe('');
  expect(inRoot(root.path, 'check_conntrack')).toMatch(/^CONNTRACK OK - \d+ of \d+ entries /);
});

test('files to copy name the paths of Red Hat', () => {
  const names = RED_HAT.filter((path) => /\/(?:examples|munin|icinga2|systemd)\//.test(path));
  const texts = names.map((path) => readFileSync(join(root.path, path), 'latin1'));
  expect(texts.filter((text) => text.includes('/usr/lib64/nagios/plugins/check_conntrack')).length).toBeGreaterThan(2);
  expect(texts.filter((text) => text.includes('/usr/lib/nagios/plugins/check_conntrack'))).toEqual([]);
  const options = readFileSync(join(root.path, '/usr/lib64/nagios/plugins/check_conntrack_host'), 'utf8');
  expect(options).toMatch(/^options='.* --state-dir \/var\/lib\/nrpe\b/m);
  expect(texts.join('') + options).not.toContain('/var/lib/nagios');
  expect(texts.join('')).toMatch(/^nrpe, nagios, icinga ALL=\(root\) NOPASSWD: \/usr\/lib64/m);
});

test('the Ansible role is for hosts of every kind, as in the project', () => {
  const role = RED_HAT.filter((path) => path.includes('/ansible/'));
  expect(role.length).toBeGreaterThan(8);
  for (const path of role)
    expect(readFileSync(join(root.path, path), 'utf8')).toBe(
      readFileSync(join(TOP, 'nagios', path.slice('/usr/share/check-conntrack/'.length)), 'utf8'),
    );
});

test('erased, nothing is left', () => {
  rpm('-e', 'check-conntrack');
  expect(listing(root.path)).toEqual(fresh);
});

test('upgraded from the version before, nothing of that one is left; the label is set only where SELinux is on', () => {
  const log = join(root.path, 'tmp/labelled');
  const old = versionBefore();
  mkdirSync(join(root.path, 'tmp'), { recursive: true });
  rpm('-i', '--nodeps', old);
  expect(paths(listing(root.path))).toContain(OLD_FILE);

  for (const [name, script] of [
    [RESTORECON, `echo "$@" >/tmp/labelled`],
    ['usr/sbin/selinuxenabled', 'exit 1'],
  ] as const)
    writeFileSync(join(root.path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  rpm('-U', '--nodeps', RPM);
  expect(() => readFileSync(log)).toThrow('ENOENT');
  expect(rpm('-q', 'check-conntrack')).toBe(`check-conntrack-${version}-1.x86_64\n`);
  expect(paths(listing(root.path))).not.toContain(OLD_FILE);

  writeFileSync(join(root.path, 'usr/sbin/selinuxenabled'), '#!/bin/sh\n', { mode: 0o755 });
  rpm('-U', '--nodeps', '--replacepkgs', RPM);
  expect(readFileSync(log, 'utf8')).toBe(
    '-F /usr/lib64/nagios/plugins/check_conntrack /usr/lib64/nagios/plugins/check_conntrack_host /usr/sbin/check_conntrack\n',
  );
  rpm('-e', 'check-conntrack');
  const ours = paths(listing(root.path)).filter((path) => /conntrack|nagios|munin|icinga/.test(path));
  expect(ours).toEqual([]);
});

/** An .rpm of the same recipe with an older number and a file that is gone since. */
function versionBefore(): string {
  const work = join(root.path, 'tmp/before');
  const tree = join(work, 'tree');
  mkdirSync(tree, { recursive: true });
  run('sh', '-c', 'cd "$1" && rpm2cpio "$2" | cpio -idm --quiet', 'sh', tree, RPM);
  writeFileSync(join(tree, OLD_FILE), 'old\n');
  writeFileSync(join(work, 'list'), [...RED_HAT, OLD_FILE].join('\n'));
  writeFileSync(join(work, 'changes'), '');
  const macros = {
    ...{
      our_version: '0.1.0~',
      our_vendor: 'us',
      our_packager: 'us',
      musl_version: '1',
      staged: tree,
      staged_list: join(work, 'list'),
    },
    ...{ staged_changes: join(work, 'changes'), _topdir: work, _dbpath: join(work, 'db'), _rpmfilename: 'old.rpm' },
  };
  const given = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  run('rpmbuild', '-bb', '--target', 'x86_64-linux', ...given, join(TOP, '.dev/packages/check-conntrack.spec'));
  return join(work, 'RPMS/old.rpm');
}
