// eBPF data planes that track connections in maps of their own: the kernel's table then has few of them, and a full map
// drops packets that no counter here shows. Only where their maps are pinned.

import type { Root } from '../../../kernel/root.ts';
import { type LeadBase, type LeadForm, type Note, note } from './lead.ts';

export interface DataPlaneLead extends LeadBase {
  readonly kind: 'data_plane';
  readonly plane: DataPlane;
}

export type DataPlane = 'Cilium' | 'Calico';

interface DataPlanesSeen {
  readonly dataPlanes?: readonly DataPlane[];
}

const PINNED = '/sys/fs/bpf/tc/globals';
const MAPS: readonly (readonly [DataPlane, RegExp])[] = [
  ['Cilium', /^cilium_ct/],
  ['Calico', /^cali_v[46]_ct/],
];

export function readDataPlanes(root: Root): readonly DataPlane[] {
  const names = root.list(PINNED);
  if ('kind' in names) return [];
  return MAPS.filter(([, map]) => names.some((name) => map.test(name))).map(([plane]) => plane);
}

export const DATA_PLANE: LeadForm<DataPlaneLead, DataPlanesSeen> = {
  read: ({ root, wanted }) => (wanted === 'all' ? { dataPlanes: readDataPlanes(root) } : {}),
  judge: ({ seen: { dataPlanes = [] } }) => dataPlanes.map((plane) => ({ kind: 'data_plane', state: 'ok', plane })),
  clause: ({ plane }) => `${plane} tracks connections of pods in its own eBPF maps, not in this table`,
  notes: ({ plane }) => NOTES[plane],
};

const NOTES: Readonly<Record<DataPlane, readonly Note[]>> = {
  Cilium: [
    note(
      'A full map drops packets too. Its entries, and how full it is (cilium_bpf_map_pressure), in the cilium pod of this node:',
      'cilium-dbg bpf ct list global | wc -l',
      'cilium-dbg metrics list -p map_pressure',
    ),
  ],
  Calico: [
    note(
      'A full map drops packets too. Its entries, in the calico-node pod of this node:',
      'calico-node -bpf conntrack dump | wc -l',
    ),
  ],
};
