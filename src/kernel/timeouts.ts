// The timeouts in force in a network namespace: the sysctls `nf_conntrack_*_timeout*`, each namespace's own.

import type { Generation } from '../observation/generation.ts';
import type { Namespace } from '../observation/table.ts';
import { parseSysctls, readSysctls } from './namespace-sysctls.ts';
import type { Root } from './root.ts';

/** Seconds by name without the generation's prefix; empty where they cannot be had. */
export function readTimeouts(root: Root, generation: Generation, table: Namespace): ReadonlyMap<string, number> {
  return readSysctls(root, generation, table, isTimeout);
}

function isTimeout(name: string): boolean {
  return name.includes('timeout');
}

/** Lines of `/proc/sys/net/netfilter/nf_conntrack_udp_timeout:30`. */
export function parseTimeouts(text: string): ReadonlyMap<string, number> {
  return new Map(Array.from(parseSysctls(text)).filter(([name]) => isTimeout(name)));
}
