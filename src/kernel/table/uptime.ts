// The machine's own clock: `/proc/uptime`, seconds since boot with two decimals, and `/proc/sys/kernel/random/boot_id`,
// which changes with each boot; both on every kernel.

import type { Reading } from '../../model/fault.ts';
import type { BootClock } from '../../model/observation.ts';
import type { Parsed, Root } from '../root.ts';

const UPTIME_LIMIT = 4096;

export function readClock(root: Root): Reading<BootClock> {
  const boot = root.read('/proc/sys/kernel/random/boot_id', UPTIME_LIMIT, parseBootId);
  if (!boot.ok) return boot;
  const uptime = root.read('/proc/uptime', UPTIME_LIMIT, parseUptime);
  if (!uptime.ok) return uptime;
  return { ok: true, value: { boot: boot.value, uptime: uptime.value }, source: uptime.source };
}

export function parseUptime(text: string): Parsed<number> {
  const [first = ''] = text.split(' ');
  return /^\d{1,12}\.\d\d$/.test(first) ? { ok: true, value: Number(first) } : { ok: false, kind: 'malformed' };
}

function parseBootId(text: string): Parsed<string> {
  const id = text.trim();
  return /^[0-9a-f-]{36}$/.test(id) ? { ok: true, value: id } : { ok: false, kind: 'malformed' };
}
