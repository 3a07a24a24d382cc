// Files of sysctl.d(5) and sysctl.conf(5): their lines about conntrack's limit, as procps, systemd and busybox read them
// and as the kernel parses their values.

import type { RefusedValue, SysctlLine, SysctlReader } from '../../model/configuration.ts';
import { GENERATION_NAMES, GENERATIONS } from '../../model/generation.ts';
import { parseKernelNumber } from '../number.ts';
import { globMatches } from './glob.ts';

/** Returns the text of a file; empty if it is missing. */
export type ReadText = (path: string) => string;

/** Every name that a kernel has, or had, for the limit. */
const LIMITS: readonly string[] = GENERATION_NAMES.flatMap((name) => GENERATIONS[name].limitKeys);
// The kernel keeps it in an int.
const LARGEST_SYSCTL = 2 ** 31 - 1;
const PATTERN = /[*?[]/;

/** Returns the lines as the program reads them; systemd by default. */
export function parseSysctlFile(
  text: string,
  path: string,
  atBoot: boolean,
  reader: SysctlReader = 'systemd',
): readonly SysctlLine[] {
  if (!text.includes('conntrack') && !PATTERN.test(text)) return [];
  return text.split('\n').flatMap((line) => {
    const parsed = parseSysctlLine(line, reader);
    return parsed === undefined ? [] : [{ ...parsed, path, atBoot }];
  });
}

type SysctlParts = Omit<SysctlLine, 'path' | 'atBoot'>;

// `key = value`, `-key = value` to ignore errors, and `-key` alone, which excludes the key from patterns.
function parseSysctlLine(line: string, reader: SysctlReader): SysctlParts | undefined {
  const [written = '', ...values] = line.trim().split('=');
  const isMinus = written.startsWith('-') && reader !== 'busybox';
  const key = keyOf(isMinus ? written.slice(1) : written, reader);
  const place = reader === 'busybox' ? withoutDoubles(key) : withoutDoubles(key).replace(/^\./, '');
  const names = LIMITS.filter((name) => (reader === 'busybox' ? name === place : globMatches(place, name)));
  if (names.length === 0) return undefined;
  const about = { key, names, isPattern: !LIMITS.includes(place) };
  if (values.length === 0) return isMinus ? { ...about, value: undefined } : undefined;
  return { ...about, ...takenValue(values.join('=').trim()) };
}

// systemd alone accepts spaces after a minus, and simplifies a key as a path. busybox takes both signs as separators if
// the first one is a slash.
function keyOf(written: string, reader: SysctlReader): string {
  if (reader === 'busybox')
    return /^[^./]*\//.test(written) ? written.trim().replace(/\//g, '.') : withDots(written.trim());
  if (reader === 'procps') return withDots(written.trimEnd());
  return withoutDoubles(withDots(written.trim())).replace(/^\./, '');
}

/** The first separator in a key, `.` or `/`, is the one between its parts; the other is part of a name. */
function withDots(key: string): string {
  const [first = '.'] = /[./]/.exec(key) ?? [];
  return first === '.' ? key : key.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
}

function withoutDoubles(key: string): string {
  return key.replace(/\.{2,}/g, '.');
}

function takenValue(text: string): { readonly value: number | undefined; readonly refused?: RefusedValue } {
  const value = parseKernelNumber(text);
  if (value === undefined) return { value, refused: { kind: 'not a number', bytes: text.length } };
  return value > LARGEST_SYSCTL ? { value: undefined, refused: { kind: 'too large', bytes: text.length } } : { value };
}
