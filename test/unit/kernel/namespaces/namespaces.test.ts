// Processes, mounts and control groups in /proc, in every form that kernels and container runtimes produce.

import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseContainer } from '../../../../src/kernel/namespaces/cgroup.ts';
import { identify } from '../../../../src/kernel/namespaces/identity.ts';
import { parseMounts, readMounts } from '../../../../src/kernel/namespaces/mounts.ts';
import { netInode, parseProcess, processIds } from '../../../../src/kernel/namespaces/processes.ts';
import { hidingOption, parseCapabilities, visibilityOf } from '../../../../src/kernel/namespaces/visibility.ts';
import type { Container } from '../../../../src/model/table.ts';
import { otherTable } from '../../support/observation.ts';
import { rootOf } from '../../support/root.ts';

const ID = '0123456789abcdef'.repeat(4);
const UID = '3f2a81c4-6f0e-4a53-9c1d-0b6f4f1e2a77';
const UNDERSCORED = UID.replace(/-/g, '_');

describe('/proc/<pid>/stat', () => {
  const rest = 'S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9';

  test.each([
    ['envoy', 'envoy'],
    ['a name with ) and (', 'a) S 9 (b'],
    ['a name with a line break', 'a\nb'],
    ['no name', ''],
  ])('%s', (_, command) => {
    const expected = { parent: 1, started: 1234.56, command, kernelThread: false };
    expect(parseProcess(`42 (${command}) ${rest}\n`)).toEqual({ ok: true, value: expected });
  });

  test('recognises a kernel thread by its flag, not by its name', () => {
    const kthreadd = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0';
    expect(parseProcess(kthreadd)).toMatchObject({ value: { kernelThread: true } });
    expect(parseProcess(kthreadd.replace('2129984', '4194560'))).toMatchObject({ value: { kernelThread: false } });
  });

  test.each(['', '42', '42 (x', 'x) S 1', '42 (x) S 1 2', `42 x) ${rest}`, `42 x) ${rest} (9`])(
    'rejects %j',
    (text) => {
      expect(parseProcess(text)).toEqual({ ok: false, kind: 'malformed' });
    },
  );
});

describe('/proc/<pid>/mountinfo', () => {
  const proc = '22 27 0:21 / /proc rw,relatime - proc proc rw,hidepid=invisible';
  const blue = '43 42 0:4 net:[4026532177] /run/netns/blue rw shared:2 - nsfs nsfs rw';

  test('returns network namespaces, whatever else is mounted', () => {
    const text = [
      proc,
      '44 42 0:4 mnt:[4026532178] /run/snapd/ns/x.mnt rw - nsfs nsfs rw',
      '45 42 8:1 net:[4026532179] /mnt/fake rw - ext4 /dev/sda1 rw',
      '46 42 0:4 xnet:[1] /x rw - nsfs nsfs rw',
      '47 42 0:4 net:[2]x /x rw - nsfs nsfs rw',
      'x 48 42 0:4 net:[3] /x rw - nsfs nsfs rw',
      '49 42 0:4 net:[5] /x rw - nsfs nsfs rw more',
      blue,
      '',
    ].join('\n');
    expect(parseMounts(text)).toMatchObject({
      ok: true,
      value: { namespaces: [{ number: 4026532177, path: '/run/netns/blue' }], procs: [{ path: '/proc' }] },
    });
  });

  test.each([
    ['no tags', '43 42 0:4 net:[7] /a rw - nsfs nsfs rw', '/a'],
    ['several tags', '43 42 0:4 net:[7] /a rw shared:2 master:1 - nsfs nsfs rw', '/a'],
    ['a space in the path', '43 42 0:4 net:[7] /a\\040b rw - nsfs nsfs rw', '/a b'],
    ['bytes above 127', '43 42 0:4 net:[7] /\u00c3\u00bc rw - nsfs nsfs rw', '/\u00fc'],
    ['no options of the file system', '43 42 0:4 net:[7] /a rw - nsfs nsfs', '/a'],
    ['a device of two digits', '43 42 10:42 net:[7] /a rw - nsfs nsfs rw', '/a'],
    ['a path that is not UTF-8', '43 42 0:4 net:[7] /a\u00ff rw - nsfs nsfs rw', '/a\ufffd'],
    ['an empty source', '43 42 0:4 net:[7] /a rw - nsfs  rw', '/a'],
  ])('%s', (_, line, path) => {
    expect(parseMounts(line)).toMatchObject({ value: { namespaces: [{ number: 7, path }] } });
  });

  test('prefers the name of ip-netns(8) among several mounts of one namespace', () => {
    const docker = blue.replace('/run/netns/blue', '/run/docker/netns/1a2b');
    for (const lines of [
      [blue, docker],
      [docker, blue],
    ])
      expect(parseMounts(lines.join('\n'))).toMatchObject({ value: { namespaces: [{ path: '/run/netns/blue' }] } });
  });

  test.each(['', 'nothing of this form\n'])('rejects %j', (text) => {
    expect(parseMounts(text)).toEqual({ ok: false, kind: 'malformed' });
  });
});

describe('hidepid', () => {
  test.each<[options: string, groups: readonly number[], hidden: string | undefined]>([
    ['rw', [1], undefined],
    ['rw,hidepid=0', [1], undefined],
    ['hidepid=2', [1], 'hidepid=2'],
    ['xhidepid=2', [1], undefined],
    ['gid=12,hidepid=2', [12], undefined],
    ['rw,hidepid=off', [1], undefined],
    ['rw,hidepid=1', [1], 'hidepid=1'],
    ['rw,hidepid=2', [1], 'hidepid=2'],
    ['rw,hidepid=noaccess', [1], 'hidepid=noaccess'],
    ['rw,gid=12,hidepid=invisible,subset=pid', [1], 'hidepid=invisible'],
    ['rw,gid=12,hidepid=invisible', [1, 12], undefined],
    ['rw,hidepid=2', [0], undefined],
    ['rw,gid=12,hidepid=ptraceable', [0, 12], 'hidepid=ptraceable'],
    ['rw,gid=12,hidepid=4', [12], 'hidepid=4'],
  ])('%s for groups %o: %s', (options, groups, hidden) => expect(hidingOption(options, groups)).toBe(hidden));

  test.each([
    ['CapEff:\t000001ffffffffff\n', 0xffffffff],
    ['Name:\tx\nCapEff:\t0000000000080000\n', 1 << 19],
    ['CapEff:\t0000000000000000\n', 0],
    ['xCapEff:\t0000000000000001\nCapEff: \t0000000000000002\n', 2],
  ])('capabilities of %j', (text, value) => expect(parseCapabilities(text)).toEqual({ ok: true, value }));

  test('reports missing capabilities', () =>
    expect(parseCapabilities('Name:\tx\n')).toEqual({ ok: false, kind: 'malformed' }));
});

describe('visible processes', () => {
  const thread = { 'proc/2/stat': '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0' };
  const rooms = { 'proc/2/stat': '2 (bash) S 1 0 0 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0' };
  const mounted = (...options: readonly string[]) => ({
    namespaces: [],
    procs: options.map((text) => ({ path: '/proc', options: text })),
  });

  test('all processes, with kernel threads', () => {
    expect(visibilityOf(rootOf(thread), undefined, false)).toEqual({
      processes: 'all',
      hidepid: undefined,
      listed: true,
    });
    expect(visibilityOf(rootOf(thread), mounted('rw'), false).processes).toBe('all');
  });

  test('a container without kernel threads', () => {
    for (const files of [rooms, {}])
      expect(visibilityOf(rootOf(files), mounted('rw'), false).processes).toBe('container');
  });

  test('our own, if others hide their namespace', () => {
    expect(visibilityOf(rootOf(thread), undefined, true)).toEqual({
      processes: 'own',
      hidepid: undefined,
      listed: true,
    });
  });

  test('uses the last of several mounts at /proc, and ignores other paths', () => {
    const { procs } = mounted('rw,hidepid=ptraceable', 'rw');
    const elsewhere = { path: '/mnt/proc', options: 'rw,hidepid=ptraceable' };
    const hidden = visibilityOf(rootOf(thread), { namespaces: [], procs: [...procs, elsewhere] }, true);
    expect(hidden.hidepid).toBeUndefined();
    expect(visibilityOf(rootOf(thread), mounted('rw', 'rw,hidepid=ptraceable'), true).hidepid).toBe(
      'hidepid=ptraceable',
    );
  });
});

describe('/proc/<pid>/cgroup', () => {
  const container = { kind: 'container', id: ID.slice(0, 12) } as const;
  const pod = { kind: 'pod', id: UID } as const;
  const named = (id: string) => ({ kind: 'container', id }) as const;

  test.each<[string, path: string, Container | undefined]>([
    ['docker, cgroupfs', `/docker/${ID}`, container],
    ['docker, systemd', `/system.slice/docker-${ID}.scope`, container],
    ['docker, rootless', `/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope`, container],
    ['podman', `/machine.slice/libpod-${ID}.scope/container`, container],
    ['podman, cgroupfs', `/libpod_parent/libpod-${ID}`, container],
    ['containerd', `/system.slice/cri-containerd-${ID}.scope`, container],
    ['kubernetes, cgroupfs', `/kubepods/burstable/pod${UID}/${ID}`, pod],
    ['kubernetes, guaranteed', `/kubepods/pod${UID}/${ID}`, pod],
    [
      'kubernetes, systemd, containerd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      pod,
    ],
    ['kubernetes, systemd, cri-o', `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-${ID}.scope`, pod],
    [
      'kubernetes, seen from a cgroup namespace',
      `/../../kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      pod,
    ],
    ['kubernetes, static pod', `/kubepods/burstable/pod${ID.slice(0, 32)}/${ID}`, { kind: 'pod', id: ID.slice(0, 32) }],
    ['systemd-nspawn', '/machine.slice/machine-my\\x2dbox.scope/payload', named('my-box')],
    ['systemd-nspawn, service', '/machine.slice/systemd-nspawn@box.service/payload', named('box')],
    ['LXC', '/lxc/box', named('box')],
    ['LXC, cgroup 2', '/lxc.payload.box/init.scope', named('box')],
    ['LXC, older cgroup 2', '/lxc.payload/box', named('box')],
    ['its monitor on the host', '/lxc.monitor.box', undefined],
    ['a service', '/system.slice/nginx.service', undefined],
    ['a virtual machine', '/machine.slice/machine-qemu\\x2d1\\x2dvm.scope', undefined],
    ['nothing', '/', undefined],
    ['a name that only looks like one', `/system.slice/pod${UID}x.service`, undefined],
  ])('%s', (_, path, expected) => {
    for (const text of [`0::${path}\n`, `12:pids:/\n4:memory:${path}\n1:name=systemd:${path}\n`])
      expect(parseContainer(text)).toEqual({ ok: true, value: expected });
  });

  test("does not read a hierarchy's name as a path", () => {
    expect(parseContainer('12:name=/lxc/evil:/x\n')).toEqual({ ok: true, value: undefined });
  });

  test('finds a pod after other hierarchies', () => {
    const text = `4:memory:/docker/${ID}\n1:name=systemd:/kubepods/pod${UID}/${ID}\n`;
    expect(parseContainer(text)).toEqual({ ok: true, value: pod });
  });
});

describe('processes of a namespace, in a tree', () => {
  const stat = (command: string, started: number) =>
    `5 (${command}) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${started} 9 9\n`;
  const root = () =>
    rootOf({
      'proc/5/stat': stat('younger', 200),
      'proc/5/net/stat/x': '',
      'proc/30/stat': stat('elder', 100),
      'proc/30/net/stat/x': '',
      'proc/30/cgroup': `0::/docker/${ID}\n`,
      'proc/200/stat': stat('without', 1),
      'proc/self/stat': stat('self', 1),
    });

  test('lists processes in ascending order', () => {
    expect(processIds(root())).toEqual([5, 30, 200]);
    expect(processIds(rootOf({}))).toBeUndefined();
  });

  test('returns the inode of the namespace while the process exists', () => {
    const there = root();
    expect(netInode(there, 5)).toBe(statSync(there.locate('/proc/5/net/stat')).ino);
    expect(netInode(there, 200)).toBe('gone');
  });

  test('returns the oldest process still in it, with its container', () => {
    const there = root();
    const key = `net:${netInode(there, 30)}`;
    const container = { kind: 'container', id: ID.slice(0, 12) };
    expect(identify(there, otherTable({ key, pids: [5, 30, 200, 201] }))).toEqual({
      process: { pid: 30, command: 'elder' },
      container,
    });
    const younger = `net:${netInode(there, 5)}`;
    expect(identify(there, otherTable({ key: younger, pids: [5, 30] }))).toEqual({
      process: { pid: 5, command: 'younger' },
      container: undefined,
    });
    expect(identify(there, otherTable({ key: 'net:0', pids: [5, 30] }))).toEqual({
      process: undefined,
      container: undefined,
    });
  });

  test('a pod by its name, if the kubelet keeps its logs', () => {
    const files = { 'proc/5/stat': stat('envoy', 200), 'proc/5/net/stat/x': '' };
    const inside = { ...files, 'proc/5/cgroup': `0::/kubepods/burstable/pod${UID}/${ID}\n` };
    const namedIn = (more: Readonly<Record<string, string>>) => {
      const there = rootOf({ ...inside, ...more });
      return identify(there, otherTable({ key: `net:${netInode(there, 5)}`, pids: [5] })).container;
    };
    const others = { 'var/log/pods/kube-system_etcd_0c1d/x': '', [`var/log/pods/shop_cart-5d4_${UID}/x`]: '' };
    expect(namedIn(others)).toEqual({ kind: 'pod', id: UID, name: 'shop/cart-5d4' });
    expect(namedIn({ 'var/log/pods/kube-system_etcd_0c1d/x': '' })).toEqual({ kind: 'pod', id: UID });
    expect(namedIn({})).toEqual({ kind: 'pod', id: UID });
  });

  test('lists its mounts', () => {
    const text = '43 42 0:4 net:[7] /run/netns/a rw - nsfs nsfs rw\n';
    expect(readMounts(rootOf({ 'proc/self/mountinfo': text }))?.namespaces).toEqual([
      { number: 7, path: '/run/netns/a' },
    ]);
    expect(readMounts(rootOf({ 'proc/1/mountinfo': text }))).toBeUndefined();
  });
});
