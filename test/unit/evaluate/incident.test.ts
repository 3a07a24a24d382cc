// Which tables are in trouble, what they have lost since an earlier check, and when they last lost anything.

import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../../src/cli/options.ts';
import { evaluate } from '../../../src/evaluate/evaluate.ts';
import { incidentSigns, lastLoss, lostSince } from '../../../src/evaluate/incident.ts';
import { NOTHING_LOST } from '../../../src/evaluate/losses.ts';
import type { Sample } from '../../../src/model/sample.ts';
import { counted, observation, ok, QUIET } from '../support/observation.ts';

const RELEASE = ok({ major: 6, minor: 1 });

function sample(uptime: number, drop: number): Sample {
  return { uptime, entries: 1, cpus: [{ ...QUIET, drop }] };
}

function signs(entries: number, limit: number, lost: number, ...argv: readonly string[]) {
  const request = parseRequest([...argv, '--state-dir', '/x'], {});
  if (request.kind !== 'run' || request.command !== 'check') throw new Error('not a check');
  const clock = ok({ boot: 'boot', uptime: 160 });
  const now = observation({ entries, limit, clock, statistics: counted({ drop: 5 + lost }) });
  const histories = new Map([['own', ok({ past: [sample(100, 5)], window: 300 })]]);
  return incidentSigns(evaluate(now, histories, { ...request.options, drift: 'ok', partial: 'ok' }).results[0]);
}

describe('signs', () => {
  test.each([
    [[], signs(10, 100, 0)],
    [['loss'], signs(10, 100, 3)],
    [['full', 'critical'], signs(100, 100, 0)],
    [['loss', 'full'], signs(100, 100, 1, '-w', 'usage=~:', '-c', 'usage=~:')],
    [['critical'], signs(95, 100, 0)],
    [['critical'], signs(10, 100, 0, '-c', 'entries=5')],
    [[], signs(85, 100, 0)],
    [[], signs(10, 100, 0, '-c', 'drop=0')],
    [[], signs(10, 100, 0, '-c', 'load_factor=0.0001', '-c', 'slab_max=1')],
    [[], signs(10, 0, 0)],
  ])('%j', (expected, found) => {
    expect(found).toEqual(expected);
  });
});

describe('lost since', () => {
  const past = [sample(100, 0), sample(160, 10), sample(220, 30)];
  test.each([
    [1, 220],
    [21, 160],
    [21, 200],
    [31, 100],
    [31, 0],
    [0, 280],
    [0, 300],
  ])('%i packets since %i', (packets, uptime) => {
    expect(lostSince(uptime, { past, now: sample(280, 31) }, RELEASE).lost).toEqual({ ...NOTHING_LOST, full: packets });
  });

  test('nothing that can be compared', () => {
    const now = sample(280, 0);
    expect(lostSince(100, { past, now }, RELEASE)).toEqual({ lost: NOTHING_LOST, seconds: 0 });
    expect(lastLoss({ past, now }, RELEASE)).toBe(undefined);
  });
});

test('the last loss lies between two samples', () => {
  const past = [sample(100, 0), sample(160, 10), sample(220, 10)];
  expect(lastLoss({ past, now: sample(280, 10) }, RELEASE)).toEqual({ least: 120, most: 180 });
  expect(lastLoss({ past, now: sample(280, 11) }, RELEASE)).toEqual({ least: 0, most: 60 });
  expect(lastLoss({ past: [sample(100, 10)], now: sample(280, 10) }, RELEASE)).toBe(undefined);
});
