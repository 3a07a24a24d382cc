// The terminal, by node:tty.

import type { Terminal } from '../contract.ts';

export const terminal: Terminal = {
  isTerminal: (fd) => tty().isatty(fd),
  rows: () => process.stdout.rows,
};

// Loaded on demand: a check has no terminal.
function tty(): typeof import('node:tty') {
  return require('node:tty');
}
