// What is printed for a mistake on the command line, with what may have been meant.

import { nearest } from '../evaluate/nearest.ts';
import { foreign } from '../words/words.ts';
import { COMMANDS, type Command, flagsOf } from './flags.ts';
import type { Asked, Mistake } from './options.ts';

export function mistakeWords({ command, flag, text, why }: Asked & Mistake): string {
  const given = text === '' ? '(empty)' : foreign(text);
  const near = /^unknown (?:argument|option)$/.test(why) ? nearWord(text, command) : undefined;
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`;
  const help = ['check_conntrack', ...(command === 'check' ? [] : [command]), '--help'].join(' ');
  return `${flag === undefined ? given : `${flag} ${given}`}: ${why}${meant}; see ${help}`;
}

function nearWord(text: string, command: Command): string | undefined {
  if (text === 'help' || text === 'version') return `--${text}`;
  const letters = text.replace(/^-+/, '');
  if (letters === text) return nearest(text, COMMANDS);
  const names = flagsOf(command).map(({ long }) => long);
  const near = nearest(letters, names);
  return near === undefined ? undefined : `--${near}`;
}
