// A strict getopt over the flag table. It knows every form that the plugin guidelines promise (`-w10:20`,
// `-vvw80`, `--warning=10`, `-w -10:10`) and guesses nothing: no abbreviations, no negations.

import { COMMANDS, type Command, FLAGS, type Flag, type FlagName } from './flags.ts';

export type Given = Readonly<Partial<Record<FlagName, readonly string[]>>>;

export type Parsed =
  | { readonly ok: true; readonly given: Given }
  | { readonly ok: false; readonly why: string; readonly text: string };

type KnownFlag = Flag & { readonly long: FlagName };
type Step = { readonly flag: KnownFlag; readonly value: string };
type Fault = Extract<Parsed, { ok: false }>;

const KNOWN: readonly KnownFlag[] = FLAGS;

export function isCommand(word: string | undefined): word is Command {
  const names: readonly (string | undefined)[] = COMMANDS;
  return names.includes(word);
}

/** Reads the arguments in order; `-h` and `-V` end the reading, so that help never fails on what follows. */
export function parseArguments(argv: readonly string[], command: Command = 'check'): Parsed {
  const given: Partial<Record<FlagName, string[]>> = {};
  const known = KNOWN.filter(({ of }) => of === undefined || of === command);
  for (const step of allSteps(argv, known)) {
    if ('why' in step) return step;
    const { long, repeat } = step.flag;
    const values = given[long] ?? [];
    if (values.length > 0 && !repeat) return fault('given twice', `--${long}`);
    values.push(step.value);
    given[long] = values;
    if (long === 'help' || long === 'version') break;
  }
  return { ok: true, given };
}

function allSteps(argv: readonly string[], known: readonly KnownFlag[]): readonly (Step | Fault)[] {
  const found: (Step | Fault)[] = [];
  // Turned round, since taking from the front of a long array is slow.
  const rest = argv.slice().reverse();
  while (rest.length > 0) {
    for (const step of steps(rest.pop() ?? '', rest, known)) found.push(step);
  }
  return found;
}

// What one argument says. A flag that wants its value from the next argument takes it off the end of `rest`.
function steps(argument: string, rest: string[], known: readonly KnownFlag[]): readonly (Step | Fault)[] {
  if (argument === '--') return rest.slice(-1).map((operand) => fault('unknown argument', operand));
  if (argument.startsWith('--')) return [longStep(argument, rest, known)];
  if (argument.startsWith('-') && argument.length > 1) return shortSteps(argument, rest, known);
  return [fault(isCommand(argument) ? 'a command goes first' : 'unknown argument', argument)];
}

function longStep(text: string, rest: string[], known: readonly KnownFlag[]): Step | Fault {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const flag = known.find(({ long }) => long === name);
  if (flag === undefined) return fault('unknown option', `--${name}`);
  if (flag.takes === undefined && value !== undefined) return fault('takes no value', `--${name}`);
  return flag.takes === undefined ? { flag, value: '' } : withValue(flag, `--${name}`, value, rest);
}

// What follows a value-taking letter is its value; what follows another letter is the next letter.
function shortSteps(text: string, rest: string[], known: readonly KnownFlag[]): readonly (Step | Fault)[] {
  const found: (Step | Fault)[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text.charAt(at);
    const flag = known.find(({ short }) => short === letter);
    if (flag === undefined) return [...found, fault('unknown option', `-${letter}`)];
    if (flag.takes !== undefined)
      return [...found, withValue(flag, `-${letter}`, text.slice(at + 1) || undefined, rest)];
    found.push({ flag, value: '' });
  }
  return found;
}

function withValue(flag: KnownFlag, shown: string, inline: string | undefined, rest: string[]): Step | Fault {
  const value = inline ?? rest[rest.length - 1];
  // A single dash stands for stdin.
  const isOption = inline === undefined && value !== undefined && /^-(?![\d.]|$)/.test(value);
  if (value === undefined || value === '' || isOption) return fault('missing value', shown);
  if (inline === undefined) rest.pop();
  return { flag, value };
}

function fault(why: string, text: string): Fault {
  return { ok: false, why, text };
}
