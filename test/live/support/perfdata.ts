// Takes performance data apart strictly, element by element: what has not the guidelines' form fails the test, so
// that two unreadable figures never pass for equal ones.

import { expect } from 'vitest';
import type { Answer } from '../../e2e/support/plugin.ts';
import { expectSameShape, type Result } from '../daemon.ts';

interface Metric {
  readonly label: string;
  readonly value: string;
  readonly uom: string;
  /** Warning, critical, min and max; empty where there is none. */
  readonly limits: readonly string[];
}

/** One figure of an answer. */
export function value({ stdout }: Answer, label: string): number {
  const [, digits] = new RegExp(` ${label}=([\\d.]+)`).exec(stdout) ?? [];
  if (digits === undefined) throw new Error(`no ${label} in ${stdout}`);
  return Number(digits);
}

/** What a daemon kept in the plugin's own writing. */
export function metrics(perfdata: string): readonly Metric[] {
  return perfdata.split(' ').filter(Boolean).map(metric);
}

/** What a daemon wrote anew in its own form: each number must still be the same. */
export function numbers(perfdata: string): readonly unknown[] {
  return metrics(perfdata).map(({ value, limits, ...rest }) => ({
    ...rest,
    value: Number(value),
    limits: limits.map((limit) => (limit === '' ? undefined : Number(limit))),
  }));
}

/**
 * Compares two runs on a table that lives: everything but the figures that move. A daemon checks again and again, so
 * that it may have rates already where a first run has none.
 */
export function expectSameBesidesFigures(stored: Result, said: Result): void {
  const labels = metrics(said.perfdata).map(({ label }) => label);
  const standing = ({ perfdata }: Result) =>
    metrics(perfdata)
      .filter(({ label }) => labels.includes(label))
      .map(({ label, uom, limits }) => ({ label, uom, limits }));
  expectSameShape(stored, said);
  expect(standing(stored).length).toBeGreaterThan(0);
  expect(standing(stored)).toEqual(standing(said));
}

function metric(element: string): Metric {
  const [head = '', ...limits] = element.split(';');
  const [, label, value, uom] = /^([a-z0-9_]{1,19})=(-?\d+(?:\.\d+)?)(%|B|c|s|)$/.exec(head) ?? [];
  if (label === undefined || value === undefined || uom === undefined || limits.length > 4)
    throw new Error(`not performance data: ${element}`);
  return { label, value, uom, limits: [0, 1, 2, 3].map((place) => limits[place] ?? '') };
}
