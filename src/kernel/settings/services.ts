// Services that set the limit after sysctl has run: Proxmox VE's firewall and ufw.

import type { SysctlLine } from '../../model/configuration.ts';
import { GENERATIONS } from '../../model/generation.ts';
import { parseSysctlFile } from './sysctl-file.ts';

export const PVE_FIREWALL = '/etc/pve/local/host.fw';
export const UFW_CONF = '/etc/ufw/ufw.conf';
export const UFW_SYSCTL = '/etc/ufw/sysctl.conf';

// update_nf_conntrack_max() of pve-firewall: no less than this, in steps.
const PVE_LEAST = 262_144;
const PVE_STEP = 8192;

/** host.fw of Proxmox VE; a value that is no more than the default is ignored there. */
export function parseHostFirewall(text: string): readonly SysctlLine[] {
  const set = text.split('\n').flatMap((line) => /^\s*nf_conntrack_max\s*:\s*(\d{1,10})\s*$/i.exec(line)?.[1] ?? []);
  const value = PVE_STEP * Math.ceil(Number(set[set.length - 1] ?? 0) / PVE_STEP);
  const [name] = GENERATIONS.nf_conntrack.limitKeys;
  return value > PVE_LEAST
    ? [{ path: PVE_FIREWALL, atBoot: true, key: 'nf_conntrack_max', names: [name], isPattern: false, value }]
    : [];
}

/** ufw reads its own sysctl.conf when it starts, if it is enabled. */
export function parseUfw(conf: string, sysctl: string): readonly SysctlLine[] {
  return /^ENABLED=["']?yes/m.test(conf) ? parseSysctlFile(sysctl, UFW_SYSCTL, true) : [];
}
