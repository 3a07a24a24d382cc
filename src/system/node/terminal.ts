import type { ChildProcess } from 'node:child_process';
import type { Terminal } from '../contract.ts';
import { childProcess } from './children.ts';

// A smaller size means that nothing has set it.
const [FEWEST_COLUMNS, FEWEST_ROWS] = [4, 4];

export const terminal: Terminal = {
  isTerminal: (fd) => tty().isatty(fd),
  rows: () => {
    const { columns, rows } = process.stdout;
    return columns >= FEWEST_COLUMNS && rows >= FEWEST_ROWS ? rows : undefined;
  },
  // While the event loop does not turn, Node calls no handler of a signal. tail(1) prints the end of its input when that
  // ends, which it does with this program.
  setLastWords: (text, tail) => {
    const before = printer;
    printer = text === '' || tail === undefined ? undefined : printAtEnd(tail, text);
    before?.kill('SIGKILL');
  },
};

let printer: ChildProcess | undefined;

function printAtEnd(tail: string, text: string): ChildProcess {
  const stdio = ['pipe', 'inherit', 'ignore'] as const;
  const args = ['-c', String(text.length)];
  const child = childProcess().spawn(tail, args, { stdio: [...stdio], env: {}, detached: true });
  child.on('error', () => undefined).unref();
  child.stdin.on('error', () => undefined).write(text, 'latin1');
  return child;
}

// Loaded on demand: a check does not use the terminal.
function tty(): typeof import('node:tty') {
  return require('node:tty');
}
