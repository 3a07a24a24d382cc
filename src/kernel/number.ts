// A file that holds one whole number, as the files of /proc/sys do.

import type { Reading } from '../model/fault.ts';
import type { Parsed, Root } from './root.ts';

/** No counter or limit of conntrack is larger: it is an int in every kernel that has one. */
const LARGEST_NUMBER = 2 ** 31;

const NUMBER_LIMIT = 4096;

/** A whole number from a file of /proc/sys. */
export function readNumber(root: Root, path: string): Reading<number> {
  return root.read(path, NUMBER_LIMIT, parseWholeNumber);
}

/** Reads what the kernel prints with "%d\n" or "%u\n"; refuses what no sane kernel would say. */
export function parseWholeNumber(text: string): Parsed<number> {
  // Nearly always it is right, and a pattern is compiled anew in each run.
  const plain = Number(text);
  if (Number.isInteger(plain) && plain > 0 && plain <= LARGEST_NUMBER && text === `${plain}\n`)
    return { ok: true, value: plain };
  const [, digits] = /^[ \t\n]*(-?\d+)[ \t\n]*$/.exec(text) ?? [];
  if (text.trim() === '') return { ok: false, kind: 'empty' };
  if (digits === undefined) return { ok: false, kind: 'not-a-number', detail: String(text.length) };
  if (digits.startsWith('-')) return { ok: false, kind: 'negative' };
  const value = Number(digits);
  return value > LARGEST_NUMBER ? { ok: false, kind: 'absurd' } : { ok: true, value };
}

/** The same where zero cannot be, because it is divided by. */
export function parsePositiveNumber(text: string): Parsed<number> {
  const parsed = parseWholeNumber(text);
  return parsed.ok && parsed.value === 0 ? { ok: false, kind: 'zero' } : parsed;
}

/**
 * A number as the kernel takes it from a sysctl or for a parameter: base by prefix (`0x`, `0`), and what follows behind
 * white space is ignored. Undefined for what it refuses.
 */
export function parseKernelNumber(text: string): number | undefined {
  const [word = ''] = text.trimStart().split(/\s/, 1);
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(word)) return Number.parseInt(word, 16);
  if (/^0[0-7]{1,11}$/.test(word)) return Number.parseInt(word, 8);
  return /^(?:0|[1-9]\d{0,9})$/.test(word) ? Number(word) : undefined;
}
