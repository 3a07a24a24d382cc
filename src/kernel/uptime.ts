// `/proc/uptime`: seconds since boot with two decimals, every kernel.

import type { Reading } from '../facts.ts';
import type { Parsed, Root } from './root.ts';

const SMALL = 4096;

export function readUptime(root: Root): Reading<number> {
  return root.read('/proc/uptime', SMALL, parseUptime);
}

export function parseUptime(text: string): Parsed<number> {
  const [first = ''] = text.split(' ');
  return /^\d{1,12}\.\d\d$/.test(first) ? { ok: true, value: Number(first) } : { ok: false, kind: 'malformed' };
}
