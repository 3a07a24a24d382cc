// Files of sysctl.d(5) and sysctl.conf(5): the lines of them that are about conntrack's limit, as procps and systemd read
// them and as the kernel takes their values.

import type { RefusedValue, SysctlLine } from '../../model/configuration.ts';
import { GENERATION_NAMES, GENERATIONS } from '../../model/generation.ts';
import { parseKernelNumber } from '../number.ts';
import { globMatches } from './glob.ts';

/** Every name that a kernel has, or had, for the limit. */
const LIMITS: readonly string[] = GENERATION_NAMES.flatMap((name) => GENERATIONS[name].limitKeys);
// The kernel keeps it in an int.
const LARGEST_SYSCTL = 2 ** 31 - 1;
const PATTERN = /[*?[]/;

export function parseSysctlFile(text: string, path: string, atBoot: boolean): readonly SysctlLine[] {
  if (!text.includes('conntrack') && !PATTERN.test(text)) return [];
  return text.split('\n').flatMap((line) => {
    const parsed = parseSysctlLine(line);
    return parsed === undefined ? [] : [{ ...parsed, path, atBoot }];
  });
}

type SysctlParts = Omit<SysctlLine, 'path' | 'atBoot'>;

// `key = value`, `-key = value` to pass over errors, and `-key` alone, which patterns are not applied to.
function parseSysctlLine(line: string): SysctlParts | undefined {
  const [written = '', ...values] = line.trim().split('=');
  const isMinus = written.startsWith('-');
  const key = withDots((isMinus ? written.slice(1) : written).trim());
  const names = LIMITS.filter((name) => globMatches(key, name));
  if (names.length === 0) return undefined;
  const about = { key, names, isPattern: !LIMITS.includes(key) };
  if (values.length === 0) return isMinus ? { ...about, value: undefined } : undefined;
  return { ...about, ...takenValue(values.join('=').trim()) };
}

/** The first sign in a key tells which of `.` and `/` is between its parts; the other one is then a letter of a name. */
function withDots(key: string): string {
  const [first = '.'] = /[./]/.exec(key) ?? [];
  const swapped = first === '.' ? key : key.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
  return swapped.replace(/\.{2,}/g, '.').replace(/^\./, '');
}

function takenValue(text: string): { readonly value: number | undefined; readonly refused?: RefusedValue } {
  const value = parseKernelNumber(text);
  if (value === undefined) return { value, refused: { kind: 'not a number', bytes: text.length } };
  return value > LARGEST_SYSCTL ? { value: undefined, refused: { kind: 'too large', bytes: text.length } } : { value };
}
