// The system that reads the machine's settings at boot, by the files that only such a machine has.

import type { MachineKind } from '../../model/configuration.ts';
import { exists } from '../file.ts';
import type { Root } from '../root.ts';
import { isPveFirewallOff } from './pve-firewall.ts';
import { SYSTEMD_PLACES } from './systemd.ts';

export const OPENWRT_MARKS = ['/etc/openwrt_release', '/etc/openwrt_version'];

// The first mark decides: Proxmox VE has systemd too.
export const MACHINE_MARKS: readonly (readonly [MachineKind, readonly string[]])[] = [
  ['openwrt', OPENWRT_MARKS],
  ['vyos', ['/usr/share/vyos', '/opt/vyatta/etc/config']],
  ['proxmox', ['/etc/pve', '/usr/lib/sysctl.d/pve-firewall.conf']],
  ['systemd', SYSTEMD_PLACES],
  ['openrc', ['/run/openrc', '/etc/alpine-release', '/sbin/openrc']],
];
/** Parts of kernel releases. */
export const KERNEL_MARKS: readonly (readonly [MachineKind, string])[] = [
  ['proxmox', '-pve'],
  ['talos', '-talos'],
];
/** Red Hat's releases without systemd. */
const OLD_RED_HAT = /release ([456])\b/;
const RELEASE_FILE = '/etc/redhat-release';
const MARK_LIMIT = 4096;

export interface MachineMark {
  readonly kind: MachineKind;
  readonly mark: string | undefined;
}

export function readMachineKind(root: Root): MachineMark {
  for (const [kind, paths] of MACHINE_MARKS) {
    const mark = paths.find((path) => exists(root.locate(path)));
    if (mark !== undefined && isInCharge(root, kind)) return { kind, mark };
  }
  if (oldRedHat(root) !== undefined) return { kind: 'red hat without systemd', mark: RELEASE_FILE };
  const kernel = root.read('/proc/sys/kernel/osrelease', MARK_LIMIT, (text) => ({ ok: true, value: text }));
  if (!kernel.ok) return { kind: 'other', mark: undefined };
  const byKernel = KERNEL_MARKS.find(([kind, part]) => kernel.value.includes(part) && isInCharge(root, kind));
  return byKernel === undefined ? { kind: 'other', mark: undefined } : { kind: byKernel[0], mark: 'kernel release' };
}

/** Proxmox VE with its firewall off is set up like any other machine with systemd. */
function isInCharge(root: Root, kind: MachineKind): boolean {
  return kind !== 'proxmox' || !isPveFirewallOff(root);
}

/** 4, 5 or 6; undefined on every other machine. */
export function oldRedHat(root: Root): number | undefined {
  const release = root.read(RELEASE_FILE, MARK_LIMIT, (text) => ({ ok: true, value: OLD_RED_HAT.exec(text)?.[1] }));
  return release.ok && release.value !== undefined ? Number(release.value) : undefined;
}
