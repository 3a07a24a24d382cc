// Parses performance data strictly: an element without the guidelines' form fails the test, so that two unreadable
// figures are never taken for equal ones.

import { expect } from 'vitest';
import type { Answer } from '../../e2e/support/plugin.ts';
import { expectSameShape, type Result } from '../daemon.ts';

interface Metric {
  readonly label: string;
  readonly value: string;
  readonly uom: string;
  /** Warning, critical, min and max; empty if there is none. */
  readonly limits: readonly string[];
}

/** Returns one figure of an answer. */
export function value({ stdout }: Answer, label: string): number {
  const [, digits] = new RegExp(` ${label}=([\\d.]+)`).exec(stdout) ?? [];
  if (digits === undefined) throw new Error(`no ${label} in ${stdout}`);
  return Number(digits);
}

/** Parses what a daemon stored in the plugin's own format. */
export function metrics(perfdata: string): readonly Metric[] {
  return perfdata.split(' ').filter(Boolean).map(metric);
}

/** Parses what a daemon wrote in a format of its own: each number must be unchanged. */
export function numbers(perfdata: string): readonly unknown[] {
  return metrics(perfdata).map(({ value, limits, ...rest }) => ({
    ...rest,
    value: Number(value),
    limits: limits.map((limit) => (limit === '' ? undefined : Number(limit))),
  }));
}

/**
 * Compares two runs on a live table, except figures that change. A daemon checks repeatedly, so it may have rates that
 * a first run does not have.
 */
export function expectSameBesidesFigures(stored: Result, direct: Result): void {
  const labels = metrics(direct.perfdata).map(({ label }) => label);
  const standing = ({ perfdata }: Result) =>
    metrics(perfdata)
      .filter(({ label }) => labels.includes(label))
      .map(({ label, uom, limits }) => ({ label, uom, limits }));
  expectSameShape(stored, direct);
  expect(standing(stored).length).toBeGreaterThan(0);
  expect(standing(stored)).toEqual(standing(direct));
}

function metric(element: string): Metric {
  const [head = '', ...limits] = element.split(';');
  const [, label, value, uom] = /^([a-z0-9_]{1,19})=(-?\d+(?:\.\d+)?)(%|B|c|s|)$/.exec(head) ?? [];
  if (label === undefined || value === undefined || uom === undefined || limits.length > 4)
    throw new Error(`not performance data: ${element}`);
  return { label, value, uom, limits: [0, 1, 2, 3].map((place) => limits[place] ?? '') };
}
