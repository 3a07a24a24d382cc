// Whether growth is on its way to an end below the limit, as it is where as many entries expire as come in: each half of
// the time then adds less than the one before, by the same ratio. All that is doubtful speaks for growth that goes on.

import type { Sample } from '../model/sample.ts';

type Point = Pick<Sample, 'uptime' | 'entries'>;

const FEWEST = 4;
// Slower by a fifth everywhere in the newer half: less than that may be noise.
const SLOWER = 0.8;
// So much of the time tells of what begins just now, and of what goes on after a pause of a moment.
const MOMENT = 0.1;
// Before growth began there was less than this share of it.
const QUIET_SHARE = 0.05;
// And since then it must have gone on for this share of the time.
const LONG_ENOUGH = 0.2;
// Seconds: at a pace that reaches the limit only later it may go on.
const SOON = 1800;
// What would end so close to the limit is not told from what reaches it.
const BELOW = 0.95;

/** `samples` oldest first. */
export function isSettling(samples: readonly Point[], limit: number): boolean {
  const whole = withoutOdd(samples);
  const points = sinceBegun(whole);
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length < FEWEST || first === undefined || last === undefined) return false;
  const span = last.uptime - first.uptime;
  if (span < LONG_ENOUGH * (last.uptime - (whole[0]?.uptime ?? 0))) return false;
  const middle = interpolate(points, first.uptime + span / 2);
  const older = slopeBetween(first, middle);
  const newer = fastest(points, middle, MOMENT * span);
  if (older <= 0 || newer > SLOWER * older || goesOn(points, middle, last, limit)) return false;
  return last.entries + moreToCome(newer, newer / older, span / 2) < BELOW * limit;
}

// After a jump growth may be slower, and as steady as ever.
function goesOn(points: readonly Point[], middle: Point, last: Point, limit: number): boolean {
  const quarter = interpolate(points, (middle.uptime + last.uptime) / 2);
  const slows = slopeBetween(quarter, last) <= SLOWER * slopeBetween(middle, quarter);
  return !slows && last.entries + SOON * slopeBetween(middle, last) >= BELOW * limit;
}

// What each further half adds is the last one's times the ratio: a geometric series.
function moreToCome(perSecond: number, ratio: number, seconds: number): number {
  return perSecond <= 0 ? 0 : (perSecond * seconds * ratio) / (1 - ratio);
}

// The middle one of each three: what rises stays as it is, and one that stands out is gone.
function withoutOdd(samples: readonly Point[]): readonly Point[] {
  return samples.map(({ uptime, entries }, at) => {
    const [before, after] = [samples[at - 1]?.entries, samples[at + 1]?.entries];
    if (before === undefined || after === undefined) return { uptime, entries };
    return { uptime, entries: Math.max(Math.min(before, entries), Math.min(Math.max(before, entries), after)) };
  });
}

/** Without the quiet time before, but for its last sample. */
function sinceBegun(points: readonly Point[]): readonly Point[] {
  const [first, last] = [points[0]?.entries ?? 0, points[points.length - 1]?.entries ?? 0];
  const begun = points.findIndex(({ entries }) => entries - first > QUIET_SHARE * (last - first));
  return points.slice(Math.max(begun - 1, 0));
}

/** The steepest that it has been for a moment since `middle`. */
function fastest(points: readonly Point[], middle: Point, moment: number): number {
  const end = points[points.length - 1]?.uptime ?? 0;
  const later = points.filter(({ uptime }) => uptime > middle.uptime && uptime < end - moment);
  const starts = [middle, ...later, interpolate(points, end - moment)];
  return Math.max(...starts.map((start) => slopeBetween(start, interpolate(points, start.uptime + moment))));
}

/** On the straight line between the two samples around that time. */
function interpolate(points: readonly Point[], uptime: number): Point {
  const next = points.findIndex((point) => point.uptime >= uptime);
  const [older, newer] = [points[next - 1], points[next]];
  if (newer === undefined) return { uptime, entries: points[points.length - 1]?.entries ?? 0 };
  if (older === undefined) return newer;
  return { uptime, entries: older.entries + slopeBetween(older, newer) * (uptime - older.uptime) };
}

function slopeBetween(older: Point, newer: Point): number {
  const seconds = newer.uptime - older.uptime;
  return seconds > 0 ? (newer.entries - older.entries) / seconds : 0;
}
