// The Munin plugin: the check's own sample, as graphs. What cannot be read is U, and the exit code is 0: munin-node throws
// away all that a plugin says that ends otherwise.

import type { MuninOptions } from '../cli/options.ts';
import { objectCost } from '../evaluate/footprint.ts';
import { measure } from '../evaluate/measure.ts';
import { muninThresholds } from '../evaluate/munin-range.ts';
import type { Acquired } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import { sweep } from '../kernel/sweep.ts';
import { faultWords } from '../present/faults.ts';
import { type Graph, graphs, muninConfig, muninValues } from '../present/munin.ts';
import type { Outcome } from './check.ts';

export function munin(options: MuninOptions, deadline: Deadline): Outcome {
  return { state: 'ok', output: [...answer(options, deadline), ''].join('\n') };
}

function answer(options: MuninOptions, deadline: Deadline): readonly string[] {
  const { mode, environment } = options;
  // There is one table: no instances to suggest.
  if (mode === 'suggest') return [];
  const opened = openRoot(options.root, deadline);
  const acquired: Acquired = 'fault' in opened ? { kind: 'fault', fault: opened.fault } : acquire(opened.root, true);
  if (mode === 'autoconf') return [autoconf(acquired)];

  const multigraph = Boolean(environment['MUNIN_CAP_MULTIGRAPH']);
  const all = drawn(acquired, options, 'root' in opened ? opened.root : undefined);
  const shown = multigraph ? all : all.slice(0, 1);
  if (mode === 'fetch') return muninValues(shown, multigraph);
  return muninConfig(shown, multigraph, environment['MUNIN_CAP_DIRTYCONFIG'] === '1');
}

function autoconf(acquired: Acquired): string {
  switch (acquired.kind) {
    case 'table':
      return 'yes';
    case 'absent':
      return 'no (no connection tracking visible here)';
    case 'fault':
      return `no (${faultWords(acquired.fault)})`;
  }
}

function drawn(
  acquired: Acquired,
  { objectSize, environment }: MuninOptions,
  root: Root | undefined,
): readonly Graph[] {
  const everywhere = environment['netns'] === 'all';
  if (acquired.kind !== 'table' || root === undefined) return graphs(undefined, everywhere);
  const { facts } = acquired;
  const swept = everywhere ? sweep(root, facts.generation) : undefined;
  const seen = swept !== undefined && 'others' in swept ? swept : undefined;
  const measurements = measure(facts, objectCost(facts, objectSize), seen);
  // What comes too late is U.
  if (root.late() !== undefined) return graphs(undefined, everywhere);
  const thresholds = muninThresholds(environment, facts.max);
  return graphs({ facts, measurements, thresholds }, everywhere);
}
