// Tests if growth will settle below the limit, as it does if entries expire at the rate at which they arrive. Each half
// of the span then adds less than the one before, by the same ratio. When in doubt, assume growth continues.

import type { Sample } from '../model/sample.ts';

type Point = Pick<Sample, 'uptime' | 'entries'>;

const FEWEST = 4;
// Slower by at least a fifth throughout the newer half; a smaller difference may be noise.
const SLOWER = 0.8;
// Share of the span over which a slope is measured: enough to see growth that has just begun, or that resumes after a
// short pause.
const MOMENT = 0.1;
// Before growth began, less than this share of it had happened.
const QUIET_SHARE = 0.05;
// Since then, growth must have lasted for this share of the span.
const LONG_ENOUGH = 0.2;
// Seconds. Growth that would reach the limit only later may continue.
const SOON = 1800;
// A curve that settles closer to the limit than this cannot be distinguished from one that reaches it.
const BELOW = 0.95;

/** `samples`: oldest first. */
export function isSettling(samples: readonly Point[], limit: number): boolean {
  const smoothed = withoutOdd(samples);
  const points = sinceStart(smoothed);
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length < FEWEST || first === undefined || last === undefined) return false;
  const span = last.uptime - first.uptime;
  if (span < LONG_ENOUGH * (last.uptime - (smoothed[0]?.uptime ?? 0))) return false;
  const middle = interpolate(points, first.uptime + span / 2);
  const older = slopeBetween(first, middle);
  const newer = fastest(points, middle, MOMENT * span);
  if (older <= 0 || newer > SLOWER * older || goesOn(points, middle, last, limit)) return false;
  return last.entries + moreToCome(newer, newer / older, span / 2) < BELOW * limit;
}

// After a jump, growth may be slower but just as steady.
function goesOn(points: readonly Point[], middle: Point, last: Point, limit: number): boolean {
  const quarter = interpolate(points, (middle.uptime + last.uptime) / 2);
  const slows = slopeBetween(quarter, last) <= SLOWER * slopeBetween(middle, quarter);
  return !slows && last.entries + SOON * slopeBetween(middle, last) >= BELOW * limit;
}

// Each further half adds the last one's times the ratio: a geometric series.
function moreToCome(perSecond: number, ratio: number, seconds: number): number {
  return perSecond <= 0 ? 0 : (perSecond * seconds * ratio) / (1 - ratio);
}

/** Returns the median of each three samples: rising values are unchanged, a single outlier disappears. */
export function withoutOdd(samples: readonly Point[]): readonly Point[] {
  return samples.map(({ uptime, entries }, at) => {
    const [before, after] = [samples[at - 1]?.entries, samples[at + 1]?.entries];
    if (before === undefined || after === undefined) return { uptime, entries };
    return { uptime, entries: Math.max(Math.min(before, entries), Math.min(Math.max(before, entries), after)) };
  });
}

/** Drops the quiet time before growth began, except its last sample. */
function sinceStart(points: readonly Point[]): readonly Point[] {
  const [first, last] = [points[0]?.entries ?? 0, points[points.length - 1]?.entries ?? 0];
  const begun = points.findIndex(({ entries }) => entries - first > QUIET_SHARE * (last - first));
  return points.slice(Math.max(begun - 1, 0));
}

/** Returns the steepest slope over a moment since `middle`. */
function fastest(points: readonly Point[], middle: Point, moment: number): number {
  const end = points[points.length - 1]?.uptime ?? 0;
  const later = points.filter(({ uptime }) => uptime > middle.uptime && uptime < end - moment);
  const starts = [middle, ...later, interpolate(points, end - moment)];
  return Math.max(...starts.map((start) => slopeBetween(start, interpolate(points, start.uptime + moment))));
}

/** Interpolates linearly between the two samples around that time. */
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
