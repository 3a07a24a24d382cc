// The processes that /proc shows: all of the machine's, those of our container, or only our own.

import { self } from '#system/self';
import type { Visibility } from '../../model/observation.ts';
import type { Parsed, Root } from '../root.ts';
import type { Mounts } from './mounts.ts';
import { isKthreadd, KTHREADD, readProcess } from './processes.ts';

const STATUS_LIMIT = 1 << 16;
// Bit 19 of linux/capability.h.
const CAP_SYS_PTRACE = 1 << 19;

/** `hidden`: true if some listed processes do not show their namespace. */
export function visibilityOf(
  root: Root,
  mounts: Mounts | undefined,
  hidden: boolean,
): Pick<Visibility, 'processes' | 'hidepid' | 'listed'> {
  const procs = mounts?.procs ?? [];
  const options = procs.filter(({ path }) => path === '/proc').slice(-1)[0]?.options ?? '';
  const hidepid = hidingOption(options, self.groups());
  if (hidden || (hidepid !== undefined && !mayTrace(root))) return { processes: 'own', hidepid, listed: true };
  return { processes: seesKernelThreads(root) ? 'all' : 'container', hidepid: undefined, listed: true };
}

/**
 * Returns `hidepid=…` of a /proc that hides processes from members of these groups: proc(5), digits or, since 5.8,
 * words. The group of `gid=`, else group 0, is exempt, except from `ptraceable`.
 */
export function hidingOption(options: string, groups: readonly number[]): string | undefined {
  const [, option, value = ''] = /(?:^|,)(hidepid=(\w+))/.exec(options) ?? [];
  if (option === undefined || value === '0' || value === 'off') return undefined;
  if (value === '4' || value === 'ptraceable') return option;
  const [, gid = '0'] = /(?:^|,)gid=(\d+)/.exec(options) ?? [];
  return groups.includes(Number(gid)) ? undefined : option;
}

// hidepid does not apply to processes with CAP_SYS_PTRACE: root, except in some containers, and others with the
// capability.
function mayTrace(root: Root): boolean {
  const capabilities = root.readOwn('/proc/self/status', STATUS_LIMIT, parseCapabilities);
  return capabilities.ok && (capabilities.value & CAP_SYS_PTRACE) !== 0;
}

/** Returns the lower 32 bits of CapEff in `/proc/<pid>/status`. */
export function parseCapabilities(text: string): Parsed<number> {
  const [, digits] = /^CapEff:\s*[0-9a-f]*?([0-9a-f]{1,8})$/m.exec(text) ?? [];
  return digits === undefined ? { ok: false, kind: 'malformed' } : { ok: true, value: Number.parseInt(digits, 16) };
}

// Only the initial PID namespace has kernel threads, and no other user's process can look like one.
function seesKernelThreads(root: Root): boolean {
  return isKthreadd(readProcess(root, KTHREADD));
}
