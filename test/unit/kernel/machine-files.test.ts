// Combinations of a machine's files: the right one of several, in the right order.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTunables } from '../../../src/kernel/namespaces/namespace-sysctls.ts';
import { readEvidence } from '../../../src/kernel/settings/evidence.ts';
import { readConfiguration } from '../../../src/kernel/settings/settings-files.ts';
import { readMachine } from '../../../src/kernel/table/machine-files.ts';
import { entriesOf } from '../../../src/kernel/table/statistics.ts';
import { findGeneration } from '../../../src/kernel/table/sysctl-files.ts';
import { readClock } from '../../../src/kernel/table/uptime.ts';
import type { MachineKind } from '../../../src/model/configuration.ts';
import { fault, ok, otherTable, table } from '../support/observation.ts';
import { type Files, rootOf } from '../support/root.ts';

const MAX = 'net.netfilter.nf_conntrack_max';
const BOOT = '01234567-89ab-cdef-0123-456789abcdef';

describe('the clock', () => {
  const files = (boot: string, uptime: string): Files => ({
    'proc/sys/kernel/random/boot_id': boot,
    'proc/uptime': uptime,
  });

  test('reads boot_id and uptime', () => {
    const clock = readClock(rootOf(files(`${BOOT}\n`, '1234.56 99.10\n')));
    expect(clock).toMatchObject({ ok: true, value: { boot: BOOT, uptime: 1234.56 } });
    expect(clock.ok && clock.source).toMatch(/\/proc\/uptime$/);
  });

  test.each([
    ['no boot_id', files('', '1.00 2\n'), 'malformed'],
    ['a boot_id of another form', files(`${BOOT}0`, '1.00 2\n'), 'malformed'],
    ['text before the boot_id', files(`x${BOOT}`, '1.00 2\n'), 'malformed'],
    ['no uptime', files(BOOT, ''), 'malformed'],
    ['an uptime without hundredths', files(BOOT, '12 3\n'), 'malformed'],
    ['an uptime of three decimals', files(BOOT, '12.345 3\n'), 'malformed'],
    ['text before the uptime', files(BOOT, 'x12.34 3\n'), 'malformed'],
    ['an uptime of many years', files(BOOT, '1234567890123.00 3\n'), 'malformed'],
    ['neither', {}, 'missing'],
    ['no uptime file', { 'proc/sys/kernel/random/boot_id': BOOT }, 'missing'],
  ])('%s', (_, given, kind) => expect(readClock(rootOf(given))).toMatchObject({ ok: false, fault: { kind } }));
});

describe('the generation', () => {
  const NEW = 'proc/sys/net/netfilter/nf_conntrack';
  const OLD = 'proc/sys/net/ipv4/netfilter/ip_conntrack';
  const sysctlsIn = (files: Files) => {
    const sysctls = findGeneration(rootOf(files));
    if (sysctls === undefined) return undefined;
    const { generation, count, max } = sysctls;
    return [generation, count.ok ? count.value : count.fault.kind, max.ok ? max.value : max.fault.kind];
  };

  test.each<[string, Files, readonly (string | number)[] | undefined]>([
    ['none', {}, undefined],
    ['nf_conntrack', { [`${NEW}_count`]: '1\n', [`${NEW}_max`]: '2\n' }, ['nf_conntrack', 1, 2]],
    ['ip_conntrack', { [`${OLD}_count`]: '1\n', [`${OLD}_max`]: '2\n' }, ['ip_conntrack', 1, 2]],
    [
      'prefers the newer one to its shim',
      { [`${NEW}_count`]: '1\n', [`${NEW}_max`]: '2\n', [`${OLD}_count`]: '3\n', [`${OLD}_max`]: '4\n' },
      ['nf_conntrack', 1, 2],
    ],
    [
      'needs one file, and reports the other as missing',
      { [`${NEW}_count`]: '1\n', [`${OLD}_max`]: '4\n' },
      ['nf_conntrack', 1, 'missing'],
    ],
    ['the other one alone', { [`${NEW}_max`]: '2\n' }, ['nf_conntrack', 'missing', 2]],
    ['a limit elsewhere', { [`${NEW}_count`]: '1\n', 'proc/sys/net/nf_conntrack_max': '5\n' }, ['nf_conntrack', 1, 5]],
    [
      "prefers the container's own limit",
      { [`${NEW}_count`]: '1\n', [`${NEW}_max`]: '2\n', 'proc/sys/net/nf_conntrack_max': '5\n' },
      ['nf_conntrack', 1, 2],
    ],
    [
      'ip_conntrack, a limit elsewhere',
      { [`${OLD}_count`]: '1\n', 'proc/sys/net/ipv4/ip_conntrack_max': '5\n' },
      ['ip_conntrack', 1, 5],
    ],
    [
      'does not search elsewhere for a broken limit',
      { [`${NEW}_count`]: '1\n', [`${NEW}_max`]: 'x\n', 'proc/sys/net/nf_conntrack_max': '5\n' },
      ['nf_conntrack', 1, 'not-a-number'],
    ],
  ])('%s', (_, files, expected) => expect(sysctlsIn(files)).toEqual(expected));
});

describe('evidence about a limit', () => {
  const PVE = { 'etc/pve/local/host.fw': '', 'run/systemd/system/x': '' };
  const PBS = { 'proc/sys/kernel/osrelease': '6.8.12-4-pve\n' };
  const evidence = (files: Files) => readEvidence(rootOf(files), 'nf_conntrack');
  const CONFIG = 'etc/sysconfig/iptables-config';
  const MODULES_DEP = {
    'proc/sys/kernel/osrelease': '6.1.0\n',
    'lib/modules/6.1.0/modules.dep':
      'kernel/net/netfilter/nf_conntrack.ko.xz: kernel/lib/libcrc32c.ko.xz\nkernel/net/x-nat.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz\n',
  };

  test.each<[string, string | undefined, boolean | undefined]>([
    ['no such service', undefined, undefined],
    ['no setting', '', true],
    ['yes', 'IPTABLES_MODULES_UNLOAD="yes"\n', true],
    ['no', 'IPTABLES_MODULES_UNLOAD="no"\n', false],
    ['in single quotes', "IPTABLES_MODULES_UNLOAD='no'\n", false],
    ['in capitals, without quotes, with blanks', '  IPTABLES_MODULES_UNLOAD=NO\n', false],
    ['the last one wins', 'IPTABLES_MODULES_UNLOAD="no"\nIPTABLES_MODULES_UNLOAD="yes"\n', true],
    ['a comment', '#IPTABLES_MODULES_UNLOAD="no"\n', true],
    ['another name', 'IPTABLES_MODULES="no"\n', true],
    ['conntrack is set again', 'IPTABLES_SYSCTL_LOAD_LIST=".nf_conntrack"\n', false],
  ])('iptables unloads modules: %s', (_, text, expected) => {
    expect(evidence(text === undefined ? {} : { [CONFIG]: text }).iptablesUnloads).toBe(expected);
  });

  test.each<[string, string | undefined, boolean | undefined]>([
    ['unknown in a tree without the list', undefined, undefined],
    ['listed', 'x 1\nnf_conntrack 1 2\n', false],
    ['not listed', 'nf_conntrack_ftp 1 2\n', true],
    ['needed by another', 'x 1 2 nf_conntrack \n', true],
  ])('built in: %s', (_, modules, expected) => {
    expect(evidence(modules === undefined ? {} : { 'proc/modules': modules }).builtIn).toBe(expected);
  });

  test.each<[string, Files, boolean]>([
    ['nowhere', {}, false],
    ['/etc/modules', { 'etc/modules': '# x\n nf_conntrack \n' }, true],
    ['/etc/modules-load.d', { 'etc/modules-load.d/a.conf': 'x\nnf_conntrack\n' }, true],
    ['/run/modules-load.d', { 'run/modules-load.d/a.conf': 'nf_conntrack\n' }, true],
    ['/usr/local/lib/modules-load.d', { 'usr/local/lib/modules-load.d/a.conf': 'nf_conntrack\n' }, true],
    ['/usr/lib/modules-load.d', { 'usr/lib/modules-load.d/a.conf': 'nf_conntrack\n' }, true],
    ['a file with another ending', { 'etc/modules-load.d/a.txt': 'nf_conntrack\n' }, false],
    ['spelled with the other sign', { 'etc/modules-load.d/a.conf': 'nf-conntrack\n' }, true],
    ['a module that needs it', { 'etc/modules-load.d/a.conf': 'br_netfilter\nip_vs\nnf_conntrack_ipv4\n' }, true],
    ['another module', { 'etc/modules': 'br_netfilter\n' }, false],
    ['a folder of OpenWrt', { 'etc/modules.d/nf-conntrack': 'nf_conntrack\nnf_conntrack_rtcache\n' }, true],
    ['a script of Red Hat', { 'etc/sysconfig/modules/a.modules': '#!/bin/sh\n/sbin/modprobe -q ip_vs\n' }, true],
    ['by modules.dep', { ...MODULES_DEP, 'etc/modules': 'x_nat\n' }, true],
    ['not by modules.dep', { ...MODULES_DEP, 'etc/modules': 'nf_conntrack_ipv4\n' }, false],
    ['a comment', { 'etc/modules': '#nf_conntrack\n' }, false],
  ])('loaded at boot: %s', (_, files, expected) => expect(evidence(files).loader !== undefined).toBe(expected));

  test('built in or not, by the list of what is built in, where the one of modules is missing', () => {
    const builtIn = (text: string) =>
      evidence({ 'proc/sys/kernel/osrelease': '6.1.0\n', 'lib/modules/6.1.0/modules.builtin': text }).builtIn;
    expect(builtIn('kernel/net/netfilter/nf_conntrack.ko\n')).toBe(true);
    expect(builtIn('kernel/net/x.ko\n')).toBe(false);
  });

  test.each<[string, Files, MachineKind]>([
    ['OpenWrt', { 'etc/openwrt_release': '' }, 'openwrt'],
    ['VyOS, which has systemd too', { 'usr/share/vyos/version.json': '', 'run/systemd/system/x': '' }, 'vyos'],
    ['Proxmox VE by its folder', { 'etc/pve/local/host.fw': '', 'run/systemd/system/x': '' }, 'proxmox'],
    ['Proxmox VE by its kernel', { 'proc/sys/kernel/osrelease': '6.8.12-4-pve\n' }, 'proxmox'],
    ['Proxmox VE, its firewall not enabled', { ...PVE, 'etc/pve/firewall/cluster.fw': 'enable: 0\n' }, 'systemd'],
    ['Proxmox VE, its firewall enabled', { ...PVE, 'etc/pve/firewall/cluster.fw': 'enable: 1\n' }, 'proxmox'],
    ['Proxmox VE, its firewall never set up, in a whole tree', { ...PVE, captured: '' }, 'systemd'],
    ['the kernel of Proxmox VE without its firewall', { ...PBS, captured: '' }, 'other'],
    ['Talos by its kernel', { 'proc/sys/kernel/osrelease': '6.12.6-talos\n' }, 'talos'],
    ['Alpine', { 'etc/alpine-release': '3.20\n' }, 'openrc'],
    ['EL6', { 'etc/redhat-release': 'CentOS release 6.10 (Final)\n' }, 'red hat without systemd'],
    ['EL7', { 'etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)\n' }, 'other'],
    ['nothing of these', {}, 'other'],
  ])('the kind of machine: %s', (_, files, kind) => expect(evidence(files).kind).toBe(kind));

  test.each<[string, string, boolean]>([
    [
      'over two lines',
      'ACTION=="add", SUBSYSTEM=="module", KERNEL=="nf_conntrack", \\\n  RUN+="/lib/systemd/systemd-sysctl"\n',
      true,
    ],
    ['a comment', '#KERNEL=="nf_conntrack", RUN+="/lib/systemd/systemd-sysctl"\n', false],
    ['another program', 'KERNEL=="nf_conntrack", RUN+="/bin/logger"\n', false],
  ])('a udev rule that runs sysctl: %s', (_, text, expected) => {
    expect(evidence({ 'etc/udev/rules.d/50.rules': text }).udevRule !== undefined).toBe(expected);
  });

  test('a tree that lacks places, and one that was captured whole', () => {
    const most = ['modules loaded at boot', 'udev rules', 'kubelet', 'CPUs'];
    expect(evidence({}).unseen).toEqual(['init system', 'module options', ...most]);
    const some: Files = {
      'etc/modprobe.d/x': '',
      'etc/modules': '',
      'lib/udev/rules.d/x': '',
      'run/systemd/system/x': '',
    };
    expect(evidence(some).unseen).toEqual(['kubelet', 'CPUs']);
    const EL6 = {
      'etc/modprobe.conf': '',
      'etc/modules': '',
      'lib/udev/rules.d/x': '',
      'etc/redhat-release': 'CentOS release 6.10\n',
    };
    expect(evidence(EL6).unseen).toEqual(['iptables service', 'kubelet', 'CPUs']);
    expect(evidence({ ...EL6, 'etc/sysconfig/x': '' }).unseen).toEqual(['kubelet', 'CPUs']);
    expect(evidence({ captured: '' }).unseen).toEqual([]);
  });

  test.each<[string, boolean]>([
    ['run/systemd/system/x', true],
    ['usr/lib/systemd/system/x', true],
    ['lib/systemd/system/x', true],
    ['etc/systemd/x', false],
  ])('systemd: %s', (path, expected) => expect(evidence({ [path]: '' }).kind === 'systemd').toBe(expected));

  test.each<[string, boolean]>([
    ['var/lib/kubelet/config.yaml', true],
    ['var/lib/k0s/kubelet/x', true],
    ['var/snap/microk8s/common/var/lib/kubelet/x', true],
    ['var/lib/kube', false],
  ])('Kubernetes: %s', (path, expected) => expect(evidence({ [path]: '' }).kubelet !== undefined).toBe(expected));

  test.each<[Files, string | undefined]>([
    [{ 'etc/rancher/k3s/config.yaml': '' }, '/etc/rancher/k3s/config.yaml'],
    [{ 'etc/rancher/rke2/x': '' }, '/etc/rancher/rke2/config.yaml'],
    [{}, undefined],
  ])('the file with the flags of kube-proxy: %j', (files, path) => expect(evidence(files).kubeProxyFile).toBe(path));

  test.each<[string | undefined, number | undefined]>([
    ['0\n', 1],
    ['0-3\n', 4],
    ['0,2-3,8-15\n', 11],
    ['\n', undefined],
    ['0-x\n', undefined],
    [undefined, undefined],
  ])('CPUs online: %j', (text, expected) => {
    expect(evidence(text === undefined ? {} : { 'sys/devices/system/cpu/online': text }).cpus).toBe(expected);
  });
});

test.each<[string, Files, readonly string[]]>([
  ['none', {}, []],
  ['present, but not in a file', { 'etc/sysctl.conf': `${MAX} = 1\n` }, []],
  [
    'in a file, and present',
    { 'etc/sysctl.conf': 'net.ipv4.netfilter.ip_conntrack_max = 1\nnet.ipv4.ip_conntrack_max = 1\n' },
    ['net.ipv4.netfilter.ip_conntrack_max'],
  ],
])('ip_conntrack names that the kernel still has: %s', (_, files, expected) => {
  const shim = { 'proc/sys/net/ipv4/netfilter/ip_conntrack_max': '1\n' };
  expect(readConfiguration(rootOf({ ...shim, ...files })).aliases).toEqual(expected);
  expect(readConfiguration(rootOf(files)).aliases).toEqual([]);
});

describe('sysctl.d', () => {
  const linesOf = (files: Files) =>
    readConfiguration(rootOf(files)).sysctl.map(
      ({ path, value, atBoot }) => `${path} ${value}${atBoot ? '' : ' not at boot'}`,
    );
  const set = (value: number) => `${MAX} = ${value}\n`;
  const link = (target: string) => (path: string) => symlinkSync(target, path);
  const SYSTEMD = { 'run/systemd/system/x': '' };

  test.each<[string, Files, readonly string[]]>([
    ['none', {}, []],
    [
      'sorts by name, whatever the directory',
      { 'usr/lib/sysctl.d/10-b.conf': set(1), 'etc/sysctl.d/20-a.conf': set(2), 'run/sysctl.d/00-c.conf': set(3) },
      ['/run/sysctl.d/00-c.conf 3', '/usr/lib/sysctl.d/10-b.conf 1', '/etc/sysctl.d/20-a.conf 2'],
    ],
    [
      'hides files of the same name in later directories',
      {
        'etc/sysctl.d/a.conf': set(1),
        'run/sysctl.d/a.conf': set(2),
        'usr/local/lib/sysctl.d/a.conf': set(3),
        'usr/lib/sysctl.d/a.conf': set(4),
        'lib/sysctl.d/a.conf': set(5),
      },
      ['/etc/sysctl.d/a.conf 1'],
    ],
    [
      'the second',
      {
        'run/sysctl.d/a.conf': set(2),
        'usr/local/lib/sysctl.d/a.conf': set(3),
        'usr/lib/sysctl.d/a.conf': set(4),
        'lib/sysctl.d/a.conf': set(5),
      },
      ['/run/sysctl.d/a.conf 2'],
    ],
    [
      'the third',
      { 'usr/local/lib/sysctl.d/a.conf': set(3), 'usr/lib/sysctl.d/a.conf': set(4), 'lib/sysctl.d/a.conf': set(5) },
      ['/usr/local/lib/sysctl.d/a.conf 3'],
    ],
    [
      'the fourth',
      { 'usr/lib/sysctl.d/a.conf': set(4), 'lib/sysctl.d/a.conf': set(5) },
      ['/usr/lib/sysctl.d/a.conf 4'],
    ],
    ['the fifth', { 'lib/sysctl.d/a.conf': set(5) }, ['/lib/sysctl.d/a.conf 5']],
    ['a hiding file may set nothing', { 'etc/sysctl.d/a.conf': '', 'run/sysctl.d/a.conf': set(2) }, []],
    ['switched off', { 'etc/sysctl.d/a.conf': link('/dev/null'), 'run/sysctl.d/a.conf': set(2) }, []],
    ['other names', { 'etc/sysctl.d/README': set(1), 'etc/sysctl.d/a.conf.bak': set(3) }, []],
    ['what is hidden, which procps reads', { 'etc/sysctl.d/.a.conf': set(2) }, ['/etc/sysctl.d/.a.conf 2']],
    ['and systemd does not', { ...SYSTEMD, 'etc/sysctl.d/.a.conf': set(2) }, []],
    [
      'of OpenWrt one folder, and then sysctl.conf',
      {
        'etc/openwrt_release': '',
        'etc/sysctl.d/z.conf': set(1),
        'lib/sysctl.d/a.conf': set(2),
        'etc/sysctl.conf': set(3),
      },
      ['/etc/sysctl.d/z.conf 1', '/etc/sysctl.conf 3'],
    ],
    [
      'reads sysctl.conf last',
      { 'etc/sysctl.conf': set(1), 'etc/sysctl.d/zz.conf': set(2) },
      ['/etc/sysctl.d/zz.conf 2', '/etc/sysctl.conf 1'],
    ],
    [
      'sysctl.conf, which systemd does not read',
      { ...SYSTEMD, 'etc/sysctl.conf': set(1), 'etc/sysctl.d/zz.conf': set(2) },
      ['/etc/sysctl.d/zz.conf 2', '/etc/sysctl.conf 1 not at boot'],
    ],
    [
      "systemd reads it through a link, in the link's place",
      {
        ...SYSTEMD,
        'etc/sysctl.conf': set(1),
        'etc/sysctl.d/99-sysctl.conf': link('../sysctl.conf'),
        'etc/sysctl.d/zz.conf': set(2),
      },
      ['/etc/sysctl.conf 1', '/etc/sysctl.d/zz.conf 2'],
    ],
    [
      'an absolute link',
      { ...SYSTEMD, 'etc/sysctl.conf': set(1), 'etc/sysctl.d/99-sysctl.conf': link('/etc/sysctl.conf') },
      ['/etc/sysctl.conf 1'],
    ],
    [
      'a link with a longer path',
      { ...SYSTEMD, 'etc/sysctl.conf': set(1), 'usr/lib/sysctl.d/99-sysctl.conf': link('../../../etc/sysctl.conf') },
      ['/etc/sysctl.conf 1'],
    ],
    [
      'a link of another name',
      { ...SYSTEMD, 'etc/sysctl.conf': set(1), 'etc/sysctl.d/98-sysctl.conf': link('../sysctl.conf') },
      ['/etc/sysctl.d/98-sysctl.conf 1', '/etc/sysctl.conf 1 not at boot'],
    ],
    [
      'a link to somewhere else',
      {
        ...SYSTEMD,
        'etc/x/sysctl.conf': set(7),
        'etc/sysctl.conf': set(1),
        'etc/sysctl.d/99-sysctl.conf': link('../x/sysctl.conf'),
      },
      ['/etc/sysctl.d/99-sysctl.conf 7', '/etc/sysctl.conf 1 not at boot'],
    ],
    [
      'a link to a copy next to it',
      {
        ...SYSTEMD,
        'etc/sysctl.conf': set(1),
        'etc/sysctl.conf.old': set(7),
        'etc/sysctl.d/99-sysctl.conf': link('../sysctl.conf.old'),
      },
      ['/etc/sysctl.d/99-sysctl.conf 7', '/etc/sysctl.conf 1 not at boot'],
    ],
    [
      'a link below another folder of that name',
      {
        ...SYSTEMD,
        'etc/etc/sysctl.conf': set(8),
        'etc/sysctl.conf': set(1),
        'etc/sysctl.d/99-sysctl.conf': link('../etc/sysctl.conf'),
      },
      ['/etc/sysctl.d/99-sysctl.conf 8', '/etc/sysctl.conf 1 not at boot'],
    ],
  ])('%s', (_, files, expected) => expect(linesOf(files)).toEqual(expected));

  const kinds = (files: Files) => readConfiguration(rootOf(files)).faults.map(({ kind }) => kind);

  test.each<[string, Files, readonly string[]]>([
    ['reports no fault without files', {}, []],
    ['a directory of that name sets nothing', { 'etc/sysctl.d/a.conf': (path) => void mkdirSync(path) }, []],
    [
      'reports a file that is too large, because it may set anything',
      { 'etc/sysctl.d/a.conf': 'x'.repeat((1 << 18) + 1) },
      ['too-large'],
    ],
    ['reports a file in the place of a directory', { 'etc/sysctl.d': '' }, []],
    ['a file that is switched off', { 'etc/sysctl.d/a.conf': link('/dev/null') }, []],
    ['reports a link out of the tree', { 'etc/sysctl.d/a.conf': link('/etc/hostname') }, ['outside-root']],
  ])('%s', (_, files, expected) => expect(kinds(files)).toEqual(expected));

  test('cannot open a name that is not UTF-8', () => {
    const named = (name: string) => (path: string) =>
      writeFileSync(Buffer.from(join(dirname(path), name), 'latin1'), '');
    const faults = (name: string) => readConfiguration(rootOf({ 'etc/sysctl.d/x': named(name) })).faults;
    expect(faults('a\u00ff.conf')).toMatchObject([{ kind: 'io', detail: 'its name is not UTF-8' }]);
    expect(faults('a\u00ff.conf')[0]?.source).toMatch(/etc\/sysctl\.d\/a/);
    expect(faults('a\u00ff.bak')).toEqual([]);
    expect(faults('a\u00c3\u00bc.conf')).toEqual([]);
  });

  test("with the module's options: modprobe.conf first, the command line last", () => {
    const { hashsizes, reapplied } = readConfiguration(
      rootOf({
        'proc/cmdline': 'quiet nf_conntrack.hashsize=3\n',
        'etc/modprobe.d/a.conf': 'options nf_conntrack hashsize=2\n',
        'etc/modprobe.conf': 'options nf_conntrack hashsize=1\n',
      }),
    );
    expect(hashsizes.map(({ path, key, value }) => [path, key, value])).toEqual([
      ['/etc/modprobe.conf', 'hashsize', 1],
      ['/etc/modprobe.d/a.conf', 'hashsize', 2],
      ['/proc/cmdline', 'nf_conntrack.hashsize', 3],
    ]);
    expect(reapplied).toBe(false);
  });

  test.each(['etc', 'run', 'usr/local/lib', 'usr/lib', 'lib'])('modprobe.d in %s', (folder) => {
    const text = 'install nf_conntrack /sbin/modprobe -i nf_conntrack; /sbin/sysctl -p\n';
    expect(readConfiguration(rootOf({ [`${folder}/modprobe.d/a.conf`]: text })).reapplied).toBe(true);
  });
});

describe('the machine', () => {
  const FILES = {
    'proc/sys/kernel/osrelease': '6.1.0\n',
    'proc/sys/net/netfilter/nf_conntrack_buckets': '512\n',
    'proc/sys/net/ipv4/netfilter/ip_conntrack_buckets': '256\n',
    'proc/sys/net/netfilter/nf_conntrack_expect_max': '64\n',
    'proc/meminfo': 'MemTotal: 9 kB\nMemFree: 5 kB\n',
  };
  const valuesOf = (
    wanted: Parameters<typeof readMachine>[2],
    generation: Parameters<typeof readMachine>[1] = 'nf_conntrack',
  ) => {
    const { buckets, memTotal, available, expectMax } = readMachine(rootOf(FILES), generation, wanted);
    return [buckets, memTotal, available, expectMax].map((reading) =>
      reading.ok ? reading.value : reading.fault.kind,
    );
  };

  test('reads no more than requested', () => {
    const free = { bytes: 5 * 1024, exact: false };
    expect(valuesOf('least')).toEqual(Array(4).fill('not-asked'));
    expect(valuesOf('sizes')).toEqual([512, 9 * 1024, free, 'not-asked']);
    expect(valuesOf('all')).toEqual([512, 9 * 1024, free, 64]);
    expect(valuesOf('sizes', 'ip_conntrack')[0]).toBe(256);
  });

  test('always reads release, sizes, slab cache and view', () => {
    const auxv = Buffer.from(Uint32Array.from([6, 0, 65_536, 0, 0, 0, 0, 0]).buffer).toString('latin1');
    const slabinfo = 'nf_conntrack 1 1 256 16 1 : x\n';
    const { release, pageSize, wordSize, slabCache, view } = readMachine(
      rootOf({ ...FILES, 'proc/self/auxv': auxv, 'proc/slabinfo': slabinfo }),
      'nf_conntrack',
      'least',
    );
    expect(view).toBe('captured');
    expect(release).toMatchObject({ value: { major: 6, minor: 1 } });
    expect(pageSize).toMatchObject({ value: 65_536 });
    expect(wordSize).toMatchObject({ value: 8 });
    expect(slabCache).toMatchObject({ value: { objectSize: 256 } });
    expect(readMachine(rootOf({}), 'nf_conntrack', 'least').pageSize).toMatchObject({ fault: { kind: 'missing' } });
  });

  test('a 32-bit machine of the other byte order', () => {
    const auxv = Buffer.from([0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 16, 0]).toString('latin1');
    const { pageSize, wordSize } = readMachine(rootOf({ ...FILES, 'proc/self/auxv': auxv }), 'nf_conntrack', 'least');
    expect([pageSize, wordSize]).toMatchObject([{ value: 4096 }, { value: 4 }]);
  });

  test('unknown memory', () => {
    const { memTotal, available } = readMachine(rootOf({ 'proc/meminfo': 'x\n' }), 'nf_conntrack', 'sizes');
    expect([memTotal, available]).toMatchObject(Array(2).fill({ ok: false, fault: { kind: 'malformed' } }));
    expect(readMachine(rootOf({}), 'nf_conntrack', 'sizes').available).toMatchObject({ fault: { kind: 'missing' } });
  });
});

test('takes entries from the counters', () => {
  expect(entriesOf(ok({ entries: 7, cpus: [] }, 'there'))).toEqual(ok(7, 'there'));
  expect(entriesOf(ok({ cpus: [] }, 'there'))).toEqual(fault('malformed', 'there'));
  expect(entriesOf(fault('denied'))).toEqual(fault('denied'));
});

test('reads the timeouts of a tree, and of no namespace that cannot be entered', () => {
  const root = rootOf({
    'proc/net/stat/nf_conntrack': '',
    'proc/sys/net/netfilter/nf_conntrack_udp_timeout': '30\n',
    'proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close': 'x\n',
    'proc/sys/net/netfilter/nf_conntrack_max': '5\n',
    'proc/sys/net/netfilter/ip_conntrack_icmp_timeout': '7\n',
  });
  expect([...readTunables(root, 'nf_conntrack', table())]).toEqual([['udp_timeout', 30]]);
  expect([...readTunables(root, 'nf_conntrack', otherTable({ pids: [] }))]).toEqual([]);
});
