// The repositories of `npm run repository`, signed with a key of this test: apt and dnf install from them into fresh roots,
// and refuse files that were changed later.

import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../package.json';
import { type Folder, folder, inRoot, rootOf, run, SUITES, TOP } from './support.ts';

const KEY = 'release@example.org';
const SERVED = '/srv/repository';
let work: Folder;
let made: string;

beforeAll(() => {
  work = folder();
  made = join(work.path, 'repository');
  const env = { ...process.env, GNUPGHOME: join(work.path, 'gnupg') };
  mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  const quick = ['--batch', '--passphrase', '', '--quick-generate-key', KEY, 'rsa3072', 'sign', 'never'];
  execFileSync('gpg', quick, { env, stdio: 'pipe' });
  const words = ['--key', KEY, '--out', made, '--url', `file://${SERVED}`];
  execFileSync(process.execPath, [join(TOP, '.dev/repository.mjs'), ...words], { env, stdio: 'pipe' });
  execFileSync('gpgconf', ['--kill', 'all'], { env, stdio: 'pipe' });
});
afterAll(() => work.remove());

describe.each(SUITES)('apt of %s', (suite) => {
  let root: Folder;
  beforeAll(() => {
    root = rootOf(suite);
    cpSync(made, join(root.path, SERVED), { recursive: true });
    inRoot(
      root.path,
      `rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
      cp ${SERVED}/apt/check-conntrack.gpg /usr/share/keyrings/
      cp ${SERVED}/apt/check-conntrack.sources /etc/apt/sources.list.d/`,
    );
  });
  afterAll(() => root.remove());

  test('installs from it', () => {
    inRoot(root.path, 'apt-get update -qq && apt-get install -y -qq check-conntrack');
    expect(inRoot(root.path, 'check_conntrack')).toMatch(/^CONNTRACK OK - /);
    expect(inRoot(root.path, 'apt-cache policy check-conntrack')).toContain(`file:${SERVED}/apt stable/main`);
  });

  test('refuses a changed index', () => {
    const index = join(root.path, SERVED, 'apt/dists/stable/InRelease');
    writeFileSync(index, readFileSync(index, 'utf8').replace('Label: check_conntrack', 'Label: somebody_else'));
    appendFileSync(join(root.path, SERVED, 'apt/dists/stable/Release'), 'Label: somebody_else\n');
    expect(() => inRoot(root.path, 'apt-get update 2>&1 -o APT::Update::Error-Mode=any')).toThrow();
  });
});

test('dnf installs from it, by the signatures of index and package, and refuses a changed index', () => {
  const root = folder();
  try {
    // A Red Hat with nothing but a package that provides a shell.
    const shell = stub(join(work.path, 'shell'));
    const install = (served: string) =>
      run(
        'dnf',
        ...['-y', '--installroot', root.path, '--releasever', '9', '--setopt=reposdir=/none'],
        ...['--repofrompath', `shell,file://${shell}`, '--setopt=shell.gpgcheck=0'],
        ...['--repofrompath', `ours,file://${served}`, '--setopt=ours.gpgcheck=1', '--setopt=ours.repo_gpgcheck=1'],
        ...[`--setopt=ours.gpgkey=file://${served}/RPM-GPG-KEY-check-conntrack`, 'install', 'check-conntrack'],
      );
    const changed = join(work.path, 'changed');
    cpSync(join(made, 'yum'), changed, { recursive: true });
    appendFileSync(join(changed, 'repodata/repomd.xml'), '\n');
    expect(() => install(changed)).toThrow(/GPG|signature/i);
    install(join(made, 'yum'));
    expect(run('rpm', '--root', root.path, '-q', 'check-conntrack')).toBe(`check-conntrack-${version}-1.x86_64\n`);
  } finally {
    root.remove();
  }
});

/** A repository of one package that provides /bin/sh. */
function stub(path: string): string {
  mkdirSync(path, { recursive: true });
  const lines = ['Name: shell', 'Version: 1', 'Release: 1', 'Summary: none', 'License: none', 'BuildArch: noarch'];
  writeFileSync(join(path, 'spec'), `${lines.join('\n')}\nProvides: /bin/sh\n%description\n%files\n`);
  run('rpmbuild', '-bb', '--define', `_topdir ${path}/top`, '--define', `_rpmdir ${path}`, join(path, 'spec'));
  run('createrepo_c', '--quiet', path);
  return path;
}
