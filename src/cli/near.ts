// What somebody may have meant by a word that is none of ours. Loaded only when it comes to that.

import { closest, distance } from 'fastest-levenshtein';
import { COMMANDS, type Command, FLAGS, type Flag } from './flags.ts';

const NOT_COMMANDS: Readonly<Record<string, string>> = { help: '--help', version: '--version' };
// Of a word this share may be another letter.
const ALIKE = 1 / 3;

/** The command or flag that is nearest, where one is near; `command` is the one that was given. */
export function nearWord(text: string, command: Command): string | undefined {
  const instead = NOT_COMMANDS[text];
  if (instead !== undefined) return instead;
  const all: readonly Flag[] = FLAGS;
  const flags = all.filter(({ of }) => of === undefined || of === command).map(({ long }) => `--${long}`);
  const words = text.startsWith('-') ? flags : [...COMMANDS];
  const letters = (word: string) => word.replace(/^-+/, '');
  const begun = text.length > 3 ? words.filter((word) => word.startsWith(text)) : [];
  const near = begun.length === 1 ? begun[0] : closest(text, words);
  // Behind `--` it is no flag, and in the second place no command.
  if (near === text) return undefined;
  if (near === undefined || begun.includes(near)) return near;
  return distance(letters(text), letters(near)) <= ALIKE * letters(near).length ? near : undefined;
}
