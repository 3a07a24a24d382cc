// Open vSwitch's own limits of conntrack zones: `ovs-appctl dpctl/ct-get-limits`, where ovs-vswitchd runs. Lines of
// `default limit=N` and `zone=Z,limit=N,count=C`.

import { exists } from '../../../kernel/file.ts';
import type { Root } from '../../../kernel/root.ts';
import { runTool } from '../../../kernel/run-tool.ts';
import { TOOLS } from '../../../kernel/tools.ts';
import type { ZoneLimit } from '../../../model/other-limits.ts';

const SIGNS = ['/run/openvswitch/ovs-vswitchd.pid', '/run/openvswitch/db.sock'] as const;
const SOURCE = 'ovs-appctl dpctl/ct-get-limits';

export function readZoneLimits(root: Root): readonly ZoneLimit[] {
  if (root.view !== 'own' || !SIGNS.some((path) => exists(root.locate(path)))) return [];
  const said = runTool(root, { tool: TOOLS.zones, source: SOURCE }, ({ stdout, failure }) =>
    failure === undefined
      ? { ok: true, value: parseZoneLimits(stdout), source: SOURCE }
      : { ok: false, fault: { kind: 'tool-failed', source: SOURCE, detail: failure } },
  );
  return said.ok ? said.value : [];
}

export function parseZoneLimits(text: string): readonly ZoneLimit[] {
  const zones = text.matchAll(/^zone=(\d{1,5}),limit=(\d{1,10}),count=(\d{1,10})$/gm);
  return Array.from(zones, ([, zone, limit, count]) => ({
    zone: Number(zone),
    limit: Number(limit),
    entries: Number(count),
  }));
}
