// The limit that is configured on machines that apply their files in an order of their own, or by a service.

import { symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wantedLimit } from '../../../../src/evaluate/configured.ts';
import { readConfiguration } from '../../../../src/kernel/settings/settings-files.ts';
import { observation } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';

const KEY = 'net.netfilter.nf_conntrack_max';
const sets = (value: number | string) => `${KEY} = ${value}\n`;

function configured(files: Files) {
  const configuration = readConfiguration(rootOf(files));
  const wanted = wantedLimit(configuration, observation());
  return { value: wanted?.limit, path: wanted?.path, atBoot: wanted?.atBoot, faults: configuration.faults };
}

describe('Red Hat without systemd', () => {
  const release = (text: string, files: Files) => configured({ 'etc/redhat-release': text, ...files });
  const EL6 = 'CentOS release 6.10 (Final)\n';
  const EL5 = 'CentOS release 5.8 (Final)\n';
  const both = { 'etc/sysctl.conf': sets(1), 'etc/sysctl.d/a.conf': sets(2) };

  test('release 6 applies /etc/sysctl.d after /etc/sysctl.conf', () => {
    expect(release(EL6, both)).toMatchObject({ value: 2, path: '/etc/sysctl.d/a.conf', atBoot: true });
  });

  test.each([
    ['conntrack', 2],
    ['a.conf.rpmsave', 1],
    ['a~', 1],
    ['.a.conf', 1],
  ])('release 6: the file %s', (name, value) => {
    expect(release(EL6, { 'etc/sysctl.conf': sets(1), [`etc/sysctl.d/${name}`]: sets(2) }).value).toBe(value);
  });

  test('release 6 has no other folder', () => {
    expect(release(EL6, { 'usr/lib/sysctl.d/a.conf': sets(2) }).value).toBeUndefined();
  });

  test('release 5 applies /etc/sysctl.conf alone', () => {
    expect(release(EL5, both)).toMatchObject({ value: 1, path: '/etc/sysctl.conf', atBoot: true });
    expect(release(EL5, { 'etc/sysctl.d/a.conf': sets(2) })).toMatchObject({ value: 2, atBoot: false });
  });

  test('release 7 is like any other', () => {
    expect(release('CentOS Linux release 7.9.2009 (Core)\n', both).value).toBe(1);
  });
});

describe('OpenRC', () => {
  // The loops of the scripts of Alpine, now and before, and the line of Gentoo's; their other lines do not matter.
  const compared = `if [ -f /etc/sysctl.d/"\${f##*/}" ]; then continue; fi\n`;
  const NOW = `for f in /lib/sysctl.d/*.conf \\\n /usr/lib/sysctl.d/*.conf; do\n${compared}done
for f in /etc/sysctl.d/*.conf; do\nif [ -f /run/sysctl.d/"\${f##*/}" ]; then continue; fi\ndone
[ -f /etc/sysctl.conf ] && sysctl -p /etc/sysctl.conf\nfor f in /run/sysctl.d/*.conf; do sysctl -p "$f"; done\n`;
  const BEFORE =
    'for i in /run/sysctl.d/*.conf /etc/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf /etc/sysctl.conf; do\n';
  const GENTOO = 'while read -r line; do :; done < /etc/sysctl.conf\nsysctl -q --system\n';
  const files = {
    'lib/sysctl.d/z.conf': sets(1),
    'usr/lib/sysctl.d/y.conf': sets(2),
    'etc/sysctl.d/x.conf': sets(3),
  };

  test.each<[string, string, Files, number]>([
    ['/etc after /usr/lib and /lib, whatever the names', NOW, files, 3],
    ['/etc/sysctl.conf after the folder', NOW, { ...files, 'etc/sysctl.conf': sets(4) }, 4],
    ['/run at the end', NOW, { ...files, 'etc/sysctl.conf': sets(4), 'run/sysctl.d/a.conf': sets(5) }, 5],
    ['a file that one of the same name hides', NOW, { 'lib/sysctl.d/a.conf': sets(1), 'etc/sysctl.d/a.conf': '' }, 0],
    [
      'a link to /dev/null, which hides nothing',
      NOW,
      { 'lib/sysctl.d/a.conf': sets(1), 'etc/sysctl.d/a.conf': (path) => symlinkSync('/dev/null', path) },
      1,
    ],
    ['older: /lib after /etc', BEFORE, files, 1],
    ['older: no file hides another', BEFORE, { 'lib/sysctl.d/a.conf': sets(1), 'etc/sysctl.d/a.conf': '' }, 1],
    ['older: /etc/sysctl.conf last', BEFORE, { ...files, 'etc/sysctl.conf': sets(4) }, 4],
    ['Gentoo: by name', GENTOO, files, 1],
    [
      'Gentoo: a file hides others of its name',
      GENTOO,
      { 'lib/sysctl.d/a.conf': sets(1), 'etc/sysctl.d/a.conf': '' },
      0,
    ],
    ['no such script: by name', '', files, 1],
  ])('%s', (_, script, settings, value) => {
    const found = configured({ 'etc/alpine-release': '3.20\n', 'etc/init.d/sysctl': script, ...settings });
    expect(found.value ?? 0).toBe(value);
  });

  test('busybox leaves a file at the first value that the kernel refuses, procps does not', () => {
    const refused = { 'etc/init.d/sysctl': NOW, 'etc/sysctl.conf': `-${sets(6)}${sets('many')}${sets(7)}` };
    expect(configured(refused).value).toBeUndefined();
    expect(configured({ ...refused, 'sbin/sysctl': '' }).value).toBe(7);
    const link = (path: string) => symlinkSync('/bin/busybox', path);
    expect(configured({ ...refused, 'sbin/sysctl': link }).value).toBeUndefined();
  });
});

test('VyOS: its own file counts, not the hashsize', () => {
  const files = {
    'etc/modprobe.d/vyatta_nf_conntrack.conf': 'options nf_conntrack hashsize=32768\n',
    'run/sysctl/10-vyos-conntrack.conf': sets(200_000),
  };
  expect(configured(files)).toMatchObject({ value: 200_000, path: '/run/sysctl/10-vyos-conntrack.conf' });
});

describe('Proxmox VE', () => {
  const HOST = { 'etc/pve/local/host.fw': '[OPTIONS]\nnf_conntrack_max: 1048576\n', 'etc/sysctl.d/a.conf': sets(7) };
  test.each<[string, Files, number]>([
    ['enabled', { 'etc/pve/firewall/cluster.fw': '[OPTIONS]\nenable: 1\n' }, 1_048_576],
    ['off', { 'etc/pve/firewall/cluster.fw': '[OPTIONS]\nenable: 0\n' }, 7],
    ['unknown', {}, 1_048_576],
    ['never set up', { captured: '' }, 7],
  ])('host.fw, the firewall %s', (_, files, value) => expect(configured({ ...HOST, ...files }).value).toBe(value));
});

describe('TuneD', () => {
  const UNIT = 'etc/systemd/system/multi-user.target.wants/tuned.service';
  const TUNED = {
    'run/systemd/system/x': '',
    [UNIT]: (path: string) => symlinkSync('/usr/lib/systemd/system/tuned.service', path),
    'etc/tuned/active_profile': 'mine\n',
    'etc/tuned/mine/tuned.conf': `[main]\nsummary=x\ninclude=base, ours\n\n[sysctl]\n${sets(3)}`,
  };
  const profile = (lines: string) => ({ ...TUNED, 'etc/tuned/mine/tuned.conf': `[sysctl]\n${lines}` });

  test.each<[string, Files, number | undefined]>([
    ['the active profile', TUNED, 3],
    ['a comment', profile(`#${sets(4)}`), undefined],
    ['a value in quotes, and a comment', profile(`${KEY}="5" # why\n`), 5],
    ['another section', { ...TUNED, 'etc/tuned/mine/tuned.conf': `[vm]\n${sets(3)}` }, undefined],
    ['not enabled', { ...TUNED, [UNIT]: () => undefined }, undefined],
    ['another profile is active', { ...TUNED, 'etc/tuned/active_profile': 'balanced\n' }, undefined],
    ['a path for a name', { ...TUNED, 'etc/tuned/active_profile': '../tuned/mine\n' }, undefined],
    ['the distribution has a value too', { ...TUNED, 'usr/lib/sysctl.d/z.conf': sets(8) }, 3],
    ['/etc/sysctl.d is applied again', { ...TUNED, 'etc/sysctl.d/a.conf': sets(9) }, 9],
    [
      '/etc/sysctl.d is not applied again',
      { ...TUNED, 'etc/sysctl.d/a.conf': sets(9), 'etc/tuned/tuned-main.conf': 'reapply_sysctl = 0\n' },
      3,
    ],
    [
      'a profile that is included, by the first folder that has it',
      {
        ...TUNED,
        'etc/tuned/mine/tuned.conf': '[main]\ninclude=base, ours\n[sysctl]\nvm.swappiness=1\n',
        'usr/lib/tuned/base/tuned.conf': `[sysctl]\n${sets(10)}`,
        'usr/lib/tuned/profiles/ours/tuned.conf': `[sysctl]\n${sets(11)}`,
        'etc/tuned/profiles/ours/tuned.conf': `[sysctl]\n${sets(12)}`,
      },
      12,
    ],
    [
      'two profiles that include each other',
      {
        ...TUNED,
        'etc/tuned/mine/tuned.conf': `[main]\ninclude=ours\n[sysctl]\n${sets(13)}`,
        'etc/tuned/ours/tuned.conf': `[main]\ninclude=mine\n[sysctl]\n${sets(14)}`,
      },
      13,
    ],
  ])('%s', (_, files, value) => expect(configured(files)).toMatchObject({ value, faults: [] }));

  test('/etc/sysctl.conf is read at boot, without a link to it', () => {
    const files = { ...profile('vm.swappiness=1\n'), 'etc/sysctl.conf': sets(15) };
    expect(configured(files)).toMatchObject({ value: 15, atBoot: true });
    expect(configured({ ...files, [UNIT]: () => undefined })).toMatchObject({ value: 15, atBoot: false });
  });

  test.each([['>300000'], [`\${limit}`]])('a value that it computes is unknown: %s', (value) => {
    expect(configured(profile(sets(value)))).toMatchObject({ value: undefined, faults: [{ kind: 'io' }] });
    const overridden = { ...profile(sets(value)), 'etc/sysctl.d/a.conf': sets(9) };
    expect(configured(overridden)).toMatchObject({ value: 9, faults: [] });
  });
});
