// The timers of open TCP connections between two readings. A packet sets a timer back to the connection's whole timeout;
// the timer of a connection without packets runs on.

import type { Marks } from './digest.ts';
import { STATES } from './entry.ts';
import { classOf } from './entry-class.ts';
import { flowOf } from './list-part.ts';

/** Open connections to one port, in one state, that were in both readings. */
export interface OpenGroup {
  /** The place in STATES. */
  readonly state: number;
  readonly port: number;
  readonly seconds: number;
  /** Connections in both readings. */
  readonly both: number;
  /** Connections with a packet in between, as far as whole seconds show. */
  readonly reset: number;
  /** Other connections whose remaining time shows that they were idle before, by the sysctl and among themselves. */
  readonly idle: number;
}

const OPEN_TCP = 6;
const NAMES: readonly string[] = STATES;
const OPEN_LINE = /(?:^| )tcp +6 (\d+) (ESTABLISHED|CLOSE_WAIT) src=\S+ dst=\S+ sport=\d+ dport=(\d+)/;

interface OpenLine {
  readonly flow: string;
  readonly left: number;
  readonly state: number;
  readonly port: number;
}

/** Seconds left by flow: of a line, what `flowOf` makes of it. */
export type OpenTimers = ReadonlyMap<string, number>;

export function openTimers(lines: readonly string[]): OpenTimers {
  return new Map(lines.flatMap(openLine).map(({ flow, left }) => [flow, left]));
}

function openLine(line: string): readonly OpenLine[] {
  const [, left, state = '', port] = OPEN_LINE.exec(line) ?? [];
  if (left === undefined) return [];
  return [{ flow: flowOf(line), left: Number(left), state: NAMES.indexOf(state), port: Number(port) }];
}

export function openGroups(
  before: OpenTimers,
  lines: readonly string[],
  seconds: number,
  marks: Marks,
): readonly OpenGroup[] {
  const groups = new Map<number, TwiceRead[]>();
  for (const { flow, left, state, port } of lines.flatMap(openLine)) {
    const earlier = before.get(flow);
    const group = groups.get((state << 16) | port) ?? [];
    groups.set((state << 16) | port, group);
    if (earlier !== undefined) group.push({ earlier, left });
  }
  return Array.from(groups).flatMap(([key, timers]) => {
    const group = { state: key >>> 16, port: key & 0xffff, seconds };
    return timers.length === 0 ? [] : [{ ...group, ...countTimers(timers, group, marks) }];
  });
}

interface TwiceRead {
  readonly earlier: number;
  readonly left: number;
}

/** The interval of TCP keepalive: an entry without a packet for longer is idle, whatever its timeout. */
const LONGEST_PAUSE = 7440;

function countTimers(
  timers: readonly TwiceRead[],
  { state, seconds }: Pick<OpenGroup, 'state' | 'seconds'>,
  { endedAt, unsettled }: Marks,
): Pick<OpenGroup, 'both' | 'reset' | 'idle'> {
  const mark = endedAt[classOf({ protocol: OPEN_TCP, state, assured: true })] ?? -1;
  // Whole seconds show nothing about less than a second.
  const running = timers.filter(({ earlier, left }) => earlier - left >= Math.max(1, Math.floor(seconds)));
  const old = running.flatMap(({ left }) => (left <= mark ? [left] : []));
  // The longest of them may be the timeout that they were given, by a policy that is gone or a sysctl that was changed.
  const longest = old.reduce((most, left) => Math.max(most, left), 0);
  const idle = old.filter((left) => left <= longest - LONGEST_PAUSE && left > unsettled);
  return { both: timers.length, reset: timers.length - running.length, idle: idle.length };
}
