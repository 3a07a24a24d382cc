// Which of many lines decides what the limit should be.

import { describe, expect, test } from 'vitest';
import { wantedLimit } from '../../../src/evaluate/configured.ts';
import { parseSysctlFile } from '../../../src/kernel/settings/sysctl-file.ts';
import type { HashsizeOption, SysctlReader } from '../../../src/model/configuration.ts';
import type { Generation } from '../../../src/model/generation.ts';
import { NOTHING_CONFIGURED, observation, ok } from '../support/observation.ts';

const CONF = '/etc/sysctl.conf';
const MAX = 'net.netfilter.nf_conntrack_max';
const OTHER = 'net.nf_conntrack_max';
const OLD = 'net.ipv4.ip_conntrack_max';
const HASHSIZE: HashsizeOption = {
  path: '/etc/modprobe.d/x.conf',
  module: 'nf_conntrack',
  key: 'hashsize',
  value: 100,
};

interface Given {
  readonly boot?: string;
  /** A file that is not read at boot. */
  readonly other?: string;
  readonly hashsizes?: readonly HashsizeOption[];
  readonly generation?: Generation;
  readonly release?: readonly [major: number, minor: number];
  readonly live?: number;
  readonly aliases?: readonly string[];
  /** Lines of a script, and of a service. */
  readonly script?: string;
  readonly service?: string;
  readonly reader?: SysctlReader;
  readonly hasTwoLimits?: boolean;
}

function wantedOf({ boot = '', other = '', hashsizes = [], aliases = [], live = 1, ...given }: Given) {
  const { reader = 'systemd', script = '', service = '', hasTwoLimits = false } = given;
  const { generation = 'nf_conntrack', release: [major, minor] = [6, 1] } = given;
  const sysctl = [...parseSysctlFile(boot, '/etc/sysctl.d/a.conf', true), ...parseSysctlFile(other, CONF, false)];
  const seen = observation({ generation, limit: live, release: ok({ major, minor }) });
  const scripts = parseSysctlFile(script, '/etc/rc.local', true);
  const services = parseSysctlFile(service, '/etc/ufw/sysctl.conf', true);
  const read = { sysctl, scripts, services, hashsizes, aliases, reader, hasTwoLimits };
  return wantedLimit({ ...NOTHING_CONFIGURED, ...read }, seen);
}

describe('the line that decides', () => {
  test.each<[string, Given, number | undefined]>([
    ['none', {}, undefined],
    ['the last', { boot: `${MAX} = 1\n${MAX} = 2\n` }, 2],
    ['of either name', { boot: `${MAX} = 1\n${OTHER} = 2\n` }, 2],
    ['a name beats a pattern behind it', { boot: `${MAX} = 1\nnet.netfilter.* = 2\n` }, 1],
    ['a pattern, where there is no name', { boot: 'net.netfilter.nf_conntrack_m* = 2\n' }, 2],
    ['the last pattern', { boot: 'net.netfilter.nf_* = 1\nnet.netfilter.nf_conntrack_* = 2\n' }, 2],
    ['a name that is kept from patterns', { boot: `-${MAX}\nnet.netfilter.* = 2\n` }, undefined],
    ['a name that is kept from patterns can be set itself', { boot: `-${MAX}\n${MAX} = 3\n` }, 3],
    ['another name that is kept', { boot: `-${OTHER}\nnet.netfilter.* = 2\n` }, 2],
    ['what is read at boot beats what is not', { boot: `${MAX} = 1\n`, other: `${MAX} = 2\n` }, 1],
    ['what is not read at boot', { other: `${MAX} = 2\n` }, 2],
    ['a name of this kernel beats another that is read at boot', { boot: `${OLD} = 1\n`, other: `${MAX} = 2\n` }, 2],
    ['though another follows', { other: `${MAX} = 2\n${OLD} = 3\n` }, 2],
    ['a name of another kernel alone', { boot: `${OLD} = 1\n` }, 1],
    [
      "a pattern that stands for the limit's other name, behind a line",
      { boot: `${MAX} = 1\nnet.nf_conntrack_* = 2\n` },
      2,
    ],
    ['systemd: one that is refused cancels an earlier one', { boot: `${MAX} = 1\n${MAX} = x\n` }, undefined],
    ['procps: one that is refused leaves an earlier one', { boot: `${MAX} = 1\n${MAX} = x\n`, reader: 'procps' }, 1],
    ['systemd: one that is written again stays in its place', { boot: `${MAX} = 1\n${OTHER} = 2\n${MAX} = 1\n` }, 2],
    [
      'procps: one that is written again is applied again',
      { boot: `${MAX} = 1\n${OTHER} = 2\n${MAX} = 1\n`, reader: 'procps' },
      1,
    ],
    [
      'busybox: one that is refused ends its file',
      { boot: `${MAX} = 1\n${MAX} = x\n${MAX} = 2\n`, reader: 'busybox' },
      1,
    ],
    ['a script that may not run', { boot: `${MAX} = 1\n`, script: `${MAX} = 2\n`, live: 3 }, 1],
    ['a script that has run', { boot: `${MAX} = 1\n`, script: `${MAX} = 2\n`, live: 2 }, 2],
    ['a script alone', { script: `${MAX} = 2\n`, live: 3 }, 2],
    ['a script before hashsize', { script: `${MAX} = 2\n`, hashsizes: [HASHSIZE], live: 2 }, 2],
    ['a service, which comes last', { boot: `${MAX} = 1\n`, service: `${MAX} = 2\n` }, 2],
    ['two limits: the one of this table', { boot: `${MAX} = 1\n${OTHER} = 2\n`, hasTwoLimits: true }, 1],
    ['two limits: the other one alone', { boot: `${OTHER} = 2\n`, hasTwoLimits: true }, undefined],
    ['0, which is for none', { boot: `${MAX} = 0\n` }, undefined],
    ['eight for each of hashsize', { hashsizes: [{ ...HASHSIZE, value: 1024 }] }, 8192],
    ['of whole pages of buckets', { hashsizes: [{ ...HASHSIZE, value: 1025 }] }, 12_288],
    ['of whole pages from 4.7 on', { hashsizes: [{ ...HASHSIZE, value: 37_500 }], release: [4, 7] }, 303_104],
    ['of the figure as written up to 4.6', { hashsizes: [{ ...HASHSIZE, value: 37_500 }], release: [4, 6] }, 300_000],
    ['as written on EL6', { hashsizes: [{ ...HASHSIZE, value: 37_500 }], release: [2, 6] }, 300_000],
    ['the lower of two on EL7', { hashsizes: [{ ...HASHSIZE, value: 37_500 }], release: [3, 10] }, 300_000],
    [
      'the live one of two on EL7',
      { hashsizes: [{ ...HASHSIZE, value: 37_500 }], release: [3, 10], live: 303_104 },
      303_104,
    ],
    [
      'of ip_conntrack, as it is',
      { hashsizes: [{ ...HASHSIZE, module: 'ip_conntrack', value: 1025 }], generation: 'ip_conntrack' },
      8200,
    ],
    ['the last hashsize', { hashsizes: [{ ...HASHSIZE, value: 9999 }, HASHSIZE] }, 4096],
    ['the hashsize of this module', { hashsizes: [HASHSIZE, { ...HASHSIZE, module: 'ip_conntrack', value: 7 }] }, 4096],
    ['a name that the kernel has from before', { boot: `${MAX} = 1\n${OLD} = 2\n`, aliases: [OLD] }, 2],
    ['of those alone that it has', { boot: `${MAX} = 1\n${OLD} = 2\n`, aliases: [`${OLD}x`] }, 1],
    ['no hashsize of this module', { hashsizes: [{ ...HASHSIZE, module: 'ip_conntrack' }] }, undefined],
    ['a sysctl beats hashsize', { boot: `${MAX} = 1\n`, hashsizes: [HASHSIZE] }, 1],
    ['the names of ip_conntrack', { boot: `${OLD} = 1\n${MAX} = 2\n`, generation: 'ip_conntrack' }, 1],
  ])('%s', (_, given, limit) => expect(wantedOf(given)?.limit).toBe(limit));

  test('with all that there is to say of it', () => {
    expect(wantedOf({ boot: `${OLD} = 5\n` })).toMatchObject({
      limit: 5,
      path: '/etc/sysctl.d/a.conf',
      by: 'sysctl',
      key: OLD,
      value: 5,
      atBoot: true,
      known: false,
    });
    expect(wantedOf({ other: `${MAX} = 5\n` })).toMatchObject({ atBoot: false, known: true });
    expect(wantedOf({ boot: 'net.*.??_conntrack_max = 5\n' })).toMatchObject({ limit: 5, known: true });
    expect(wantedOf({ hashsizes: [HASHSIZE] })).toEqual({
      limit: 4096,
      path: HASHSIZE.path,
      by: 'hashsize',
      key: 'hashsize',
      value: 100,
      atBoot: true,
      known: true,
    });
  });
});
