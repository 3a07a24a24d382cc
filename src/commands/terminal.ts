// What a person sees: colours, a bar while a long list is read, a screen that is drawn anew. A file or a pipe gets none.

import { isatty } from 'node:tty';
import { createColors } from 'picocolors';
import ProgressBar from 'progress';
import type { Palette } from '../present/palette.ts';
import { writeAll } from '../stdout.ts';

const [STDOUT, STDERR] = [1, 2];

/** https://no-color.org: set to anything, it means none. */
export function paletteFor(environment: Readonly<Partial<Record<string, string>>>): Palette {
  const { NO_COLOR = '', TERM } = environment;
  const { bold, cyan, green, magenta, red, yellow } = createColors(
    isatty(STDOUT) && NO_COLOR === '' && TERM !== 'dumb',
  );
  return { title: bold, ok: green, warning: yellow, critical: red, unknown: magenta, command: cyan };
}

const WORTH_A_BAR = 200_000;

/** Is told how many of about `expected` there are so far, and last that it is over: then the bar goes. */
export interface Progress {
  readonly update: (soFar: number) => void;
  readonly end: () => void;
}

export function progressOf(expected: number): Progress {
  if (expected < WORTH_A_BAR || !isatty(STDERR)) return { update: () => undefined, end: () => undefined };
  const form = { total: 100, width: 40, complete: '#', incomplete: '.', clear: true, stream: process.stderr };
  const bar = new ProgressBar('reading entries [:bar] :percent', form);
  return {
    update: (soFar) => bar.update(Math.min(0.99, soFar / expected)),
    end: () => bar.update(1),
  };
}

/** One text after the other in the same place. */
export interface Screen {
  readonly show: (lines: readonly string[]) => void;
  /** Leaves the terminal as it was. */
  readonly close: () => void;
}

// What a terminal has that does not tell.
const ROWS = 24;
const ESCAPE = '\x1b[';
// xterm's alternate screen: what was there before comes back.
const [OPEN, CLOSE] = [`${ESCAPE}?1049h${ESCAPE}?25l`, `${ESCAPE}?25h${ESCAPE}?1049l`];
const [HOME, LINE_REST, SCREEN_REST] = [`${ESCAPE}H`, `${ESCAPE}K`, `${ESCAPE}J`];

export function openScreen(): Screen {
  if (!isatty(STDOUT)) return { show: (lines) => void write(`${lines.join('\n')}\n\n`), close: () => undefined };
  write(OPEN);
  return {
    show: (lines) => {
      const fitting = fitted(lines, process.stdout.rows || ROWS);
      write(`${HOME}${fitting.map((line) => line + LINE_REST).join('\n')}${SCREEN_REST}`);
    },
    close: () => void write(CLOSE),
  };
}

function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [
    ...lines.slice(0, rows - 1),
    `... ${lines.length - rows + 1} more lines: a higher window shows them, or Ctrl-C`,
  ];
}

function write(text: string): void {
  writeAll(Buffer.from(text, 'latin1'));
}
