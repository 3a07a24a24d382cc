// The options that conntrack's module is loaded with: modprobe.d(5) and the kernel's command line.

import type { HashsizeOption, RefusedOption, SysctlLine } from '../../model/configuration.ts';
import { GENERATION_NAMES } from '../../model/generation.ts';
import { largestHashsize } from '../../model/machine.ts';
import { parseKernelNumber } from '../number.ts';
import { parseCommands } from './commands.ts';

/** The statements of one file of modprobe.d(5) about conntrack. */
export interface ModprobeFile {
  readonly hashsizes: readonly HashsizeOption[];
  /** Options that the module refuses. */
  readonly refused: readonly RefusedOption[];
  /** Limits that `install` lines set whenever a module is loaded. */
  readonly commands: readonly SysctlLine[];
  /** True if sysctl runs again when the module is loaded: `install nf_conntrack … sysctl …`. */
  readonly reapplies: boolean;
}

const NOTHING: ModprobeFile = { hashsizes: [], refused: [], commands: [], reapplies: false };
/** Options that are often given and that no version of the module has. */
const NO_OPTIONS = ['nf_conntrack_max', 'ip_conntrack_max', 'conntrack_max', 'max'];
const MODULES: readonly string[] = GENERATION_NAMES;
const LARGEST_HASHSIZE = largestHashsize({});

/** A `\` at the end of a line joins it to the next, with nothing in between. */
export function parseModprobeFile(text: string, path: string): ModprobeFile {
  if (!text.includes('conntrack')) return NOTHING;
  const lines = text.split('\\\n').join('').split('\n');
  const installs = lines.filter((line) => line.trimStart().startsWith('install'));
  const statements = lines.map((line) => line.split(/\s/).filter(Boolean));
  const about = (command: string) =>
    statements.filter(([first, module = '']) => first === command && isOurModule(module));
  return {
    hashsizes: about('options').flatMap(([, module = '', ...words]) =>
      hashsizeOf(words, { path, module: sameName(module), key: 'hashsize' }),
    ),
    refused: about('options').flatMap(([, module = '', ...words]) => refusedOf(words, path, sameName(module))),
    commands: parseCommands(installs.join('\n'), path),
    reapplies: about('install').some((words) => words.some((word) => word.includes('sysctl'))),
  };
}

/** Words after `--` are for init; quotes only keep words together. */
export function parseCommandLine(text: string, path: string): readonly HashsizeOption[] {
  if (!text.includes('conntrack')) return [];
  // The even parts are between the quotes.
  const parts = text.split('"').map((part, at) => (at % 2 === 0 ? part : part.replace(/\s/g, '_')));
  const all = parts.join('').split(/\s/);
  const words = all.slice(0, all.includes('--') ? all.indexOf('--') : all.length).map(sameKey);
  return MODULES.flatMap((module) => hashsizeOf(words, { path, module, key: `${module}.hashsize` }));
}

// The last one counts.
function hashsizeOf(words: readonly string[], option: Omit<HashsizeOption, 'value'>): readonly HashsizeOption[] {
  const [last = ''] = words.filter((word) => word.startsWith(`${option.key}=`)).slice(-1);
  // The kernel removes quotes around a value.
  const value = parseKernelNumber(last.slice(option.key.length + 1).replace(/^"(.*)"$/, '$1'));
  return value === undefined || value === 0 || value > LARGEST_HASHSIZE ? [] : [{ ...option, value }];
}

function refusedOf(words: readonly string[], path: string, module: string): readonly RefusedOption[] {
  const keys = words.map((word) => word.split('=')[0] ?? '');
  const unknown = NO_OPTIONS.filter((key) => keys.includes(key)).map((key) => ({ key, refused: undefined }));
  const [, value] =
    words
      .filter((word) => word.startsWith('hashsize='))
      .map((word) => word.split('='))
      .pop() ?? [];
  const isAccepted =
    value === undefined || hashsizeOf([`hashsize=${value}`], { path, module, key: 'hashsize' }).length > 0;
  const number = parseKernelNumber(value ?? '0');
  const kind = number === undefined ? 'not a number' : 'too large';
  const hashsize =
    isAccepted || number === 0 ? [] : [{ key: 'hashsize', refused: { kind, bytes: value.length } } as const];
  return [...unknown, ...hashsize].map((option) => ({ path, module, ...option }));
}

function isOurModule(module: string): boolean {
  return MODULES.includes(sameName(module));
}

function sameKey(word: string): string {
  const [key = '', ...value] = word.split('=');
  return [sameName(key), ...value].join('=');
}

/** modprobe and the kernel accept `-` and `_` in a module's name. */
function sameName(name: string): string {
  return name.replace(/-/g, '_');
}
