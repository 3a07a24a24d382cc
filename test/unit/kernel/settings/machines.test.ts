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
