// A strict getopt over the flag table. It knows every form that the plugin guidelines promise (`-w10:20`,
// `-vvw80`, `--warning=10`, `-w -10:10`) and guesses nothing: no abbreviations, no negations.

import { COMMANDS, type Command, type FlagName, flagsOf, type KnownFlag, MUNIN_MODES } from './flags.ts';
import type { Refused } from './readers.ts';

export type Given = Readonly<Partial<Record<FlagName, readonly string[]>>>;

export interface CommandLine {
  readonly command: Command;
  /** What the command `munin` is followed by. */
  readonly mode: (typeof MUNIN_MODES)[number] | undefined;
  /** What was given for each flag, as far as it can be recognised. */
  readonly given: Given;
  /** The first argument that is not understood. */
  readonly fault: Refused | undefined;
}

type ParsedFlag = { readonly flag: KnownFlag; readonly value: string };

/** Reads the arguments in order; `-h` and `-V` end the reading, so that help never fails on what follows. */
export function readArguments(argv: readonly string[]): CommandLine {
  const [first, second] = argv;
  const named = COMMANDS.find((command) => command === first);
  const mode = named === 'munin' ? MUNIN_MODES.find((word) => word === second) : undefined;
  const words = [named, mode].filter((word) => word !== undefined);
  const command = named ?? 'check';
  return { command, mode, ...readFlags(argv.slice(words.length), flagsOf(command)) };
}

// What follows a fault is read all the same: it may say in which format the fault is to be printed.
function readFlags(argv: readonly string[], known: readonly KnownFlag[]): Pick<CommandLine, 'given' | 'fault'> {
  const given: Partial<Record<FlagName, string[]>> = {};
  let fault: Refused | undefined;
  for (const step of allSteps(argv, known)) {
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

function allSteps(argv: readonly string[], known: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  const found: (ParsedFlag | Refused)[] = [];
  // Reversed: taking from the front of a long array is slow.
  const rest = argv.slice().reverse();
  while (rest.length > 0) {
    for (const step of steps(rest.pop() ?? '', rest, known)) found.push(step);
  }
  return found;
}

// The flags in one argument. A flag that wants its value from the next argument takes it off the end of `rest`.
function steps(argument: string, rest: string[], known: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  if (argument === '--')
    return rest
      .splice(0)
      .slice(-1)
      .map((operand) => refusedText('unknown argument', operand));
  if (argument.startsWith('--')) return [longStep(argument, rest, known)];
  if (argument.startsWith('-') && argument.length > 1) return shortSteps(argument, rest, known);
  return [
    refusedText(
      COMMANDS.some((command) => command === argument) ? 'a command goes first' : 'unknown argument',
      argument,
    ),
  ];
}

function longStep(text: string, rest: string[], known: readonly KnownFlag[]): ParsedFlag | Refused {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const flag = known.find(({ long }) => long === name);
  if (flag === undefined) return refusedText('unknown option', `--${name}`);
  if (flag.value.takes === undefined && value !== undefined) return refusedText('takes no value', `--${name}`);
  return flag.value.takes === undefined ? { flag, value: '' } : withValue(flag, `--${name}`, value, rest);
}

// What follows a value-taking letter is its value; what follows another letter is the next letter.
function shortSteps(text: string, rest: string[], known: readonly KnownFlag[]): readonly (ParsedFlag | Refused)[] {
  const found: (ParsedFlag | Refused)[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text.charAt(at);
    const flag = known.find(({ short }) => short === letter);
    if (flag === undefined) return [...found, refusedText('unknown option', `-${letter}`)];
    if (flag.value.takes !== undefined)
      return [...found, withValue(flag, `-${letter}`, text.slice(at + 1) || undefined, rest)];
    found.push({ flag, value: '' });
  }
  return found;
}

function withValue(flag: KnownFlag, shown: string, inline: string | undefined, rest: string[]): ParsedFlag | Refused {
  const value = inline ?? rest[rest.length - 1];
  // A single dash stands for stdin.
  const isOption = inline === undefined && value !== undefined && /^-(?![\d.]|$)/.test(value);
  if (value === undefined || value === '' || isOption) return refusedText('missing value', shown);
  if (inline === undefined) rest.pop();
  return { flag, value };
}

function refusedText(why: string, text: string): Refused {
  return { text, why };
}
