// The report command: explains an incident, once or repeatedly.

import { self } from '#system/self';
import { terminal } from '#system/terminal';
import type { Format, ReportOptions } from '../cli/options.ts';
import type { Outcome, Program } from '../cli/program.ts';
import { type Deadline, openRoot } from '../kernel/root.ts';
import { attemptLines } from '../words/details.ts';
import { renderJson } from '../words/json.ts';
import { statusLine, statusMark } from '../words/line.ts';
import { wrapped } from '../words/prose.ts';
import { reportOfMachine } from './incident-report.ts';
import { interruption } from './interruption.ts';
import { countInThread } from './list/count-worker.ts';
import { reportOfList } from './list-report.ts';
import { PLAIN } from './palette.ts';
import { type ReportContext, type Reported, reportedFailure, reportedUnknown } from './reported.ts';
import { openScreen, paletteFor } from './screen.ts';

export const reportCommand: Program<ReportOptions> = { run: runReport, fail: failReport, inThread: countInThread };

async function runReport(options: ReportOptions, deadline: Deadline): Promise<Outcome> {
  const palette = options.format === 'json' ? PLAIN : paletteFor(self.environment);
  const context = { options, deadline, stop: interruption(deadline), palette };
  if (options.watch) return watchTable(context);
  const once = await reportOnce(context, undefined);
  return { state: once.state, output: writtenReport(once, context) };
}

async function failReport(text: string, format: Format): Promise<Outcome> {
  const failure = { ...reportedUnknown(text), details: [] };
  return {
    state: failure.state,
    output: format === 'json' ? document(failure) : `${statusLine(failure.state, text)}\n`,
  };
}

interface DetailedReport extends Reported {
  /** Lines of `-vv`. */
  readonly details: readonly string[];
}

async function reportOnce(context: ReportContext, past: Reported | undefined): Promise<DetailedReport> {
  const { options, deadline } = context;
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return { ...reportedFailure(opened.fault), details: [] };
  const { root } = opened;
  const alone = options.entries !== undefined && !options.rootGiven;
  const reported = alone ? await reportOfList(context) : await reportOfMachine(root, context, past);
  // A list without a root names its own source.
  const late = alone ? undefined : root.late();
  const details = options.verbosity > 1 ? attemptLines(root.attempts, options.verbosity > 2) : [];
  return { ...(late === undefined ? reported : reportedFailure(late)), details };
}

// Reading a long list takes a CPU from a machine in trouble: at most a quarter of the time.
const READING_SHARE = 4;

/** Repeats until interrupted or failed; the last report stays on the terminal. */
async function watchTable(context: ReportContext): Promise<Outcome> {
  const { options, stop } = context;
  const screen = openScreen();
  let once: DetailedReport = { ...reportedFailure({ kind: 'timeout', source: options.root }), details: [] };
  try {
    do {
      once = await reportOnce(context, once);
      screen.show(linesOf(once, context), writtenReport(once, context));
      const pause = Math.max(1000 * options.intervalSeconds, (READING_SHARE - 1) * once.reading);
      await stop.pause(pause);
    } while (once.look !== undefined && !stop.interrupted());
  } finally {
    screen.close();
  }
  return { state: once.state, output: terminal.isTerminal(1) ? writtenReport(once, context) : '' };
}

const WATCH_FOREVER = Number.POSITIVE_INFINITY;

function writtenReport(once: DetailedReport, context: ReportContext): string {
  if (context.options.format === 'json') return document(once);
  const lines = linesOf(once, context);
  // Repeat the verdict if it has scrolled off the screen.
  const rows = terminal.isTerminal(1) ? (terminal.rows() ?? WATCH_FOREVER) : WATCH_FOREVER;
  const again = lines.length < rows ? [] : ['', ...verdictLines(once, context), ...once.first];
  return `${[...lines, ...again].join('\n')}\n`;
}

function document(once: DetailedReport): string {
  return renderJson(once, 'report', once.body);
}

function linesOf(once: DetailedReport, context: ReportContext): readonly string[] {
  const files = once.details.length === 0 ? [] : ['', 'Files', ...once.details];
  return [...verdictLines(once, context), ...once.lines, ...files];
}

function verdictLines({ state, text, lines }: Reported, { palette }: ReportContext): readonly string[] {
  const mark = statusMark(state);
  const line = statusLine(state, text);
  // A failure is one line, however long.
  const [first = '', ...rest] = lines.length === 0 ? [line] : wrapped(line);
  return [palette[state](mark) + first.slice(mark.length), ...rest];
}
