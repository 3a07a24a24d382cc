// Proxmox VE's firewall, which sets the limit each time it applies its rules, if cluster.fw enables it: update() and
// update_nf_conntrack_max() of PVE::Firewall.

import type { SysctlLine } from '../../model/configuration.ts';
import { GENERATIONS } from '../../model/generation.ts';
import type { Root } from '../root.ts';
import { isWholeRoot } from './evidence-text.ts';
import type { ReadText } from './sysctl-file.ts';

const HOST = '/etc/pve/local/host.fw';
const CLUSTER = '/etc/pve/firewall/cluster.fw';
/** Bytes. */
const CLUSTER_LIMIT = 1 << 20;
/** A lower value in host.fw is ignored; a higher one is rounded up. */
const PVE_LEAST = 262_144;
const PVE_STEP = 8192;

export function readPveFirewall(root: Root, text: ReadText): readonly SysctlLine[] {
  const host = text(HOST);
  return host === '' || isPveFirewallOff(root) ? [] : parseHostFirewall(host);
}

/** False if cluster.fw enables it, and if that is unknown. */
export function isPveFirewallOff(root: Root): boolean {
  const enabled = root.read(CLUSTER, CLUSTER_LIMIT, (text) => ({
    ok: true,
    value: /^\s*enable\s*:\s*[1-9]/m.test(text),
  }));
  return enabled.ok ? !enabled.value : enabled.fault.kind === 'missing' && isWholeRoot(root);
}

export function parseHostFirewall(text: string): readonly SysctlLine[] {
  const set = text.split('\n').flatMap((line) => /^\s*nf_conntrack_max\s*:\s*(\d{1,10})\s*$/i.exec(line)?.[1] ?? []);
  const value = PVE_STEP * Math.ceil(Number(set[set.length - 1] ?? 0) / PVE_STEP);
  const [name] = GENERATIONS.nf_conntrack.limitKeys;
  return value > PVE_LEAST
    ? [{ path: HOST, atBoot: true, key: 'nf_conntrack_max', names: [name], isPattern: false, value }]
    : [];
}
