// What reads the machine's settings at boot, by the files that only such a machine has.

import type { MachineKind } from '../../model/configuration.ts';
import { exists } from '../file.ts';
import type { Root } from '../root.ts';
import { SYSTEMD_PLACES } from './systemd.ts';

export const OPENWRT_MARKS = ['/etc/openwrt_release', '/etc/openwrt_version'];

// The first that is there decides: Proxmox VE has systemd too.
const MARKS: readonly (readonly [MachineKind, readonly string[]])[] = [
  ['openwrt', OPENWRT_MARKS],
  ['vyos', ['/usr/share/vyos', '/opt/vyatta/etc/config']],
  ['proxmox', ['/etc/pve', '/usr/lib/sysctl.d/pve-firewall.conf']],
  ['systemd', SYSTEMD_PLACES],
  ['openrc', ['/run/openrc', '/etc/alpine-release', '/sbin/openrc']],
];
/** Red Hat's releases without systemd, 4 to 6. */
const OLD_RED_HAT = /release [456]\b/;
const RELEASE_FILE = '/etc/redhat-release';
const MARK_LIMIT = 4096;

export interface MachineMark {
  readonly kind: MachineKind;
  readonly mark: string | undefined;
}

export function readMachineKind(root: Root): MachineMark {
  for (const [kind, paths] of MARKS) {
    const mark = paths.find((path) => exists(root.locate(path)));
    if (mark !== undefined) return { kind, mark };
  }
  const redHat = root.read(RELEASE_FILE, MARK_LIMIT, (text) => ({ ok: true, value: OLD_RED_HAT.test(text) }));
  if (redHat.ok && redHat.value) return { kind: 'red hat without systemd', mark: RELEASE_FILE };
  const kernel = root.read('/proc/sys/kernel/osrelease', MARK_LIMIT, (text) => ({ ok: true, value: text }));
  if (!kernel.ok) return { kind: 'other', mark: undefined };
  if (kernel.value.includes('-pve')) return { kind: 'proxmox', mark: 'kernel release' };
  return kernel.value.includes('-talos')
    ? { kind: 'talos', mark: 'kernel release' }
    : { kind: 'other', mark: undefined };
}
