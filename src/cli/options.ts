// The command line as a request. Each command lists its options; each option is parsed by its row of the flag table.

import { looserWarning, mergeThresholds, needingHistory, type Thresholds } from '../evaluate/thresholds.ts';
import { type Command, FLAG, type FlagName } from './flags.ts';
import { type CommandLine, type Given, readArguments } from './getopt.ts';
import { type Environment, type FlagKind, type Refused, STATE_VARIABLES } from './readers.ts';

/** A mistake on a command line; its text is untrusted. */
export interface Mistake extends Refused {
  /** The flag whose value is the text. */
  readonly flag?: `--${FlagName}`;
}

interface OptionRow<T> {
  readonly long: FlagName;
  readonly value: FlagKind<T>;
}

/** Returns the command line's value for a row of the table. */
type ValueOf = <T>(row: OptionRow<T>) => T;

function commonOptions(value: ValueOf) {
  return { root: value(FLAG.root), objectSize: value(FLAG.objectSize), verbosity: value(FLAG.verbose) };
}

function checkOptions(value: ValueOf) {
  return {
    thresholds: mergeThresholds({ warning: value(FLAG.warning), critical: value(FLAG.critical) }),
    absent: value(FLAG.absent),
    drift: value(FLAG.drift),
    partial: value(FLAG.partial),
    netns: value(FLAG.netns),
    format: value(FLAG.format),
    ...commonOptions(value),
    timeoutSeconds: value(FLAG.timeout),
    windowSeconds: value(FLAG.window),
    stateDir: value(FLAG.stateDir),
    record: value(FLAG.record),
  };
}

function reportOptions(value: ValueOf, given: Given) {
  return {
    ...commonOptions(value),
    timeoutSeconds: value(FLAG.endlessTimeout),
    top: value(FLAG.top),
    all: value(FLAG.all),
    pid: value(FLAG.pid),
    intervalSeconds: value(FLAG.interval),
    format: value(FLAG.textFormat),
    watch: value(FLAG.watch),
    entries: value(FLAG.entries),
    stateDir: value(FLAG.checksDir),
    // A captured list belongs to the table of a root only if a root was given.
    rootGiven: given.root !== undefined,
  };
}

function incidentsOptions(value: ValueOf, { incident }: CommandLine) {
  return {
    ...commonOptions(value),
    timeoutSeconds: value(FLAG.endlessTimeout),
    stateDir: value(FLAG.checksDir),
    format: value(FLAG.textFormat),
    /** Counted from the newest, which is 1; undefined: the list. */
    number: incident === undefined ? undefined : Number(incident),
  };
}

function planOptions(value: ValueOf) {
  return {
    ...commonOptions(value),
    timeoutSeconds: value(FLAG.endlessTimeout),
    max: value(FLAG.max),
    format: value(FLAG.textFormat),
  };
}

function muninOptions(value: ValueOf, mode: CommandLine['mode'], environment: Environment) {
  return { ...commonOptions(value), timeoutSeconds: value(FLAG.timeout), mode: mode ?? 'fetch', environment } as const;
}

export type CheckOptions = Readonly<ReturnType<typeof checkOptions>>;
export type ReportOptions = Readonly<ReturnType<typeof reportOptions>>;
export type IncidentsOptions = Readonly<ReturnType<typeof incidentsOptions>>;
export type PlanOptions = Readonly<ReturnType<typeof planOptions>>;
export type MuninOptions = Readonly<ReturnType<typeof muninOptions>>;

export interface OptionsOf {
  readonly check: CheckOptions;
  readonly report: ReportOptions;
  readonly incidents: IncidentsOptions;
  readonly plan: PlanOptions;
  readonly munin: MuninOptions;
}

export interface CommandRun<C extends Command> {
  readonly command: C;
  readonly options: OptionsOf[C];
}

/** Common to all command lines: a command, and the output format, also used if it fails. */
export interface Asked {
  readonly command: Command;
  readonly format: Format;
}

export type Format = CheckOptions['format'] | ReportOptions['format'];

type AnyRun = { [C in Command]: CommandRun<C> }[Command];

export type Request =
  | (AnyRun & { readonly kind: 'run'; readonly format: Format })
  | (Asked & { readonly kind: 'help' | 'version' })
  | (Asked & Mistake & { readonly kind: 'mistake' });

const WATCH_WORDS = 'only a live table can be watched, and only as text';
const ONE_NAMESPACE = 'a captured list belongs to one namespace';
const INTERVAL_LONGER = 'must be longer than --interval';
const NEEDS_HISTORY = `needs history: --state-dir, ${STATE_VARIABLES.map((name) => `$${name}`).join(' or ')}`;

export function parseRequest(argv: readonly string[], environment: Environment): Request {
  const line = readArguments(argv);
  const { command, given, fault } = line;
  const mistakes: Mistake[] = [];
  const value: ValueOf = (row) => {
    const { value, refused } = row.value.read(given[row.long] ?? [], environment);
    if (refused !== undefined) mistakes.push({ flag: `--${row.long}`, ...refused });
    return value;
  };
  const format = formatOf(line, environment);
  if (fault !== undefined) return { kind: 'mistake', command, format, ...fault };
  if (given.help !== undefined) return { kind: 'help', command, format };
  if (given.version !== undefined) return { kind: 'version', command, format };
  const run = runOf(line, value, environment);
  const mistake = mistakes[0] ?? contradictionIn(run, given);
  return mistake === undefined ? { kind: 'run', format, ...run } : { kind: 'mistake', command, format, ...mistake };
}

function formatOf({ command, given: { format = [] } }: CommandLine, environment: Environment): Format {
  const { value } = command === 'check' ? FLAG.format : FLAG.textFormat;
  return value.read(format, environment).value;
}

function runOf(line: CommandLine, value: ValueOf, environment: Environment): AnyRun {
  const { command, given, mode } = line;
  switch (command) {
    case 'check':
      return { command, options: checkOptions(value) };
    case 'report':
      return { command, options: reportOptions(value, given) };
    case 'incidents':
      return { command, options: incidentsOptions(value, line) };
    case 'plan':
      return { command, options: planOptions(value) };
    case 'munin':
      return { command, options: muninOptions(value, mode, environment) };
  }
}

/** Finds values that are valid alone but not together. */
function contradictionIn({ command, options }: AnyRun, given: Given): Mistake | undefined {
  switch (command) {
    case 'check':
      return (
        looserLevel(options.thresholds, given) ??
        (options.stateDir === undefined ? withoutHistory(given, options.record) : undefined)
      );
    case 'report':
      return conflictIn(options, given.timeout?.[0]);
    case 'incidents':
    case 'plan':
    case 'munin':
      return undefined;
  }
}

function looserLevel(thresholds: Thresholds, given: Given): Mistake | undefined {
  const looser = looserWarning(thresholds, { warning: given.warning ?? [], critical: given.critical ?? [] });
  if (looser === undefined) return undefined;
  const { warning, critical, isDefault } = looser;
  const why = isDefault
    ? `never warns, because the default --critical ${critical} covers it; give --critical too`
    : `never warns, because --critical ${critical} covers it; swap them`;
  return { flag: '--warning', text: warning, why };
}

function withoutHistory(given: Given, record: boolean): Mistake | undefined {
  for (const flag of ['warning', 'critical'] as const) {
    const text = needingHistory(given[flag] ?? []);
    if (text !== undefined) return { flag: `--${flag}`, text, why: NEEDS_HISTORY };
  }
  return record ? { text: `--${FLAG.record.long}`, why: NEEDS_HISTORY } : undefined;
}

function conflictIn(options: ReportOptions, timeout = ''): Mistake | undefined {
  const { entries, format, intervalSeconds, pid, rootGiven, timeoutSeconds, watch } = options;
  const isCaptured = entries !== undefined;
  // A captured list without a root is read without a second sample.
  const looksTwice = rootGiven || !isCaptured;
  const conflicts: readonly (readonly [boolean, Mistake])[] = [
    [watch && format === 'json', { flag: '--watch', text: 'with --format json', why: WATCH_WORDS }],
    [watch && isCaptured, { flag: '--watch', text: 'with --entries', why: WATCH_WORDS }],
    [pid !== undefined && isCaptured, { flag: '--pid', text: 'with --entries', why: ONE_NAMESPACE }],
    [looksTwice && timeoutSeconds <= intervalSeconds, { flag: '--timeout', text: timeout, why: INTERVAL_LONGER }],
  ];
  return conflicts.find(([holds]) => holds)?.[1];
}
