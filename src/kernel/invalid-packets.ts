// What makes packets of a namespace invalid, and whether a rule drops them then. Only for a report, and only where many
// are: listing the rules takes as long as there are rules.

import { self } from '#system/self';
import type { DropRule, InvalidHandling, InvalidSetting } from '../observation/elsewhere.ts';
import type { Reading } from '../observation/fault.ts';
import type { Generation } from '../observation/generation.ts';
import type { Namespace } from '../observation/table.ts';
import { runTool } from './child.ts';
import { hasForeignRules, parseNftRules, parseSavedRules } from './drop-rules.ts';
import { exists } from './file.ts';
import { hurried } from './hurry.ts';
import { enterLine } from './inside.ts';
import { placeOf, readSysctls } from './namespace-sysctls.ts';
import type { Root } from './root.ts';

const SETTINGS: readonly InvalidSetting[] = ['tcp_loose', 'tcp_be_liberal', 'checksum', 'log_invalid'];
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin'] as const;
const MILLISECONDS = 5000;
const MODULES_LIMIT = 1 << 20;

export function readInvalidHandling(root: Root, generation: Generation, table: Namespace): InvalidHandling {
  const found = readSysctls(root, generation, table, (name) => SETTINGS.some((one) => name === `${generation}_${one}`));
  const settings: Partial<Record<InvalidSetting, number>> = {};
  for (const name of SETTINGS) {
    const value = found.get(name);
    if (value !== undefined) settings[name] = value;
  }
  return { settings, rules: readDropRules(hurried(root, MILLISECONDS), table) };
}

/** Undefined where no tool has shown its rules. */
function readDropRules(root: Root, table: Namespace): readonly DropRule[] | undefined {
  const enter = root.view === 'captured' || self.effectiveUser() !== 0 ? undefined : enterOf(root, table);
  if (enter === undefined) return undefined;
  const nft = isLoaded(root, 'nft') ? outputOf(root, enter, 'nft', ['-a', 'list', 'ruleset']) : undefined;
  const native = nft === undefined ? undefined : parseNftRules(nft);
  // What nft shows in its own words is not read again in those of iptables.
  if (native !== undefined && native.length > 0) return native;
  const isLegible = nft !== undefined && !hasForeignRules(nft);
  const shown = [native, ...(isLegible ? [] : saved(root, enter, 'nft')), ...saved(root, enter, 'legacy')];
  const seen = shown.filter((rules) => rules !== undefined);
  return seen.length === 0 ? undefined : seen.flat();
}

/** What goes before a command for it to see the namespace's rules; undefined where we cannot get there. */
function enterOf(root: Root, table: Namespace): readonly string[] | undefined {
  const place = placeOf(root, table);
  if (place === undefined) return [];
  return place === '' ? undefined : enterLine(root.locate(place));
}

const MODULES = { nft: ['nf_tables'], legacy: ['ip_tables', 'ip6_tables'] } as const;

const SAVES = {
  nft: [
    ['iptables-nft', 'iptables'],
    ['ip6tables-nft', 'ip6tables'],
  ],
  legacy: [
    ['iptables-legacy', 'iptables'],
    ['ip6tables-legacy', 'ip6tables'],
  ],
} as const;

function saved(root: Root, enter: readonly string[], half: keyof typeof MODULES) {
  if (!isLoaded(root, half)) return [];
  return SAVES[half].map((tools) => {
    const tool = tools.find((name) => placeOfTool(`${name}-save`) !== undefined);
    const text = tool === undefined ? undefined : outputOf(root, enter, `${tool}-save`, ['-c']);
    return tool === undefined || text === undefined ? undefined : parseSavedRules(text, tool);
  });
}

// Asking for rules loads the module that would hold them. Built-in parts are not listed: only a list that has the one
// without the other tells.
function isLoaded(root: Root, half: keyof typeof MODULES): boolean {
  const modules = root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: text }));
  if (!modules.ok || !/^(?:nf|ip)_conntrack /m.test(modules.value)) return true;
  return MODULES[half].some((module) => new RegExp(`^${module} `, 'm').test(modules.value));
}

function placeOfTool(tool: string): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${tool}`).find((place) => exists(place));
}

function outputOf(root: Root, enter: readonly string[], tool: string, args: readonly string[]): string | undefined {
  const place = placeOfTool(tool);
  if (place === undefined) return undefined;
  const said = runTool(root, place, [[...enter, place, ...args]], ({ stdout, failure }): Reading<string> => {
    if (failure === undefined) return { ok: true, value: stdout, source: place };
    return { ok: false, fault: { kind: 'tool-failed', source: place, detail: failure } };
  });
  return said.ok ? said.value : undefined;
}
