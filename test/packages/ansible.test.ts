// The real Ansible runs the role against roots of Debian, each entered by a stand-in for ssh: in check mode, for the first
// time, and again.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEB, type Folder, folder, listing, paths, rootOf, run, TARBALL, TOP, without } from './support.ts';

const HOSTS = ['bullseye', 'bookworm', 'trixie'] as const;
const PLUGINS = '/usr/lib/nagios/plugins';
const OPTIONS = '-w 70 -c 85 -c drop_rate=0 --state-dir /var/lib/nagios';
/** Ansible leaves its own folder in the working directory. */
const ITS_OWN = /^\/root\/\.ansible\b|^\/root /;

// Ansible's ssh connection calls it; the last word is the command, sudo included.
const SSH = `#!/bin/sh
for word; do root=$command; command=$word; done
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 /bin/sh -c "$command"
`;
// Their tables are their own, and what is started in there ends with the shell.
const ENTER = `
ip link set lo up
nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new accept'
for host in ${HOSTS.join(' ')}; do eval "mount -t proc proc \\$$host/proc; mount --rbind /dev \\$$host/dev"; done
export HOME=$work ANSIBLE_HOME=$work/ansible ANSIBLE_FORKS=3 ANSIBLE_SSH_EXECUTABLE=$work/ssh ANSIBLE_PIPELINING=1
export ANSIBLE_SSH_TRANSFER_METHOD=piped ANSIBLE_NOCOLOR=1 ANSIBLE_DEPRECATION_WARNINGS=0 LC_ALL=C.UTF-8
play() { ansible-playbook -i $work/inventory ${TOP}/nagios/ansible/check_conntrack.yml "$@" || [ $? = 2 ]; }
eval "$1"`;

let work: Folder;
const roots = new Map<string, Folder>();

beforeAll(() => {
  work = folder();
  for (const host of HOSTS) {
    const root = rootOf(host);
    roots.set(host, root);
    run('chroot', root.path, '/usr/sbin/useradd', '--system', 'monitoring');
    for (const name of ['proc', 'dev']) run('mkdir', '-p', join(root.path, name));
  }
  run('tar', '-xzf', TARBALL, '-C', work.path, '--strip-components=1', '--one-top-level=unpacked');
  writeFileSync(join(work.path, 'ssh'), SSH, { mode: 0o755 });
  writeFileSync(join(work.path, 'inventory'), inventory());
});
afterAll(() => {
  work.remove();
  for (const root of roots.values()) root.remove();
});

/** One host with a package and NRPE, one with other thresholds and sudo, one without a package. */
function inventory(): string {
  const common = { ansible_python_interpreter: '/usr/bin/python3', check_conntrack_agent: '' };
  const own: Readonly<Record<(typeof HOSTS)[number], Readonly<Record<string, string | boolean>>>> = {
    bookworm: { check_conntrack_package: DEB, check_conntrack_agent: 'nrpe' },
    bullseye: {
      check_conntrack_package: DEB,
      check_conntrack_user: 'monitoring',
      check_conntrack_sudo: true,
      check_conntrack_options: OPTIONS,
    },
    trixie: {
      check_conntrack_package: '',
      check_conntrack_tarball: join(work.path, 'unpacked'),
      check_conntrack_user: 'monitoring',
    },
  };
  const hosts = HOSTS.map((host) => [host, { ansible_host: rootPath(host), ...common, ...own[host] }]);
  return JSON.stringify({ all: { hosts: Object.fromEntries(hosts) } });
}

function rootPath(host: string): string {
  return roots.get(host)?.path ?? '';
}

/** Returns the output of a script that may call `play`. */
function control(script: string): string {
  const variables = HOSTS.map((host) => `${host}=${rootPath(host)}`);
  const own = ['--mount', '--pid', '--net', '--fork', '--kill-child'];
  return run('env', `work=${work.path}`, ...variables, 'unshare', ...own, 'sh', '-ec', ENTER, 'sh', script);
}

/** Returns the number of changed and of failed tasks per host. */
function recap(said: string): Readonly<Record<string, readonly number[]>> {
  const found = said.matchAll(/^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)/gm);
  return Object.fromEntries(Array.from(found, ([, host = '', ...counts]) => [host, counts.map(Number)]));
}

test('in check mode it says what would change, and changes nothing', () => {
  const before = HOSTS.map((host) => listing(rootPath(host)));
  const said = control('play --check --diff');
  expect(recap(said), said).toMatchObject({
    bullseye: [expect.any(Number), 0, 0],
    bookworm: [expect.any(Number), 0, 0],
    trixie: [expect.any(Number), 0, 0],
  });
  expect(Object.values(recap(said)).every(([changed = 0]) => changed > 1)).toBe(true);
  expect(said).toContain(`+${OPTIONS}\n`);
  for (const [at, host] of HOSTS.entries())
    expect(without(listing(rootPath(host)), before[at] ?? []).filter((line) => !ITS_OWN.test(line))).toEqual([]);
});

test('it installs the check, NRPE reloads and answers; run again it changes nothing', () => {
  const said = control(`
    chroot $bookworm service nagios-nrpe-server start >/dev/null
    play; echo AGAIN; play; echo ICINGA; play --check -l bookworm -e check_conntrack_agent=icinga2; echo ASKED
    for try in $(seq 50); do
      chroot $bookworm ${PLUGINS}/check_nrpe -H 127.0.0.1 -c check_conntrack >$work/said 2>&1 && break; sleep .1
    done
    cat $work/said; rm -f $bookworm/run/nagios/nrpe.pid`);
  const [first = '', again = '', icinga = '', asked = ''] = said.split(/^(?:AGAIN|ICINGA|ASKED)$/m);
  expect(recap(first), first).toMatchObject({
    bullseye: [expect.any(Number), 0, 0],
    bookworm: [expect.any(Number), 0, 0],
    trixie: [expect.any(Number), 0, 0],
  });
  expect(first).toMatch(/RUNNING HANDLER \[check_conntrack : Reload NRPE\] \*+\nchanged: \[bookworm\]/);
  expect(recap(again), again).toEqual({ bullseye: [0, 0, 0], bookworm: [0, 0, 0], trixie: [0, 0, 0] });
  expect(icinga).toMatch(/Include the commands of Icinga 2\] \*+\nchanged: \[bookworm\]/);
  expect(recap(icinga), icinga).toMatchObject({ bookworm: [expect.any(Number), 0, 0] });
  expect(asked).toMatch(/^\nCONNTRACK OK - .* load_factor=1;25;/);
});

test('the hosts have what their variables say', () => {
  const at = (host: string, path: string) => join(rootPath(host), path);
  expect(readFileSync(at('bullseye', 'etc/check_conntrack.conf'), 'utf8')).toContain(`\n${OPTIONS}\n`);
  expect(readFileSync(at('bullseye', 'etc/sudoers.d/check_conntrack'), 'utf8')).toContain(
    `monitoring ALL=(root) NOPASSWD: ${PLUGINS}/check_conntrack_host ""\n`,
  );
  for (const host of ['bookworm', 'trixie'])
    for (const path of ['etc/check_conntrack.conf', 'etc/sudoers.d/check_conntrack'])
      expect(existsSync(at(host, path))).toBe(false);
  expect(readFileSync(at('trixie', `${PLUGINS}/check_conntrack_host`), 'utf8')).toBe(
    readFileSync(join(TOP, 'nagios/check_conntrack_host'), 'utf8'),
  );
  expect(paths(listing(rootPath('trixie')))).toContain('/usr/sbin/check_conntrack');
  const said = control(`for host in $bullseye $trixie; do
    chroot $host setpriv --reuid=monitoring --clear-groups ${PLUGINS}/check_conntrack_host; done
    chroot $bullseye setpriv --reuid=monitoring --clear-groups sudo -n ${PLUGINS}/check_conntrack_host`);
  expect(said.match(/^CONNTRACK OK - /gm)).toHaveLength(3);
  expect(said.match(/ usage=[\d.]+%;70;85;/g)).toHaveLength(2);
});
