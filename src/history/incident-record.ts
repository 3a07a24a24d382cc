// The text of an incident's record: JSON whose figures are bounded when it is read.

import type { Lost } from '../evaluate/losses.ts';
import { isObject, parseJson } from './state-file.ts';

const RECORD_SCHEMA = 1;

/** The source or destination of most entries, or of most new ones. */
export interface MainSource {
  readonly kind: 'source' | 'network' | 'destination' | 'nat';
  /** An address, a network, `udp 53 of 203.0.113.1`. */
  readonly name: string;
  /** Percent of the entries. */
  readonly share: number;
  readonly of: 'added' | 'held';
  /** NAT without a free port; missing in records of earlier versions. */
  readonly nat?: NatCulprit | undefined;
}

export interface NatCulprit {
  /** The address that NAT translates to. */
  readonly address: string;
  /** The source with most of its ports, and its percent of them; null if that is unknown. */
  readonly source: string | null;
  readonly share: number;
}

/** When the last packet was lost before a report was taken. */
export interface SinceLoss {
  /** `now`: packets were being lost. `about`: by the kernel's log. `at_most`: by the samples of the checks. */
  readonly kind: 'now' | 'about' | 'at_most';
  readonly seconds: number;
}

/** A kept report, in files next to the record. */
export interface KeptReport {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Packets lost per second, and entries in percent of the limit, at the check that took it. */
  readonly lossRate: number;
  readonly usage: number;
  readonly main: MainSource | null;
  readonly sinceLoss: SinceLoss | null;
  /** Why there is no report. */
  readonly missing: string | null;
}

/** `clean`: a check found nothing wrong. `reboot`, `gone`: the machine, the namespace ended. `unchecked`: no check for an hour. */
export type IncidentEnd = 'clean' | 'reboot' | 'gone' | 'unchecked';

export interface IncidentRecord {
  readonly boot: string;
  readonly host: string;
  /** `net:<inode>` or `tree:<path>`. */
  readonly table: string;
  /** The namespace, in words. */
  readonly name: string;
  /** N of net:[N]. */
  readonly number: number | null;
  /** A process in it. */
  readonly pid: number | null;
  /** The first check, the last one, and the first clean one; milliseconds since 1970. */
  readonly start: number;
  readonly last: number;
  readonly end: number | null;
  readonly ended: IncidentEnd | null;
  /** From the first check to the last one or the clean one, by the clock since boot, which no one sets. */
  readonly seconds: number;
  readonly firstUptime: number;
  readonly lastUptime: number;
  readonly lost: Lost;
  /** The highest number of entries that a check saw, and the limit at that time; 0 is no limit. */
  readonly peak: number;
  readonly limit: number;
  readonly first: KeptReport;
  /** null if the first report is the worst. */
  readonly worst: KeptReport | null;
}

export function formatRecord(record: IncidentRecord): string {
  return `${JSON.stringify({ schema: RECORD_SCHEMA, ...record }, null, 2)}\n`;
}

/** Never throws. */
export function parseRecord(text: string): IncidentRecord | 'malformed' {
  const parsed = PLAIN_TEXT.test(text) ? parseJson(text) : undefined;
  return isObject(parsed) && parsed['schema'] === RECORD_SCHEMA && isRecord(parsed) ? parsed : 'malformed';
}

/** Records contain no other character. */
export const PLAIN_TEXT = /^[\x20-\x7e\n]*$/;

type Guard<T> = (value: unknown) => value is T;

function shaped<T extends object>(guards: { readonly [Name in keyof T]-?: Guard<T[Name]> }): Guard<T> {
  const rows = Object.entries<Guard<unknown>>(guards);
  return (value): value is T => isObject(value) && rows.every(([name, guard]) => guard(value[name]));
}

function orNull<T>(guard: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || guard(value);
}

function orUndefined<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || guard(value);
}

function among<const Word extends string>(...words: readonly Word[]): Guard<Word> {
  return (value): value is Word => words.some((word) => word === value);
}

function upTo(most: number): Guard<number> {
  return (value): value is number => typeof value === 'number' && value >= 0 && value <= most;
}

const LONGEST_TEXT = 4096;
const isShortText: Guard<string> = (value): value is string =>
  typeof value === 'string' && value.length <= LONGEST_TEXT;
/** The last moment that Date can represent; three centuries. */
const [isMoment, isUptime] = [upTo(8.64e15), upTo(1e10)];
/** Packets of all CPUs over a long incident. */
const isPackets = upTo(2 ** 53);
const isEntries = upTo(2 ** 32);

const isKeptReport = shaped<KeptReport>({
  at: isMoment,
  lossRate: isPackets,
  usage: isEntries,
  main: orNull(
    shaped<MainSource>({
      kind: among('source', 'network', 'destination', 'nat'),
      name: isShortText,
      share: upTo(100),
      of: among('added', 'held'),
      nat: orUndefined(shaped<NatCulprit>({ address: isShortText, source: orNull(isShortText), share: upTo(100) })),
    }),
  ),
  sinceLoss: orNull(shaped<SinceLoss>({ kind: among('now', 'about', 'at_most'), seconds: isUptime })),
  missing: orNull(isShortText),
});

const isRecord = shaped<IncidentRecord>({
  boot: isShortText,
  host: isShortText,
  table: isShortText,
  name: isShortText,
  number: orNull(isEntries),
  pid: orNull(isEntries),
  start: isMoment,
  last: isMoment,
  end: orNull(isMoment),
  ended: orNull(among('clean', 'reboot', 'gone', 'unchecked')),
  seconds: isUptime,
  firstUptime: isUptime,
  lastUptime: isUptime,
  lost: shaped<Lost>({ full: isPackets, clash: isPackets, chain: isPackets, fullOrClash: isPackets }),
  peak: isEntries,
  limit: isEntries,
  first: isKeptReport,
  worst: orNull(isKeptReport),
});
