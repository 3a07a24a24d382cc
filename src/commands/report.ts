// The report: an incident told to a person, once or again and again.

import { self } from '#system/self';
import { terminal } from '#system/terminal';
import type { ReportOptions } from '../cli/options.ts';
import type { Look } from '../evaluate/incident.ts';
import { type Deadline, openRoot } from '../kernel/root.ts';
import { attemptLines } from '../present/details.ts';
import { renderJson } from '../present/documents.ts';
import { statusLine } from '../present/line.ts';
import { PLAIN } from '../present/palette.ts';
import { wrapped } from '../present/prose.ts';
import type { Outcome } from './check.ts';
import { interruption } from './interruption.ts';
import { failed, listRound, machineRound, type Round, type Setting } from './round.ts';
import { openScreen, paletteFor } from './terminal.ts';

export async function report(options: ReportOptions, deadline: Deadline): Promise<Outcome> {
  const palette = options.format === 'json' ? PLAIN : paletteFor(self.environment);
  const setting = { options, deadline, stop: interruption(deadline), palette };
  if (options.watch) return watch(setting);
  const once = await reportOnce(setting, undefined);
  return { state: once.told.state, output: written(once, setting) };
}

interface Once extends Round {
  /** What `-vv` adds. */
  readonly details: readonly string[];
}

async function reportOnce(setting: Setting, past: Look | undefined): Promise<Once> {
  const { options, deadline } = setting;
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return { ...failed(opened.fault), details: [] };
  const { root } = opened;
  const alone = options.entries !== undefined && !options.rootGiven;
  const round = alone ? await listRound(setting) : await machineRound(root, setting, past);
  // A list alone names its own source.
  const late = alone ? undefined : root.late();
  const details = options.verbosity > 1 ? attemptLines(root.attempts, options.verbosity > 2) : [];
  return { ...(late === undefined ? round : failed(late)), details };
}

// Reading a long list takes a CPU from the machine that is in trouble: not for more than a quarter of the time.
const READING_SHARE = 4;

/** Until it is interrupted, or fails; then the last one stays where the terminal was. */
async function watch(setting: Setting): Promise<Outcome> {
  const { options, stop } = setting;
  const screen = openScreen();
  let once: Once = { ...failed({ kind: 'timeout', source: options.root }), details: [] };
  try {
    do {
      once = await reportOnce(setting, once.look);
      screen.show(linesOf(once, setting));
      const pause = Math.max(1000 * options.intervalSeconds, (READING_SHARE - 1) * once.reading);
      await stop.pause(pause);
    } while (once.look !== undefined && !stop.interrupted());
  } finally {
    screen.close();
  }
  return { state: once.told.state, output: terminal.isTerminal(1) ? written(once, setting) : '' };
}

const FOREVER = Number.POSITIVE_INFINITY;

function written(once: Once, setting: Setting): string {
  const { told, details } = once;
  if (setting.options.format === 'json') return renderJson('report', { ...told, details }, told.body);
  const lines = linesOf(once, setting);
  // Its first line would have left the screen.
  const rows = terminal.isTerminal(1) ? (terminal.rows() ?? FOREVER) : FOREVER;
  const again = lines.length < rows ? [] : ['', ...verdictLines(once, setting)];
  return `${[...lines, ...again].join('\n')}\n`;
}

function linesOf(once: Once, setting: Setting): readonly string[] {
  return [...verdictLines(once, setting), ...once.told.lines, ...once.details];
}

function verdictLines({ told: { state, text } }: Once, { palette }: Setting): readonly string[] {
  const [first = '', ...rest] = wrapped(statusLine(state, text));
  const [, mark = '', words = ''] = /^(CONNTRACK [A-Z]+)(.*)$/.exec(first) ?? [];
  return [palette[state](mark) + words, ...rest];
}
