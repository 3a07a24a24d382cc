// Services that set the limit after sysctl has run at boot: ufw, VyOS's configuration, TuneD and Proxmox VE's firewall.

import type { SysctlLine } from '../../model/configuration.ts';
import type { Fault } from '../../model/fault.ts';
import type { Root } from '../root.ts';
import { readPveFirewall } from './pve-firewall.ts';
import { parseSysctlFile, type ReadText } from './sysctl-file.ts';
import { readTuned } from './tuned.ts';

const UFW_CONF = '/etc/ufw/ufw.conf';
const UFW_DEFAULTS = '/etc/default/ufw';
const UFW_SYSCTL = '/etc/ufw/sysctl.conf';
/** Written and applied by conf_mode/system_conntrack.py. */
const VYOS_SYSCTL = '/run/sysctl/10-vyos-conntrack.conf';

/** In the order in which they start; `sysctl` is what sysctl has applied before. */
export function readServices(
  root: Root,
  text: ReadText,
  sysctl: readonly SysctlLine[],
  faults: Fault[],
): readonly SysctlLine[] {
  return [
    ...readUfw(text),
    ...parseSysctlFile(text(VYOS_SYSCTL), VYOS_SYSCTL, true),
    ...readTuned(root, text, sysctl, faults),
    ...readPveFirewall(root, text),
  ];
}

/** ufw applies the file that IPT_SYSCTL names when it starts, if it is enabled. */
export function readUfw(text: ReadText): readonly SysctlLine[] {
  if (!/^ENABLED=["']?yes/im.test(text(UFW_CONF))) return [];
  const defaults = text(UFW_DEFAULTS);
  const path = defaults === '' ? UFW_SYSCTL : (/^IPT_SYSCTL=["']?(\/[^"'\s]+)/m.exec(defaults)?.[1] ?? '');
  return path === '' ? [] : parseSysctlFile(text(path), path, true);
}
