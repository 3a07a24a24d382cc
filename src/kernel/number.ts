// A file that holds one whole number, as the files of /proc/sys do.

import type { Parsed } from './root.ts';

/** No counter or limit of conntrack is larger: it is an int in every kernel that has one. */
const LARGEST = 2 ** 31;

/** Reads what the kernel prints with "%d\n" or "%u\n"; refuses what no sane kernel would say. */
export function parseWholeNumber(bytes: Buffer): Parsed<number> {
  const text = bytes.toString('latin1').trim();
  if (text === '') return { ok: false, kind: 'empty' };
  if (/^-\d+$/.test(text)) return { ok: false, kind: 'negative' };
  if (!/^\d+$/.test(text)) return { ok: false, kind: 'not-a-number', detail: String(bytes.length) };
  const value = Number(text);
  return value > LARGEST ? { ok: false, kind: 'absurd' } : { ok: true, value };
}

/** The same where zero cannot be, because it is divided by. */
export function parsePositiveNumber(bytes: Buffer): Parsed<number> {
  const parsed = parseWholeNumber(bytes);
  return parsed.ok && parsed.value === 0 ? { ok: false, kind: 'zero' } : parsed;
}
