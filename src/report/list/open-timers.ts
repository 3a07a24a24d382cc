// The timers of open TCP connections between two readings. A packet sets a timer back to the connection's whole timeout;
// the timer of a connection without packets runs on.

import { classOf, type Marks } from './digest.ts';
import { STATES } from './entry.ts';
import { flowOf } from './list-part.ts';

/** Open connections to one port, in one state, that were in both readings. */
export interface OpenGroup {
  /** The place in STATES. */
  readonly state: number;
  readonly port: number;
  readonly seconds: number;
  /** Connections in both readings. */
  readonly both: number;
  /** Of them, those with a packet in between, as far as whole seconds show. */
  readonly reset: number;
  /** Of the others, those whose remaining time shows that they were idle before, if they have their sysctl's timeout. */
  readonly idle: number;
}

const TCP_NUMBER = 6;
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
  const groups = new Map<number, OpenGroup>();
  for (const line of lines.flatMap(openLine)) {
    const { state, port } = line;
    const earlier = before.get(line.flow);
    const group = groups.get((state << 16) | port) ?? { state, port, seconds, both: 0, reset: 0, idle: 0 };
    if (earlier !== undefined) groups.set((state << 16) | port, withLine(group, line, earlier, marks));
  }
  return Array.from(groups.values());
}

function withLine(group: OpenGroup, { left, state }: OpenLine, earlier: number, marks: Marks): OpenGroup {
  // Of less than a second whole seconds show nothing.
  const isReset = earlier - left < Math.max(1, Math.floor(group.seconds));
  const mark = marks.endedAt[classOf({ protocol: TCP_NUMBER, state, assured: true })] ?? -1;
  const isIdle = !isReset && left <= mark && left > marks.unsettled;
  return {
    ...group,
    both: group.both + 1,
    reset: group.reset + Number(isReset),
    idle: group.idle + Number(isIdle),
  };
}
