// Shell commands that set conntrack's limit: `sysctl -w KEY=N`, and `echo N > /proc/sys/...`.

import type { SysctlLine } from '../../model/configuration.ts';
import { parseSysctlFile } from './sysctl-file.ts';

const ASSIGNMENT = /\b(net[./][\w./]{1,60}conntrack_max) ?= ?["']?(\w{1,20})/g;
const WRITTEN = /\becho +["']?(\w{1,20})["']? *>+ *\/proc\/sys\/([\w/]{1,60}conntrack_max)/g;

export function parseCommands(text: string, path: string): readonly SysctlLine[] {
  if (!text.includes('conntrack_max')) return [];
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const settings = lines.flatMap((line) => [
    ...(line.includes('sysctl') ? Array.from(line.matchAll(ASSIGNMENT), ([, key, value]) => `${key}=${value}`) : []),
    ...Array.from(line.matchAll(WRITTEN), ([, value, key]) => `${key}=${value}`),
  ]);
  return parseSysctlFile(settings.join('\n'), path, true);
}
