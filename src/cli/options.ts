// Flags turned into what the check works with. Every mistake is named with the flag and the text given.

import { metricSpec } from '../evaluate/metrics.ts';
import { parseScaled } from '../evaluate/range.ts';
import { parseState, type State } from '../evaluate/state.ts';
import {
  looserWarning,
  mergeThresholds,
  needingHistory,
  parseThresholds,
  type Thresholds,
} from '../evaluate/thresholds.ts';
import type { Command } from './flags.ts';
import { type Given, isCommand, parseArguments } from './getopt.ts';

/** What every command has. */
interface CommonOptions {
  readonly root: string;
  /** Bytes for one entry, all-in; undefined to read or estimate it. */
  readonly objectSize: number | undefined;
  readonly timeoutSeconds: number;
  readonly verbosity: number;
}

export interface PlanOptions extends CommonOptions {
  readonly format: 'text' | 'json';
  /** Entries; undefined to have one recommended. */
  readonly max: number | undefined;
}

export interface ReportOptions extends CommonOptions {
  readonly format: 'text' | 'json';
  /** How many of each kind are listed. */
  readonly top: number;
  /** Whose namespace's entries are listed; undefined for the fullest. */
  readonly pid: number | undefined;
  readonly intervalSeconds: number;
  readonly watch: boolean;
  /** A list captured elsewhere, `-` for stdin; undefined for the live one. */
  readonly entries: string | undefined;
  /** Whether a root was given: a list captured elsewhere belongs to no other table. */
  readonly rootGiven: boolean;
}

/** What munin-node asks for: its argument, or values without one. */
export type MuninMode = 'fetch' | 'config' | 'autoconf' | 'suggest';

export interface MuninOptions extends CommonOptions {
  readonly mode: MuninMode;
  /** munin-node's configuration for the plugin, and what the master can do. */
  readonly environment: Environment;
}

/** What the check's findings are written as. */
export type Format = 'nagios' | 'json' | 'prometheus';

export interface CheckOptions extends CommonOptions {
  readonly format: Format;
  readonly absent: State;
  readonly drift: State;
  /** Whether only our network namespace's table is looked at, or every one's. */
  readonly netns: 'own' | 'all';
  readonly thresholds: Thresholds;
  /** Where samples are kept between runs; undefined for no history. */
  readonly stateDir: string | undefined;
  readonly windowSeconds: number;
}

/** The environment variables that may name a state directory, the first that is set. */
export type Environment = Readonly<Partial<Record<string, string>>>;
const STATE_VARIABLES = ['MP_STATE_PATH', 'NAGIOS_PLUGIN_STATE_DIRECTORY'] as const;

/** What is to be done; a mistake has the foreign `text` apart, so that it can be made safe to print. */
export type Request =
  | { readonly kind: 'check'; readonly options: CheckOptions }
  | { readonly kind: 'report'; readonly options: ReportOptions }
  | { readonly kind: 'plan'; readonly options: PlanOptions }
  | { readonly kind: 'munin'; readonly options: MuninOptions }
  | { readonly kind: 'help'; readonly command: Command }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly why: string; readonly text: string; readonly flag?: string };

type Value<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly mistake: Request };

const MUNIN_MODES = ['config', 'autoconf', 'suggest'] as const;
const FORMATS = ['nagios', 'json', 'prometheus'] as const;
const DEFAULT_TIMEOUT_SECONDS = 8;
const DEFAULT_WINDOW_SECONDS = 300;
// The kernel keeps the limit in an int.
const LARGEST = 2 ** 31 - 1;
const DEFAULT_TOP = 10;
const LARGEST_TOP = 1000;
const DEFAULT_INTERVAL_SECONDS = 1;
// /proc/uptime, which rates are made with, counts hundredths.
const INTERVAL_WORDS = 'not a number of seconds from 0.1 to 86400';
const NO_DURATION = 'not a positive number of seconds, or like 5m';
const WATCH_WORDS = 'only a live table, as text, can be watched';
const INTERVAL_LONGER = 'not longer than --interval';
const NEEDS_HISTORY = `needs history: --state-dir, ${STATE_VARIABLES.map((name) => `$${name}`).join(' or ')}`;

const PATHS = ['root', 'entries', 'state-dir'] as const;
/** What stands for bytes that are no UTF-8: no path that has it can be opened. */
const REPLACED = '\ufffd';

export function parseRequest(argv: readonly string[], environment: Environment): Request {
  const [first, second = ''] = argv;
  const command = isCommand(first) ? first : 'check';
  const mode = command === 'munin' ? oneOf(MUNIN_MODES, second) : undefined;
  const words = (isCommand(first) ? 1 : 0) + (mode === undefined ? 0 : 1);
  const parsed = parseArguments(argv.slice(words), command);
  if (!parsed.ok) return { kind: 'mistake', why: parsed.why, text: parsed.text };
  const { given } = parsed;
  const unreadable = pathNotUtf8(given);
  if (unreadable !== undefined) return unreadable;
  if (given.help !== undefined) return { kind: 'help', command };
  if (given.version !== undefined) return { kind: 'version' };
  switch (command) {
    case 'check':
      return checkRequest(given, stateDirectory(given, environment));
    case 'report':
      return reportRequest(given);
    case 'plan':
      return planRequest(given);
    case 'munin':
      return muninRequest(given, mode ?? 'fetch', environment);
  }
}

function pathNotUtf8(given: Given): Request | undefined {
  for (const flag of PATHS) {
    const path = given[flag]?.find((each) => each.includes(REPLACED));
    if (path !== undefined) return mistake(flag, path, 'not UTF-8').mistake;
  }
  return undefined;
}

function stateDirectory(given: Given, environment: Environment): string | undefined {
  return given['state-dir']?.[0] ?? STATE_VARIABLES.map((name) => environment[name]).find(Boolean);
}

function checkRequest(given: Given, stateDir: string | undefined): Request {
  const thresholds = thresholdsOf(given, stateDir !== undefined);
  if (!thresholds.ok) return thresholds.mistake;
  const absent = single(given, 'absent', 'unknown', parseState, 'not ok, warning, critical or unknown');
  if (!absent.ok) return absent.mistake;
  const drift = single(given, 'drift', 'warning', parseState, 'not ok, warning, critical or unknown');
  if (!drift.ok) return drift.mistake;
  const netns = single(given, 'netns', 'own', (text) => oneOf(['own', 'all'], text), 'not own or all');
  if (!netns.ok) return netns.mistake;
  const format = single(given, 'format', 'nagios', parseFormat, `not ${FORMATS.join(', ')}`);
  if (!format.ok) return format.mistake;
  const common = commonOptions(given, DEFAULT_TIMEOUT_SECONDS);
  if (!common.ok) return common.mistake;
  const window = single(given, 'window', DEFAULT_WINDOW_SECONDS, parseSeconds, NO_DURATION);
  if (!window.ok) return window.mistake;
  const options = {
    ...common.value,
    format: format.value,
    absent: absent.value,
    drift: drift.value,
    netns: netns.value,
    thresholds: thresholds.value,
    stateDir,
    windowSeconds: window.value,
  };
  return { kind: 'check', options };
}

function muninRequest(given: Given, mode: MuninMode, environment: Environment): Request {
  const common = commonOptions(given, DEFAULT_TIMEOUT_SECONDS);
  return common.ok ? { kind: 'munin', options: { ...common.value, mode, environment } } : common.mistake;
}

function reportRequest(given: Given): Request {
  const common = commonOptions(given, Number.POSITIVE_INFINITY);
  if (!common.ok) return common.mistake;
  const top = single(given, 'top', DEFAULT_TOP, parseTop, `not a whole number from 1 to ${LARGEST_TOP}`);
  if (!top.ok) return top.mistake;
  const pid = single(given, 'pid', undefined, parsePositive, 'not the number of a process');
  if (!pid.ok) return pid.mistake;
  const interval = single(given, 'interval', DEFAULT_INTERVAL_SECONDS, parseInterval, INTERVAL_WORDS);
  if (!interval.ok) return interval.mistake;
  const format = single(given, 'format', 'text', (text) => oneOf(['text', 'json'], text), 'not text or json');
  if (!format.ok) return format.mistake;
  const options = {
    ...common.value,
    watch: given.watch !== undefined,
    format: format.value,
    top: top.value,
    pid: pid.value,
    intervalSeconds: interval.value,
    entries: given.entries?.[0],
    rootGiven: given.root !== undefined,
  };
  return conflictIn(options, given.timeout?.[0]) ?? { kind: 'report', options };
}

function conflictIn(options: ReportOptions, timeout = ''): Request | undefined {
  const { entries, format, intervalSeconds, pid, rootGiven, timeoutSeconds, watch } = options;
  const conflicts: readonly (readonly [boolean, string, string, string])[] = [
    [watch && format === 'json', 'watch', 'with --format json', WATCH_WORDS],
    [watch && entries !== undefined, 'watch', 'with --entries', WATCH_WORDS],
    [pid !== undefined && entries !== undefined, 'pid', 'with --entries', 'a captured list is of one namespace'],
    // A list alone is read at once.
    [timeoutSeconds <= intervalSeconds && (rootGiven || entries === undefined), 'timeout', timeout, INTERVAL_LONGER],
  ];
  const found = conflicts.find(([holds]) => holds);
  return found === undefined ? undefined : mistake(found[1], found[2], found[3]).mistake;
}

function planRequest(given: Given): Request {
  const common = commonOptions(given, Number.POSITIVE_INFINITY);
  if (!common.ok) return common.mistake;
  const max = single(given, 'max', undefined, parseCount, `not a whole number from 1 to ${LARGEST}`);
  if (!max.ok) return max.mistake;
  const format = single(given, 'format', 'text', (text) => oneOf(['text', 'json'], text), 'not text or json');
  if (!format.ok) return format.mistake;
  return { kind: 'plan', options: { ...common.value, max: max.value, format: format.value } };
}

function commonOptions(given: Given, timeoutSeconds: number): Value<CommonOptions> {
  const objectSize = single(given, 'object-size', undefined, parsePositive, `not a whole number from 1 to ${LARGEST}`);
  if (!objectSize.ok) return objectSize;
  const timeout = single(given, 'timeout', timeoutSeconds, parseSeconds, NO_DURATION);
  if (!timeout.ok) return timeout;
  const options = {
    root: given.root?.[0] ?? '/',
    objectSize: objectSize.value,
    timeoutSeconds: timeout.value,
    verbosity: given.verbose?.length ?? 0,
  };
  return { ok: true, value: options };
}

function thresholdsOf(given: Given, history: boolean): Value<Thresholds> {
  const warning = parseThresholds(given.warning ?? []);
  if (!warning.ok) return mistake('warning', warning.text, warning.why);
  const critical = parseThresholds(given.critical ?? []);
  if (!critical.ok) return mistake('critical', critical.text, critical.why);
  const ranges = { warning: warning.ranges, critical: critical.ranges };
  const looser = looserWarning(ranges);
  if (looser !== undefined) return mistake('warning', looser.text, `looser than --critical ${looser.critical}`);
  return withoutHistory(given, history) ?? { ok: true, value: mergeThresholds(ranges) };
}

function withoutHistory(given: Given, history: boolean): Value<never> | undefined {
  for (const flag of ['warning', 'critical'] as const) {
    const text = history ? undefined : needingHistory(given[flag] ?? []);
    if (text !== undefined) return mistake(flag, text, NEEDS_HISTORY);
  }
  return undefined;
}

function single<T>(
  given: Given,
  flag:
    | 'absent'
    | 'drift'
    | 'format'
    | 'max'
    | 'interval'
    | 'netns'
    | 'object-size'
    | 'pid'
    | 'timeout'
    | 'top'
    | 'window',
  otherwise: T,
  parse: (text: string) => T | undefined,
  why: string,
): Value<T> {
  const text = given[flag]?.[0];
  if (text === undefined) return { ok: true, value: otherwise };
  const value = parse(text);
  return value === undefined ? mistake(flag, text, why) : { ok: true, value };
}

function parseFormat(text: string): Format | undefined {
  return oneOf(FORMATS, text);
}

function oneOf<const T extends string>(words: readonly T[], text: string): T | undefined {
  return words.find((word) => word === text);
}

/** The format that a command line asks for, whatever is wrong with it: failures are written in it too. */
export function wantedFormat(argv: readonly string[]): Format {
  const at = argv.indexOf('--format');
  const text = at === -1 ? argv.find((word) => word.startsWith('--format='))?.slice('--format='.length) : argv[at + 1];
  return parseFormat(text ?? '') ?? 'nagios';
}

function parsePositive(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= LARGEST ? value : undefined;
}

/** The same, with k or M for thousands and millions. */
function parseCount(text: string): number | undefined {
  const value = parseScaled(text, metricSpec('entries').scales);
  return value === undefined ? undefined : parsePositive(String(value));
}

function parseTop(text: string): number | undefined {
  const value = parsePositive(text);
  return value !== undefined && value <= LARGEST_TOP ? value : undefined;
}

function parseInterval(text: string): number | undefined {
  const value = parseSeconds(text);
  return value !== undefined && value >= 0.1 && value <= 86400 ? value : undefined;
}

/** `8`, `.5`, `8s`, `5m`: the units of durations. */
function parseSeconds(text: string): number | undefined {
  const value = parseScaled(text, metricSpec('time_to_full').scales);
  return value !== undefined && value > 0 ? value : undefined;
}

function mistake(flag: string, text: string, why: string): Extract<Value<never>, { ok: false }> {
  return { ok: false, mistake: { kind: 'mistake', flag: `--${flag}`, text, why } };
}
