// The machine's name, /proc/sys/kernel/hostname: it distinguishes machines that share a state directory.

import type { Parsed, Root } from './root.ts';

const HOST_LIMIT = 4096;

/** Empty if it is unknown. Foreign text. */
export function readHost(root: Root): string {
  const host = root.read('/proc/sys/kernel/hostname', HOST_LIMIT, parseHost);
  return host.ok ? host.value : '';
}

// Only what our own record of it can hold.
function parseHost(text: string): Parsed<string> {
  return { ok: true, value: text.trim().replace(/[^A-Za-z0-9_.-]/g, '?') };
}
