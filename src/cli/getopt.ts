// A strict getopt over the flag table. It knows every form that the plugin guidelines promise (`-w10:20`,
// `-vvw80`, `--warning=10`, `-w -10:10`) and guesses nothing: no abbreviations, no negations.

import { FLAGS, type Flag, type FlagName } from './flags.ts';

export type Given = Readonly<Partial<Record<FlagName, readonly string[]>>>;

export type Parsed =
  | { readonly ok: true; readonly given: Given }
  | { readonly ok: false; readonly why: string; readonly text: string };

type KnownFlag = Flag & { readonly long: FlagName };
type Step = { readonly flag: KnownFlag; readonly value: string; readonly rest: readonly string[] };
type Fault = Extract<Parsed, { ok: false }>;

const KNOWN: readonly KnownFlag[] = FLAGS;

/** Reads the arguments in order; `-h` and `-V` end the reading, so that help never fails on what follows. */
export function parseArguments(argv: readonly string[]): Parsed {
  const given: Partial<Record<FlagName, string[]>> = {};
  let rest = argv;
  while (rest.length > 0) {
    const step = nextStep(rest);
    if ('why' in step) return step;
    const { long, repeat } = step.flag;
    if (given[long] !== undefined && !repeat) return fault('given twice', `--${long}`);
    given[long] = [...(given[long] ?? []), step.value];
    if (long === 'help' || long === 'version') break;
    rest = step.rest;
  }
  return { ok: true, given };
}

function nextStep([first = '', ...rest]: readonly string[]): Step | Fault {
  if (first === '--' && rest.length > 0) return fault('unknown argument', rest[0] ?? '');
  if (first.startsWith('--')) return longStep(first, rest);
  if (first.startsWith('-') && first.length > 1) return shortStep(first, rest);
  return fault('unknown argument', first);
}

function longStep(text: string, rest: readonly string[]): Step | Fault {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const flag = KNOWN.find(({ long }) => long === name);
  if (flag === undefined) return fault('unknown option', `--${name}`);
  if (flag.takes === undefined && value !== undefined) return fault('takes no value', `--${name}`);
  return flag.takes === undefined ? { flag, value: '', rest } : withValue(flag, `--${name}`, value, rest);
}

// What follows a value-taking letter is its value; what follows another letter is the next letter.
function shortStep(text: string, rest: readonly string[]): Step | Fault {
  const letter = text.charAt(1);
  const tail = text.slice(2);
  const flag = KNOWN.find(({ short }) => short === letter);
  if (flag === undefined) return fault('unknown option', `-${letter}`);
  if (flag.takes !== undefined) return withValue(flag, `-${letter}`, tail === '' ? undefined : tail, rest);
  return { flag, value: '', rest: tail === '' ? rest : [`-${tail}`, ...rest] };
}

function withValue(flag: KnownFlag, shown: string, inline: string | undefined, rest: readonly string[]): Step | Fault {
  const value = inline ?? rest[0];
  const isOption = inline === undefined && value !== undefined && /^-(?![\d.])/.test(value);
  if (value === undefined || value === '' || isOption) return fault('missing value', shown);
  return { flag, value, rest: inline === undefined ? rest.slice(1) : rest };
}

function fault(why: string, text: string): Fault {
  return { ok: false, why, text };
}
