// The help texts. yargs renders them from the flag table at build time (help.ts), so that no executable contains it.

import { check, incidents, munin, plan, report } from '#help';
import type { Command } from './flags.ts';

const LINES: Readonly<Record<Command, readonly string[]>> = { check, incidents, munin, plan, report };

export function helpText(command: Command): string {
  return LINES[command].join('\n');
}
