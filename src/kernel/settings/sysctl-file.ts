// Files of sysctl.d(5) and sysctl.conf(5): the lines of them that are about conntrack's limit, as procps and systemd read
// them and as the kernel takes their values.

import type { SysctlLine } from '../../model/configuration.ts';
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

// `key = value`, `-key = value` to pass over errors, and `-key` alone, which patterns are not applied to.
function parseSysctlLine(line: string): Pick<SysctlLine, 'key' | 'names' | 'isPattern' | 'value'> | undefined {
  const [written = '', ...values] = line.trim().split('=');
  const isMinus = written.startsWith('-');
  const key = (isMinus ? written.slice(1) : written).trim().replace(/\//g, '.');
  const names = LIMITS.filter((name) => globMatches(key, name));
  const isPattern = !LIMITS.includes(key);
  if (names.length === 0) return undefined;
  if (values.length === 0) return isMinus ? { key, names, isPattern, value: undefined } : undefined;
  const value = parseKernelNumber(values.join('='));
  return value === undefined || value > LARGEST_SYSCTL ? undefined : { key, names, isPattern, value };
}
