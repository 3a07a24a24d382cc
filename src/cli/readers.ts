// The kinds of flag values: how their text is parsed, the default, and the message if it is refused. Each is part of a
// row in the table of flags.

import { metricSpec } from '../evaluate/metrics.ts';
import { parseScaled } from '../evaluate/range.ts';
import { parseState, STATES, type State } from '../evaluate/state.ts';
import { type GivenRanges, parseThresholds } from '../evaluate/thresholds.ts';

export type Environment = Readonly<Partial<Record<string, string>>>;

export interface Refused {
  /** The words as typed. */
  readonly text: string;
  readonly why: string;
}

/** A value; if the text is refused, the default and the reason. */
export interface FlagValue<T> {
  readonly value: T;
  readonly refused?: Refused;
}

type Reader<T> = (texts: readonly string[], environment: Environment) => FlagValue<T>;

export interface FlagKind<T> {
  /** Placeholder in help; a flag without one takes no value. */
  readonly takes?: string;
  /** The only words that are accepted. */
  readonly words?: readonly string[];
  /** May be given more than once. */
  readonly repeat?: true;
  readonly read: Reader<T>;
}

// The kernel keeps the limit in an int.
const LARGEST_OPTION = 2 ** 31 - 1;
// U+FFFD: the argument was not valid UTF-8, so no such path can be opened.
const REPLACEMENT_CHARACTER = '\ufffd';
/** Environment variables that may name a state directory; the first that is set is used. */
export const STATE_VARIABLES = ['MP_STATE_PATH', 'NAGIOS_PLUGIN_STATE_DIRECTORY'] as const;

export const SWITCH = { read: (texts: readonly string[]) => ({ value: texts.length > 0 }) };
export const REPEATED = { read: (texts: readonly string[]) => ({ value: texts.length }), repeat: true } as const;
export const THRESHOLDS = { takes: '[METRIC=]RANGE', repeat: true, read: readThresholds } as const;

export function choice<const Word extends string>(
  takes: string,
  words: readonly Word[],
  otherwise: NoInfer<Word>,
  why: string,
) {
  return { takes, words, read: single<Word>(otherwise, (text) => words.find((word) => word === text), why) };
}

/** Accepts upper and lower case. */
export function stateReader(otherwise: State) {
  const why = 'not ok, warning, critical or unknown';
  return { takes: 'STATE', words: STATES, read: single(otherwise, parseState, why) };
}

export function pathReader<T>(takes: string, otherwise: T) {
  const parse = (text: string) => (text.includes(REPLACEMENT_CHARACTER) ? undefined : text);
  return { takes, read: single<string | T>(otherwise, parse, 'not UTF-8') };
}

/** Uses the given directory, else the one that the environment names. */
export function stateDirectory(takes: string) {
  const given = pathReader(takes, undefined);
  const read: Reader<string | undefined> = (texts, environment) =>
    texts.length > 0
      ? given.read(texts, environment)
      : { value: STATE_VARIABLES.map((name) => environment[name]).find(Boolean) };
  return { takes, read };
}

/** Accepts whole numbers from 1 to `most`. */
export function wholeReader<T>(
  takes: string,
  otherwise: T,
  most = LARGEST_OPTION,
  why = `not a whole number from 1 to ${most}`,
) {
  return { takes, read: single<number | T>(otherwise, (text) => parseWhole(text, most), why) };
}

/** The same, with the suffixes k and M for thousands and millions. */
export function countReader<T>(takes: string, otherwise: T) {
  return { takes, read: single<number | T>(otherwise, parseCount, `not a whole number from 1 to ${LARGEST_OPTION}`) };
}

/** Accepts `8`, `.5`, `8s`, `5m`. */
export function duration(otherwise: number) {
  return { takes: 'SECONDS', read: single(otherwise, parseSeconds, 'not a positive number of seconds, or like 5m') };
}

/** At least 0.1 s: rates are computed from /proc/uptime, which has a resolution of 0.01 s. */
export function interval(otherwise: number) {
  return { takes: 'SECONDS', read: single(otherwise, parseInterval, 'not a number of seconds from 0.1 to 86400') };
}

function single<T>(otherwise: T, parse: (text: string) => T | undefined, why: string): Reader<T> {
  return ([text]) => {
    if (text === undefined) return { value: otherwise };
    const value = parse(text);
    return value === undefined ? { value: otherwise, refused: { text, why } } : { value };
  };
}

function readThresholds(texts: readonly string[]): FlagValue<GivenRanges> {
  const given = parseThresholds(texts);
  if (given.ok) return { value: given.ranges };
  const { text, why } = given;
  return { value: new Map(), refused: { text, why } };
}

function parseWhole(text: string, most: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= most ? value : undefined;
}

function parseCount(text: string): number | undefined {
  const value = parseScaled(text, metricSpec('entries').scales);
  return value === undefined ? undefined : parseWhole(String(value), LARGEST_OPTION);
}

function parseInterval(text: string): number | undefined {
  const value = parseSeconds(text);
  return value !== undefined && value >= 0.1 && value <= 86400 ? value : undefined;
}

function parseSeconds(text: string): number | undefined {
  const value = parseScaled(text, metricSpec('time_to_full').scales);
  return value !== undefined && value > 0 ? value : undefined;
}
