// The .deb in real roots of Debian's releases: installed by apt and dpkg, upgraded, removed, purged.

import { appendFileSync, copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../package.json';
import { DEBIAN, EXAMPLES } from './files.ts';
import { DEB, type Folder, folder, inRoot, listing, paths, rootOf, run, SUITES, without } from './support.ts';

const OLD_FILE = '/usr/share/check-conntrack/of-the-version-before';

test('there are roots of two releases at least', () => {
  expect(SUITES.length).toBeGreaterThan(1);
});

describe.each(SUITES)('Debian %s', (suite) => {
  let root: Folder;
  let fresh: readonly string[];
  beforeAll(() => {
    root = rootOf(suite);
    copyFileSync(DEB, join(root.path, 'tmp/new.deb'));
    fresh = listing(root.path);
  });
  afterAll(() => root.remove());

  test('apt installs it, and nothing else comes with it', () => {
    inRoot(root.path, 'apt-get install -y -qq /tmp/new.deb');
    const added = without(listing(root.path), fresh);
    const files = added.filter((line) => !/ d[rwx-]+ root$/.test(line));
    expect(paths(files)).toEqual(DEBIAN);
    // Only root may write to any of it.
    expect(added.filter((line) => !/ (?:[d-]rwxr-xr-x|-rw-r--r--|lrwxrwxrwx) root\b/.test(line))).toEqual([]);
    expect(without(fresh, listing(root.path))).toEqual([]);
    expect(inRoot(root.path, 'dpkg -V check-conntrack')).toBe('');
    expect(inRoot(root.path, 'grep ^/etc /var/lib/dpkg/info/check-conntrack.list || echo none')).toBe('none\n');
    expect(inRoot(root.path, 'cd /var/lib/dpkg/info; ls check-conntrack.*')).toBe(
      'check-conntrack.list\ncheck-conntrack.md5sums\n',
    );
  });

  test('everybody has the command and its manual', () => {
    const asUser = 'setpriv --reuid=65534 --regid=65534 --clear-groups env PATH=/usr/local/bin:/usr/bin:/bin';
    expect(inRoot(root.path, `${asUser} check_conntrack`)).toMatch(/^CONNTRACK OK - \d+ of \d+ entries /);
    expect(inRoot(root.path, '/usr/sbin/check_conntrack --version || [ $? = 3 ]')).toContain(` ${version}, commit `);
    expect(inRoot(root.path, 'man -w check_conntrack')).toBe('/usr/share/man/man8/check_conntrack.8.gz\n');
    expect(inRoot(root.path, 'man check_conntrack')).toMatch(/^CHECK_CONNTRACK\(8\)/i);
  });

  test('purging leaves the root as it was', () => {
    inRoot(root.path, 'apt-get purge -y -qq check-conntrack');
    expect(listing(root.path)).toEqual(fresh);
    expect(inRoot(root.path, 'ls /var/lib/dpkg/info')).not.toContain('check-conntrack');
  });

  test('files of the administrator survive upgrade, removal and purge', () => {
    makeVersionBefore(join(root.path, 'tmp/old.deb'));
    inRoot(root.path, 'dpkg -i /tmp/old.deb');
    expect(paths(listing(root.path))).toContain(OLD_FILE);
    const own = administer(root.path);
    const kept = () => own.map((path) => readFileSync(join(root.path, path), 'latin1'));
    const texts = kept();

    inRoot(root.path, 'dpkg -i /tmp/new.deb');
    expect(inRoot(root.path, 'dpkg-query -W check-conntrack')).toBe(`check-conntrack\t${version}\n`);
    const upgraded = listing(root.path);
    expect(paths(upgraded)).not.toContain(OLD_FILE);
    expect(paths(upgraded)).toEqual(expect.arrayContaining(DEBIAN));
    expect(kept()).toEqual(texts);

    inRoot(root.path, 'dpkg -r check-conntrack');
    // Nothing was configured, so that there is nothing more to purge.
    expect(inRoot(root.path, 'dpkg -P check-conntrack 2>&1')).toMatch(/which isn't installed/);
    const left = without(listing(root.path), fresh);
    expect(paths(left).filter((path) => own.includes(path))).toEqual(own);
    expect(paths(left).filter((path) => DEBIAN.includes(path))).toEqual([]);
    expect(without(fresh, listing(root.path))).toEqual([]);
  });
});

/** A package with an older number and a file that is gone since. */
function makeVersionBefore(file: string): void {
  const { path: work, remove } = folder();
  try {
    const tree = join(work, 'tree');
    run('dpkg-deb', '-R', DEB, tree);
    const control = join(tree, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 0.1.0~'));
    writeFileSync(join(tree, OLD_FILE), 'old\n');
    run('dpkg-deb', '--root-owner-group', '--build', tree, file);
  } finally {
    remove();
  }
}

/** Sets the check up by hand; gives the files that this made, sorted. */
function administer(root: string): readonly string[] {
  const copied = {
    [`${EXAMPLES}/nrpe_check_conntrack.cfg`]: '/etc/nagios/nrpe.d/conntrack.cfg',
    [`${EXAMPLES}/sudoers-check_conntrack`]: '/etc/sudoers.d/check_conntrack',
    [`${EXAMPLES}/icinga2-service-conntrack.conf`]: '/etc/icinga2/conf.d/conntrack.conf',
  };
  for (const [from, to] of Object.entries(copied)) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(join(root, from), join(root, to));
    appendFileSync(join(root, to), '# changed here\n');
  }
  mkdirSync(join(root, 'etc/munin/plugin-conf.d'), { recursive: true });
  mkdirSync(join(root, 'etc/munin/plugins'), { recursive: true });
  writeFileSync(join(root, 'etc/munin/plugin-conf.d/conntrack'), '[conntrack]\nenv.warning 70\n');
  symlinkSync('/usr/share/munin/plugins/conntrack', join(root, 'etc/munin/plugins/conntrack'));
  inRoot(root, 'mkdir -p /var/lib/nagios; check_conntrack --state-dir /var/lib/nagios');
  const samples = run(
    'find',
    join(root, 'var/lib/nagios'),
    '-name',
    '*.json',
    '-printf',
    '/var/lib/nagios/%P\\n',
  ).trim();
  return [...Object.values(copied), '/etc/munin/plugin-conf.d/conntrack', samples].sort();
}
