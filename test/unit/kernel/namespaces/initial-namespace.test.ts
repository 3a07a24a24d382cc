// Tests for the initial network namespace. Before 3.5 each namespace has every name of the limit. On CentOS 6 the
// kernel threads or the caches of entries therefore have to show it.

import { symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isInitialNamespace } from '../../../../src/kernel/namespaces/initial-namespace.ts';
import type { KernelVersion } from '../../../../src/model/machine.ts';
import { type Files, rootOf } from '../../support/root.ts';

const EL6: KernelVersion = { major: 2, minor: 6 };
const MAX: Files = { 'proc/sys/net/nf_conntrack_max': '65536\n' };

/** Process 1 is in our namespace; the second process too, or in another one. */
function second(name: string, flags: number, isHere = true): Files {
  const link = (target: string) => (path: string) => symlinkSync(target, path);
  return {
    ...MAX,
    'ours/x': '',
    'theirs/x': '',
    'proc/1/net/stat': link('../../../ours'),
    'proc/2/net/stat': link(isHere ? '../../../ours' : '../../../theirs'),
    'proc/2/stat': `2 (${name}) S 0 0 0 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0\n`,
  };
}

function slabs(...names: readonly string[]): Files {
  return {
    ...MAX,
    'proc/slabinfo': names.map((name) => `${name} 0 0 304 13 1 : tunables 54 27 8 : slabdata 0 0 0\n`).join(''),
  };
}

const KERNEL_THREAD = 2129984;
const [FIRST, OTHER] = ['nf_conntrack_ffffffff81b1a7a0', 'nf_conntrack_ffff880037a4c080'];

// The host's namespace is that of its first process, which a test can provide.
const initial = (files: Files, release: KernelVersion | undefined, view: 'host' | 'captured' = 'host') =>
  isInitialNamespace({ ...rootOf(files), view }, release);

describe.each(['host', 'captured'] as const)('%s', (view) => {
  test.each<[string, Files, KernelVersion | undefined, boolean | undefined]>([
    ['3.10 with the second name of the limit', MAX, { major: 3, minor: 10 }, true],
    ['3.5 too', MAX, { major: 3, minor: 5 }, true],
    ['6.18 too', MAX, { major: 6, minor: 18 }, true],
    ['6.18 without it', {}, { major: 6, minor: 18 }, false],
    ['EL6 without it', {}, EL6, false],
    ['EL6 with nothing else', MAX, EL6, undefined],
    ['3.4 with nothing else', MAX, { major: 3, minor: 4 }, undefined],
    ['an unknown release', MAX, undefined, true],
    ['EL6, one namespace has a cache', slabs('dentry', FIRST, 'nf_conntrack_expect'), EL6, true],
    ['EL6, two have', slabs(OTHER, 'nf_conntrack_expect', FIRST), EL6, undefined],
    ['2.6.32, with one cache for all namespaces', slabs('nf_conntrack', 'nf_conntrack_expect'), EL6, undefined],
  ])('%s', (_, files, release, expected) => expect(initial(files, release, view)).toBe(expected));
});

describe("the kernel's threads on EL6", () => {
  test.each<[string, Files, boolean | undefined]>([
    ['they are in our namespace', second('kthreadd', KERNEL_THREAD), true],
    ['they are in another namespace', second('kthreadd', KERNEL_THREAD, false), false],
    [
      'they are in another one, which alone has a cache',
      { ...second('kthreadd', KERNEL_THREAD, false), ...slabs(FIRST) },
      false,
    ],
    ['a container of OpenVZ has its own', second('kthreadd/101', KERNEL_THREAD), false],
    ['an ordinary process with that name', second('kthreadd', 0), undefined],
    ['they are hidden', MAX, undefined],
  ])('%s', (_, files, expected) => expect(initial(files, EL6)).toBe(expected));

  test('a captured tree with the modules and without the caches', () => {
    const modules = { ...MAX, 'proc/modules': 'nf_conntrack 1 0 - Live 0x0\n' };
    expect(initial(modules, EL6, 'captured')).toBe(true);
    expect(initial({ ...modules, 'proc/slabinfo': '' }, EL6, 'captured')).toBeUndefined();
    expect(initial({ ...MAX, 'proc/modules': 'x 1 0 - Live 0x0\n' }, EL6, 'captured')).toBeUndefined();
    expect(initial(modules, EL6)).toBeUndefined();
  });

  test('a captured tree shows no namespaces', () => {
    expect(initial(second('kthreadd', KERNEL_THREAD, false), EL6, 'captured')).toBeUndefined();
  });
});
