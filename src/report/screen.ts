// Output on a terminal: colours, progress while a long list is read, and a screen that is redrawn. Not for files or pipes.

import { bytes } from '#system/bytes';
import { files } from '#system/files';
import { terminal } from '#system/terminal';
import { findTool, TOOLS } from '../kernel/tools.ts';
import { writeText } from '../system/stdout.ts';
import { type Palette, PLAIN } from './palette.ts';

const [STDOUT, STDERR] = [1, 2];

const ESCAPE = '\x1b[';

// ECMA-48: bold ends with 22, a colour with 39.
const COLOURED: Palette = {
  title: styled(1, 22),
  critical: styled(31, 39),
  ok: styled(32, 39),
  warning: styled(33, 39),
  unknown: styled(35, 39),
  command: styled(36, 39),
};

function styled(start: number, end: number) {
  return (text: string) => `${ESCAPE}${start}m${text}${ESCAPE}${end}m`;
}

/** No colours if NO_COLOR is set (https://no-color.org). */
export function paletteFor(environment: Readonly<Partial<Record<string, string>>>): Palette {
  const { NO_COLOR = '', TERM } = environment;
  return terminal.isTerminal(STDOUT) && NO_COLOR === '' && TERM !== 'dumb' ? COLOURED : PLAIN;
}

const WORTH_A_BAR = 200_000;

/** Shows the share of about `expected` entries that has been read; `end` removes the line. */
export interface Progress {
  readonly update: (soFar: number) => void;
  readonly end: () => void;
}

export function progressOf(expected: number): Progress {
  if (expected < WORTH_A_BAR || !terminal.isTerminal(STDERR)) return { update: () => undefined, end: () => undefined };
  let shown = '';
  const show = (words: string): void => {
    if (words !== shown) files.write(STDERR, bytes.fromLatin1(`\r${words}${LINE_REST}`), 0);
    shown = words;
  };
  return {
    update: (soFar) => show(`reading entries: ${Math.min(99, Math.floor((100 * soFar) / expected))}%`),
    end: () => show(''),
  };
}

/** Shows one text after another in the same place. */
export interface Screen {
  /** `last` is what remains on the terminal if a signal ends the program. */
  readonly show: (lines: readonly string[], last: string) => void;
  /** Restores the terminal. */
  readonly close: () => void;
}

// The default of a terminal whose height is unknown.
const ROWS = 24;
// xterm's alternate screen: closing it brings back the previous contents.
const [OPEN, CLOSE] = [`${ESCAPE}?1049h${ESCAPE}?25l`, `${ESCAPE}?25h${ESCAPE}?1049l`];
const [HOME, LINE_REST, SCREEN_REST] = [`${ESCAPE}H`, `${ESCAPE}K`, `${ESCAPE}J`];

export function openScreen(): Screen {
  if (!terminal.isTerminal(STDOUT))
    return { show: (lines) => void write(`${lines.join('\n')}\n\n`), close: () => undefined };
  const tail = findTool(TOOLS.lastWords);
  terminal.setLastWords(CLOSE, tail);
  write(OPEN);
  return {
    show: (lines, last) => {
      terminal.setLastWords(CLOSE + last, tail);
      const fitting = fitted(lines, terminal.rows() ?? ROWS);
      write(`${HOME}${fitting.map((line) => line + LINE_REST).join('\n')}${SCREEN_REST}`);
    },
    close: () => {
      write(CLOSE);
      terminal.setLastWords('', tail);
    },
  };
}

function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, rows - 1), `... ${lines.length - rows + 1} more lines; enlarge the window or press Ctrl-C`];
}

// A terminal that is gone has no reader: the error ends the program.
function write(text: string): void {
  if (writeText(text) !== undefined) throw new Error('cannot write to stdout');
}
