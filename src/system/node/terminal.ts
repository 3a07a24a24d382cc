// The terminal, by node:tty, which is loaded with the commands that may have one.

import { isatty } from 'node:tty';
import type { Terminal } from '../contract.ts';

export const terminal: Terminal = {
  isTerminal: isatty,
  rows: () => process.stdout.rows,
};
