// Open vSwitch's own limits of conntrack zones: `ovs-appctl dpctl/ct-get-limits`, if ovs-vswitchd runs. Lines of
// `default limit=N` and `zone=Z,limit=N,count=C`.

import { exists } from '../../../kernel/file.ts';
import type { Root } from '../../../kernel/root.ts';
import { runTool } from '../../../kernel/run-tool.ts';
import { TOOLS } from '../../../kernel/tools.ts';
import { grouped } from '../../../words/prose.ts';
import { type LeadBase, type LeadForm, type Note, note, type Surroundings } from './lead.ts';

export interface ZoneLead extends LeadBase {
  readonly kind: 'zone';
  readonly zone: ZoneLimit;
}

interface ZonesSeen {
  readonly zones?: readonly ZoneLimit[];
}

interface ZoneLimit {
  readonly zone: number;
  /** 0 is no limit. */
  readonly limit: number;
  readonly entries: number;
}

const SIGNS = ['/run/openvswitch/ovs-vswitchd.pid', '/run/openvswitch/db.sock'] as const;
const SOURCE = 'ovs-appctl dpctl/ct-get-limits';

export function readZoneLimits(root: Root): readonly ZoneLimit[] {
  if (root.view !== 'own' || !SIGNS.some((path) => exists(root.locate(path)))) return [];
  const reading = runTool(root, { tool: TOOLS.zones, source: SOURCE }, ({ stdout, failure }) =>
    failure === undefined
      ? { ok: true, value: parseZoneLimits(stdout), source: SOURCE }
      : { ok: false, fault: { kind: 'tool-failed', source: SOURCE, detail: failure } },
  );
  return reading.ok ? reading.value : [];
}

export function parseZoneLimits(text: string): readonly ZoneLimit[] {
  const zones = text.matchAll(/^zone=(\d{1,5}),limit=(\d{1,10}),count=(\d{1,10})$/gm);
  return Array.from(zones, ([, zone, limit, count]) => ({
    zone: Number(zone),
    limit: Number(limit),
    entries: Number(count),
  }));
}

export const ZONE: LeadForm<ZoneLead, ZonesSeen> = {
  read: ({ root, wanted }) => (wanted === 'all' ? { zones: readZoneLimits(root) } : {}),
  judge: judgeZone,
  clause: zoneClause,
  notes: zoneNotes,
};

function judgeZone({ seen: { zones = [] } }: Surroundings<ZonesSeen>): readonly ZoneLead[] {
  return zones
    .filter(({ limit, entries }) => limit > 0 && entries >= limit)
    .map((zone) => ({ kind: 'zone', state: 'warning', zone }));
}

function zoneClause({ zone: { zone, limit, entries } }: ZoneLead): string {
  return `zone ${zone} of Open vSwitch is at its own limit: ${grouped(entries)} of ${grouped(limit)}`;
}

function zoneNotes({ zone: { zone, limit } }: ZoneLead): readonly Note[] {
  const raise = `ovs-appctl dpctl/ct-set-limits zone=${zone},limit=${2 * limit}`;
  return [note('New connections of that zone are refused. To allow twice as many:', raise)];
}
