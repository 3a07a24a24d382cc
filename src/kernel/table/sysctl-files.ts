// The generation of connection tracking on a machine, with entries and limit from its sysctls.

import type { Reading } from '../../model/fault.ts';
import { GENERATION_NAMES, GENERATIONS, type Generation } from '../../model/generation.ts';
import { readNumber } from '../number.ts';
import type { Root } from '../root.ts';

/** The sysctls of one generation, if the machine has any of them. */
export interface Sysctls {
  readonly generation: Generation;
  readonly count: Reading<number>;
  readonly max: Reading<number>;
}

/** Returns the first generation that has count or max; undefined if there is none. */
export function findGeneration(root: Root): Sysctls | undefined {
  for (const generation of GENERATION_NAMES) {
    const { directory, limitFiles } = GENERATIONS[generation];
    const count = readNumber(root, `${directory}/${generation}_count`);
    const max = readFirst(root, limitFiles);
    if (!isMissing(count) || !isMissing(max)) return { generation, count, max };
  }
  return undefined;
}

function readFirst(root: Root, paths: readonly string[]): Reading<number> {
  const [first = '', ...others] = paths;
  const reading = readNumber(root, first);
  if (!isMissing(reading)) return reading;
  const other = others.map((path) => readNumber(root, path)).find((second) => !isMissing(second));
  return other ?? reading;
}

function isMissing(reading: Reading<number>): boolean {
  return !reading.ok && reading.fault.kind === 'missing';
}
