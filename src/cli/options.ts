// Flags turned into what the check works with. Every mistake is named with the flag and the text given.

import { parseState, type State } from '../evaluate/state.ts';
import { mergeThresholds, parseThresholds, type Thresholds } from '../evaluate/thresholds.ts';
import { type Given, parseArguments } from './getopt.ts';

export interface CheckOptions {
  readonly root: string;
  /** Bytes for one entry, all-in; undefined to read or estimate it. */
  readonly objectSize: number | undefined;
  readonly timeoutSeconds: number;
  readonly verbosity: number;
  readonly absent: State;
  readonly thresholds: Thresholds;
}

/** What is to be done; a mistake has the foreign `text` apart, so that it can be made safe to print. */
export type Request =
  | { readonly kind: 'check'; readonly options: CheckOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly why: string; readonly text: string; readonly flag?: string };

type Value<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly mistake: Request };

const DEFAULT_TIMEOUT_SECONDS = 8;
const LARGEST_OBJECT = 2 ** 31;

export function parseRequest(argv: readonly string[]): Request {
  const parsed = parseArguments(argv);
  if (!parsed.ok) return { kind: 'mistake', why: parsed.why, text: parsed.text };
  const { given } = parsed;
  if (given.help !== undefined) return { kind: 'help' };
  if (given.version !== undefined) return { kind: 'version' };
  return checkRequest(given);
}

function checkRequest(given: Given): Request {
  const thresholds = thresholdsOf(given);
  if (!thresholds.ok) return thresholds.mistake;
  const absent = single(given, 'absent', 'unknown', parseState, 'not ok, warning, critical or unknown');
  if (!absent.ok) return absent.mistake;
  const objectSize = single(given, 'object-size', undefined, parseObjectSize, 'not a positive whole number');
  if (!objectSize.ok) return objectSize.mistake;
  const timeout = single(given, 'timeout', DEFAULT_TIMEOUT_SECONDS, parseSeconds, 'not a positive number');
  if (!timeout.ok) return timeout.mistake;
  const options = {
    root: given.root?.[0] ?? '/',
    objectSize: objectSize.value,
    timeoutSeconds: timeout.value,
    verbosity: given.verbose?.length ?? 0,
    absent: absent.value,
    thresholds: thresholds.value,
  };
  return { kind: 'check', options };
}

function thresholdsOf(given: Given): Value<Thresholds> {
  const warning = parseThresholds(given.warning ?? []);
  if (!warning.ok) return mistake('warning', warning.text, warning.why);
  const critical = parseThresholds(given.critical ?? []);
  if (!critical.ok) return mistake('critical', critical.text, critical.why);
  return { ok: true, value: mergeThresholds({ warning: warning.ranges, critical: critical.ranges }) };
}

function single<T>(
  given: Given,
  flag: 'absent' | 'object-size' | 'timeout',
  otherwise: T,
  parse: (text: string) => T | undefined,
  why: string,
): Value<T> {
  const text = given[flag]?.[0];
  if (text === undefined) return { ok: true, value: otherwise };
  const value = parse(text);
  return value === undefined ? mistake(flag, text, why) : { ok: true, value };
}

function parseObjectSize(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= LARGEST_OBJECT ? value : undefined;
}

function parseSeconds(text: string): number | undefined {
  const value = /^(?:\d{1,9}(?:\.\d+)?|\.\d+)$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}

function mistake(flag: string, text: string, why: string): Value<never> {
  return { ok: false, mistake: { kind: 'mistake', flag: `--${flag}`, text, why } };
}
