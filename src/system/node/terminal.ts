import type { Terminal } from '../contract.ts';

export const terminal: Terminal = {
  isTerminal: (fd) => tty().isatty(fd),
  rows: () => process.stdout.rows,
};

// Loaded on demand: a check does not use the terminal.
function tty(): typeof import('node:tty') {
  return require('node:tty');
}
