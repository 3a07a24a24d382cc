// A line of the kernel log: about which full table it is, and its time.

import type { OtherTable } from '../../model/full-log.ts';

// Each begins its line: a program that logs the same words has others before them.
const FULL_MESSAGE =
  /^(?:nf_conntrack: )?(?:ip|nf)_conntrack: (?:(?:VPS|CT) \d{1,10}:? )?table full(?: in netns (\d{1,10}))?, dropping packet/;
// The first is of nf_conntrack_expect.c; the other of neighbour.c, and in older kernels without the table's name.
export const OTHERS: readonly (readonly [OtherTable, RegExp])[] = [
  ['expectations', /^(?:ip|nf)_conntrack: expectation table full/],
  [
    'neighbours',
    /^(?:(?:neighbour: )?(?:arp_cache|ndisc_cache): neighbor table overflow!|(?:ipv[46]: )?Neighbour table overflow)/i,
  ],
];
/** `host kern.warn kernel: ` after the time, and the time since boot that printk may put before its text. */
const KERNELS = /^ (?:(?!kern\.|kernel:)(\S+) )?(?:kern\.\w+ )?kernel: (?:\[ *\d+\.\d+\] )?(.*)$/s;
/** RFC 3339, also with a space, a comma, an offset without its colon, or none. */
const EXACT_TIME =
  /^(?:<\d+>)?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-]\d\d):?(\d\d))?(?= |$)/;
/** RFC 3164, also with a year, and with OpenWrt's weekday. */
const OLD_TIME =
  /^(?:<\d+>)?(?:[A-Z][a-z]{2} )?(?:(\d{4}) )?([A-Z][a-z]{2} [ \d]\d) (\d\d:\d\d:\d\d)(?: (\d{4}))?(?= |$)/;
const JOURNAL_TIME = /^\d+\.\d+(?= |$)/;

/** A line about a full table: when, in milliseconds since 1970, and in which namespace. */
export interface Line {
  readonly at: number;
  readonly namespace: number | undefined;
  /** The table, where it is not one of connections. */
  readonly of?: OtherTable;
}

export function lineOf(text: string, at: number): Line[] {
  if (!text.includes(' table ') || Number.isNaN(at)) return [];
  const match = FULL_MESSAGE.exec(text);
  if (match === null)
    return OTHERS.filter(([, message]) => message.test(text)).map(([of]) => ({ at, namespace: undefined, of }));
  return [{ at, namespace: match[1] === undefined ? undefined : Number(match[1]) }];
}

/**
 * The kernel's words of a line `Nov 23 03:01:44 lb1 kernel: …`; empty if another program wrote it, or another machine than
 * `ours`: a file may collect the lines of many.
 */
export function kernelMessage(line: string, ours: string | undefined): string {
  const [stamp] = EXACT_TIME.exec(line) ?? OLD_TIME.exec(line) ?? JOURNAL_TIME.exec(line) ?? [];
  if (stamp === undefined) return '';
  const [, host, message = ''] = KERNELS.exec(line.slice(stamp.length)) ?? [];
  return ours === undefined || host === undefined || shortName(host) === shortName(ours) ? message : '';
}

function shortName(host: string): string {
  return host.replace(/\..*$/s, '').toLowerCase();
}

/** Milliseconds since 1970; NaN for none. The old form without a year is of the last year in which it is past. */
export function syslogTime(line: string, now: number): number {
  const exact = EXACT_TIME.exec(line);
  if (exact !== null) return exactTime(exact);
  const [, before, day, time, after] = OLD_TIME.exec(line) ?? [];
  if (day === undefined) return Number.NaN;
  const year = before ?? after;
  if (year !== undefined) return Date.parse(`${day} ${year} ${time}`);
  const thisYear = new Date(now).getFullYear();
  const at = Date.parse(`${day} ${thisYear} ${time}`);
  return at > now + 86_400_000 ? Date.parse(`${day} ${thisYear - 1} ${time}`) : at;
}

/** Without an offset, local time. */
function exactTime([, day = '', time = '', fraction = '0', utc, hours, minutes]: RegExpExecArray): number {
  const zone = utc ?? (hours === undefined ? '' : `${hours}:${minutes}`);
  return Date.parse(`${day}T${time}.${fraction.slice(0, 3)}${zone}`);
}
