// eBPF data planes, recognised by their pinned maps.

import { expect, test } from 'vitest';
import { readDataPlanes } from '../../../../../src/report/diagnosis/leads/data-plane.ts';
import { kindsFrom } from '../../../support/leads.ts';
import { type Files, rootOf } from '../../../support/root.ts';

const pinned = (...names: readonly string[]): Files =>
  Object.fromEntries(names.map((name) => [`sys/fs/bpf/tc/globals/${name}`, '']));

test.each<[Files, readonly string[]]>([
  [{}, []],
  [pinned('cilium_call_policy', 'x_cilium_ct4_global'), []],
  [pinned('cilium_ct4_global', 'cilium_ct_any4_global'), ['Cilium']],
  [pinned('cali_v4_ct3'), ['Calico']],
  [pinned('cali_v6_ct4', 'cilium_ct6_global'), ['Cilium', 'Calico']],
])('%j', (files, expected) => expect(readDataPlanes(rootOf(files))).toEqual(expected));

test('is a hint, because it may be normal', () => {
  expect(kindsFrom({ elsewhere: [{}, { dataPlanes: ['Calico'] }] })).toEqual(['ok data_plane']);
});
