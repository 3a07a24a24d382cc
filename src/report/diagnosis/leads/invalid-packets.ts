// What makes packets of a namespace invalid, and whether a rule drops them then. Only for a report, and only where many
// are: listing the rules takes as long as there are rules.

import { readSysctls } from '../../../kernel/namespaces/namespace-sysctls.ts';
import type { Root } from '../../../kernel/root.ts';
import { readDropRules } from '../../../kernel/rules/rules.ts';
import type { Generation } from '../../../model/generation.ts';
import type { InvalidHandling, InvalidSetting } from '../../../model/other-limits.ts';
import type { Namespace } from '../../../model/table.ts';

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
