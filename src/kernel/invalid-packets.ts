// What makes packets of a namespace invalid, and whether a rule drops them then. Only for a report, and only where many
// are: listing the rules takes as long as there are rules.

import type { InvalidHandling, InvalidSetting } from '../observation/elsewhere.ts';
import type { Generation } from '../observation/generation.ts';
import type { Namespace } from '../observation/table.ts';
import { readSysctls } from './namespace-sysctls.ts';
import type { Root } from './root.ts';
import { readDropRules } from './rules.ts';

const SETTINGS: readonly InvalidSetting[] = ['tcp_loose', 'tcp_be_liberal', 'checksum', 'log_invalid'];

export function readInvalidHandling(root: Root, generation: Generation, table: Namespace): InvalidHandling {
  const found = readSysctls(root, generation, table, (name) => SETTINGS.some((one) => one === name));
  const settings: Partial<Record<InvalidSetting, number>> = {};
  for (const name of SETTINGS) {
    const value = found.get(name);
    if (value !== undefined) settings[name] = value;
  }
  return { settings, rules: readDropRules(root, table) };
}
