// A strict getopt over the flag table. It accepts every form that the plugin guidelines promise (`-w10:20`, `-vvw80`,
// `--warning=10`, `-w -10:10`) and guesses nothing: no abbreviations, no negations.

import { COMMANDS, type Command, type FlagName, flagsOf, type KnownFlag, MUNIN_MODES } from './flags.ts';
import type { Refused } from './readers.ts';

export type Given = Readonly<Partial<Record<FlagName, readonly string[]>>>;

export interface CommandLine {
  readonly command: Command;
  /** The argument of the command `munin`. */
  readonly mode: (typeof MUNIN_MODES)[number] | undefined;
  /** The number given to the command `incidents`. */
  readonly incident: string | undefined;
  /** The value given for each flag, if it could be recognised. */
  readonly given: Given;
  /** The first argument that could not be parsed. */
  readonly fault: Refused | undefined;
}

type ParsedFlag = { readonly flag: KnownFlag; readonly value: string };

/**
 * Parses the arguments in order. `-h` and `-V` end the parsing, so that help never fails because of a later argument.
 */
export function readArguments(argv: readonly string[]): CommandLine {
  const [first, second] = argv;
  const named = COMMANDS.find((command) => command === first);
  const mode = named === 'munin' ? MUNIN_MODES.find((word) => word === second) : undefined;
  const incident = named === 'incidents' && second !== undefined && /^\d{1,9}$/.test(second) ? second : undefined;
  const words = [named, mode ?? incident].filter((word) => word !== undefined);
  const command = named ?? 'check';
  return { command, mode, incident, ...readFlags(argv.slice(words.length), flagsOf(command)) };
}

// Arguments after a fault are still read: one may set the format in which to print the fault.
function readFlags(argv: readonly string[], flags: readonly KnownFlag[]): Pick<CommandLine, 'given' | 'fault'> {
  const given: Partial<Record<FlagName, string[]>> = {};
  let fault: Refused | undefined;
  for (const step of allSteps(argv, flags)) {
    const wrong = 'why' in step ? step : takeValue(step, given);
    fault ??= wrong;
    if (fault === undefined && (given.help ?? given.version) !== undefined) break;
  }
  return { given, fault };
}

function takeValue({ flag, value }: ParsedFlag, given: Partial<Record<FlagName, string[]>>): Refused | undefined {
  const values = given[flag.long] ?? [];
  if (values.length > 0 && flag.value.repeat !== true) return refusedText('given twice', `--${flag.long}`);
  values.push(value);
  given[flag.long] = values;
  return undefined;
}

function allSteps(argv: readonly string[], flags: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  const parsed: (ParsedFlag | Refused)[] = [];
  // Reversed, because taking from the front of a long array is slow.
  const rest = argv.slice().reverse();
  while (rest.length > 0) {
    for (const step of steps(rest.pop() ?? '', rest, flags)) parsed.push(step);
  }
  return parsed;
}

// The flags in one argument. A flag whose value is the next argument takes it off the end of `rest`.
function steps(argument: string, rest: string[], flags: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  if (argument === '--')
    return rest
      .splice(0)
      .slice(-1)
      .map((operand) => refusedText('unknown argument', operand));
  if (argument.startsWith('--')) return [longStep(argument, rest, flags)];
  if (argument.startsWith('-') && argument.length > 1) return shortSteps(argument, rest, flags);
  return [
    refusedText(
      COMMANDS.some((command) => command === argument) ? 'a command goes first' : 'unknown argument',
      argument,
    ),
  ];
}

function longStep(text: string, rest: string[], flags: readonly KnownFlag[]): ParsedFlag | Refused {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const flag = flags.find(({ long }) => long === name);
  if (flag === undefined) return refusedText('unknown option', `--${name}`);
  if (flag.value.takes === undefined && value !== undefined) return refusedText('takes no value', `--${name}`);
  return flag.value.takes === undefined ? { flag, value: '' } : withValue(flag, `--${name}`, value, rest);
}

// After a letter with a value, the rest is the value; after any other letter, the rest is more letters.
function shortSteps(text: string, rest: string[], flags: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  const parsed: (ParsedFlag | Refused)[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text.charAt(at);
    const flag = flags.find(({ short }) => short === letter);
    if (flag === undefined) return [...parsed, refusedText('unknown option', `-${letter}`)];
    if (flag.value.takes !== undefined)
      return [...parsed, withValue(flag, `-${letter}`, text.slice(at + 1) || undefined, rest)];
    parsed.push({ flag, value: '' });
  }
  return parsed;
}

function withValue(flag: KnownFlag, shown: string, inline: string | undefined, rest: string[]): ParsedFlag | Refused {
  const value = inline ?? rest[rest.length - 1];
  // A single dash means stdin.
  const isOption = inline === undefined && value !== undefined && /^-(?![\d.]|$)/.test(value);
  if (value === undefined || value === '' || isOption) return refusedText('missing value', shown);
  if (inline === undefined) rest.pop();
  return { flag, value };
}

function refusedText(why: string, text: string): Refused {
  return { text, why };
}
