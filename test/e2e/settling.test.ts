// The forecast over a series of checks: a table that settles alarms only briefly, and one that fills keeps alarming.

import { expect, test } from 'vitest';
import { type Machine, machine } from './support/machine.ts';

const LIMIT = 262_144;
const ARGS = ['-c', 'time_to_full=15m:'];

/** Returns the exit codes of a check every 10 s, by the seconds since the load began. */
function course(
  here: Machine,
  entries: (seconds: number) => number,
  until: number,
): ReadonlyMap<number, number | null> {
  const times = Array.from({ length: until / 10 + 5 }, (_, at) => 10 * at - 40);
  return new Map(
    times.map((time) => {
      const moment = { uptime: 1000 + time, entries: 1000 + Math.round(entries(Math.max(time, 0))) };
      return [time, here.check(moment, ...ARGS).status];
    }),
  );
}

test('UDP at a constant rate settles at 69 %: CRITICAL for at most a minute, with the reason', {
  timeout: 60_000,
}, () => {
  const here = machine();
  const statuses = course(here, (time) => 0.69 * LIMIT * (1 - Math.exp(-time / 30)), 120);
  const critical = Array.from(statuses).flatMap(([time, status]) => (status === 2 ? [time] : []));
  expect(Math.max(0, ...critical) - Math.min(120, ...critical)).toBeLessThanOrEqual(60);
  expect(Math.max(0, ...critical)).toBeLessThanOrEqual(100);

  const entries = 1000 + Math.round(0.69 * LIMIT);
  const { status, stdout } = here.check({ uptime: 1130, entries }, ...ARGS, '-v');
  expect(status).toBe(0);
  expect(stdout).toContain('\nno time to full: growth is slowing, likely to settle below the limit\n');
  expect(stdout).toContain('\nnot judged: time_to_full: growth is slowing\n');
  expect(stdout).toMatch(/ growth=\d/);
  expect(stdout).not.toContain(' time_to_full=');
});

test('a table that fills stays CRITICAL from the time that it is known to', { timeout: 60_000 }, () => {
  const here = machine();
  const statuses = course(here, (time) => 1000 * time, 200);
  const after = Array.from(statuses).filter(([time]) => time >= 60);
  expect(after.map(([, status]) => status)).toEqual(after.map(() => 2));
});

test('a flood after it has settled alarms', { timeout: 60_000 }, () => {
  const here = machine();
  const settled = (time: number) => 0.4 * LIMIT * (1 - Math.exp(-time / 30));
  const statuses = course(here, (time) => settled(time) + Math.max(0, time - 120) * 900, 220);
  expect(statuses.get(120)).toBe(0);
  expect([190, 200, 210, 220].map((time) => statuses.get(time))).toEqual([2, 2, 2, 2]);
});
