// A file with one whole number, such as the files of /proc/sys.

import type { Reading } from '../model/fault.ts';
import type { Parsed, Root } from './root.ts';

/** No counter or limit of conntrack is larger: each is an int in every kernel that has it. */
const LARGEST_NUMBER = 2 ** 31;

const NUMBER_LIMIT = 4096;

/** Reads a whole number from a file of /proc/sys. */
export function readNumber(root: Root, path: string): Reading<number> {
  return root.read(path, NUMBER_LIMIT, parseWholeNumber);
}

/** Parses the output of "%d\n" or "%u\n"; refuses values that no working kernel prints. */
export function parseWholeNumber(text: string): Parsed<number> {
  // A fast path for the usual case: a pattern is compiled again in each run.
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

/** The same for a divisor, which must not be zero. */
export function parsePositiveNumber(text: string): Parsed<number> {
  const parsed = parseWholeNumber(text);
  return parsed.ok && parsed.value === 0 ? { ok: false, kind: 'zero' } : parsed;
}

/**
 * Parses a number as the kernel does for a sysctl or a parameter: base by prefix (`0x`, `0`), text after white space
 * ignored. Undefined if the kernel would refuse it.
 */
export function parseKernelNumber(text: string): number | undefined {
  const [word = ''] = text.trimStart().split(/\s/, 1);
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(word)) return Number.parseInt(word, 16);
  if (/^0[0-7]{1,11}$/.test(word)) return Number.parseInt(word, 8);
  return /^(?:0|[1-9]\d{0,9})$/.test(word) ? Number(word) : undefined;
}
